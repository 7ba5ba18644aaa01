"""Every answer of the API that a test gets is one that the published documents promise.

`watched()` puts itself behind Django's test clients, `APIClient` among them. An answer below
/api/v1/ or /api/v2/, or at an alias that v1's document has, whose operation does not declare its
status, media type, headers and body fails the test that asked, with the operation, the status and
the place in the body.
"""

import gzip
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.http.response import HttpResponseBase
from django.test.client import ClientHandler
from jsonschema_rs import Draft202012Validator

from core.problems import CONTENT_TYPE

DOCUMENTS = {"v1": "schema.yml", "v2": "schema-v2.yml"}
_PROBLEM = {"content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
# To what no document speaks of: the scheme of the address, Accept, Content-Encoding.
_OF_HTTP: dict[str, Any] = {"301": {}, "406": _PROBLEM, "415": _PROBLEM}
_handle = ClientHandler.__call__


class BrokenContract(AssertionError):
    """The documents do not promise this answer."""


@contextmanager
def watched() -> Iterator[None]:
    """While it lasts, whoever calls the application in this process gets promised answers only."""

    def answer(handler: ClientHandler, environ: dict[str, Any]) -> HttpResponseBase:
        given: HttpResponseBase = _handle(handler, environ)
        if settings.ROOT_URLCONF == "omni_stock.urls":  # else the test made routes of its own
            require_promised(environ["REQUEST_METHOD"], environ["PATH_INFO"], given)
        return given

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ClientHandler, "__call__", answer)
        yield


def require_promised(method: str, path: str, answer: HttpResponseBase) -> None:
    _slash, api, version, *_rest = [*path.split("/"), "", "", ""]
    alias = api == "api" and version not in DOCUMENTS and template_of("v1", path)
    if alias:
        version = "v1"
    elif api != "api" or version not in DOCUMENTS:
        return
    template = template_of(version, path)
    broken = next(complaints(version, method.lower(), template, answer), None)
    if broken:
        raise BrokenContract(f"{method} {template or path} {answer.status_code}: {broken}")


def complaints(version: str, method: str, template: str, answer: HttpResponseBase) -> Iterator[str]:
    """What of the answer nobody promised."""
    operation = published(version)["paths"].get(template, {}).get(_asked(method))
    status = str(answer.status_code)
    if method == "options" and status == "200":
        return  # it tells programs about the fields, in DRF's own form
    promised = operation["responses"].get(status) if operation else None
    if status[0] == "5" or (operation is None and status[0] == "4"):
        promised = _PROBLEM  # of no operation: we failed, or there is no such operation
    promised = _OF_HTTP.get(status, promised)
    if promised is None:
        yield f"the status is not declared: {_start(answer)}"
        return
    for name, header in promised.get("headers", {}).items():
        if _resolved(version, header).get("required") and name not in answer.headers:
            yield f"without the header {name}"
    if method != "head" and status != "304":
        yield from _of_body(version, promised.get("content", {}), answer)


def _of_body(version: str, content: dict[str, Any], answer: Any) -> Iterator[str]:
    kind = answer.headers.get("Content-Type", "").partition(";")[0]
    if not content:
        if answer.streaming or answer.content:
            yield f"a body where none is declared: {_start(answer)}"
    elif kind not in content:
        yield f"{kind or 'no media type'} is not declared: {_start(answer)}"
    elif kind.endswith("json"):
        for error in validator(version, json.dumps(content[kind]["schema"])).iter_errors(
            _read(answer)
        ):
            yield f"{error.instance_path}: {error.message}"


@cache
def published(version: str) -> dict[str, Any]:
    place = Path(__file__).parents[1] / "docs" / "api" / DOCUMENTS[version]
    document: dict[str, Any] = yaml.load(place.read_text(encoding="utf-8"), yaml.CSafeLoader)
    return document


@cache
def templates(version: str) -> list[tuple[str, re.Pattern[str]]]:
    """Those that say more come first: `items/export/` is no item."""
    paths = sorted(published(version)["paths"], key=lambda path: (path.count("{"), path))
    return [(path, re.compile(re.sub(r"\{\w+\}", "[^/]+", path))) for path in paths]


def template_of(version: str, path: str) -> str:
    """The documents' name for an address; nothing where they know none."""
    found = (name for name, pattern in templates(version) if pattern.fullmatch(path))
    return next(found, "")


@cache
def validator(version: str, schema: str) -> Draft202012Validator:
    """Of one kind of body. What no schema names is refused, but for what a `Problem` adds."""
    parts = published(version)["components"]["schemas"]
    closed = {name: {"additionalProperties": False, **part} if "properties" in part else part
              for name, part in parts.items()} | {"Problem": parts["Problem"]}  # fmt: skip
    whole = {**json.loads(schema), "components": {"schemas": closed}}
    return Draft202012Validator(whole, validate_formats=True)


def _asked(method: str) -> str:
    return "get" if method == "head" else method


def _resolved(version: str, header: dict[str, Any]) -> dict[str, Any]:
    name = header.get("$ref", "").rpartition("/")[2]
    return published(version)["components"]["headers"][name] if name else header


def _read(answer: Any) -> Any:
    packed = answer.headers.get("Content-Encoding") == "gzip"
    body = gzip.decompress(answer.content) if packed else answer.content
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")


def _start(answer: Any) -> str:
    return "a stream" if answer.streaming else answer.content[:300].decode(errors="replace")
