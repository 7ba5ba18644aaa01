"""Every code an answer can hold is explained where its `type` points to."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import pytest
import rest_framework.exceptions
import rest_framework_simplejwt.exceptions
from django.conf import settings
from django.test import Client
from rest_framework.exceptions import APIException, ValidationError

from core.exceptions import AppException

APPS = ["core", "vendors", "users", "inventory", "sales", "notifications", "dashboard"]
ROOT: Path = settings.BASE_DIR
REFERENCE = ROOT / "docs" / "api" / "errors.md"
# A code given where a refusal is made by hand, as in problem(413, "request_too_large", ...).
WRITTEN = re.compile(r'\bproblem(?:_response)?\(\s*\d{3},\s*"(\w+)"')


def modules(package: str) -> Iterator[ModuleType]:
    root = importlib.import_module(package)
    yield root
    for found in pkgutil.walk_packages(root.__path__, f"{package}."):
        if ".migrations" not in found.name:
            yield importlib.import_module(found.name)


def subclasses(of: type) -> Iterator[type]:
    for kind in of.__subclasses__():
        yield kind
        yield from subclasses(kind)


def codes_of_our_own() -> set[str]:
    ours = [module.__name__ for package in APPS for module in modules(package)]
    kinds = [kind for kind in subclasses(AppException) if kind.__module__ in ours]
    assert len(kinds) > 10
    return {kind.code for kind in kinds}


def codes_of_the_libraries() -> set[str]:
    """What DRF and simplejwt raise; ValidationError and ParseError have codes of ours or theirs."""
    kinds = [
        kind
        for module in (rest_framework.exceptions, rest_framework_simplejwt.exceptions)
        for _name, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, APIException) and kind not in (APIException, ValidationError)
    ]
    return {str(kind.default_code) for kind in kinds}


def codes_written_by_hand() -> set[str]:
    sources = [path.read_text() for package in APPS for path in (ROOT / package).rglob("*.py")]
    return {code for source in sources for code in WRITTEN.findall(source)}


def explained() -> dict[str, str]:
    """Anchor and code of every row of the table."""
    rows = re.findall(r'^\| <a id="(\w+)"></a>`(\w+)` \|', REFERENCE.read_text(), re.MULTILINE)
    assert len(rows) == len(dict(rows))
    return dict(rows)


def test_every_code_has_a_row_with_its_anchor() -> None:
    codes = codes_of_our_own() | codes_of_the_libraries() | codes_written_by_hand()
    assert {"sku_taken", "throttled", "internal_error", "validation_error"} < codes
    # A class that others derive from, and DRF's names for what has a better code here.
    unused = {"invalid", "error", "authentication_failed"}
    assert codes - unused - set(explained()) == set()


def test_every_anchor_is_its_code() -> None:
    assert all(anchor == code for anchor, code in explained().items())


@pytest.mark.parametrize(
    "status", [400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 429, 500, 503]
)
def test_every_status_is_explained(status: int) -> None:
    assert re.search(rf"\| [\d, ]*{status}[\d, ]* \|", REFERENCE.read_text())


class Ids(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name == "id" and value]


def test_page_has_every_anchor_once(client: Client) -> None:
    answer = client.get("/api/docs/errors/")
    page = Ids()
    page.feed(answer.content.decode())
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    assert set(explained()) <= set(page.found)
    assert len(page.found) == len(set(page.found))
    assert "<code>sku_taken</code>" in answer.content.decode()


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_page_is_only_read(client: Client, method: str) -> None:
    assert getattr(client, method)("/api/docs/errors/").status_code == 405
