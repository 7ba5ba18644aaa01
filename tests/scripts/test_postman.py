"""The Postman collection: made of the published schema, whole, and good to import."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from rest_framework.test import APIClient

from scripts.postman import COLLECTION, FORMAT, SCHEMA, VARIABLES, collection, render
from tests.factories import UserFactory

Json = dict[str, Any]
TEXT = COLLECTION.read_text(encoding="utf-8")
WRITTEN: Json = json.loads(TEXT)
DOCUMENT: Json = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))


def items() -> Iterator[Json]:
    for folder in WRITTEN["item"]:
        yield from folder["item"]


def address(item: Json) -> str:
    """As the schema has it."""
    path = [re.sub(r"^:(\w+)$", r"{\1}", part) for part in item["request"]["url"]["path"]]
    return "/" + "/".join(path).replace("{{apiVersion}}", "v1")


def test_is_the_one_that_the_schema_gives() -> None:
    """Written by `make schema`."""
    assert render(DOCUMENT) == TEXT


def test_has_every_operation_once() -> None:
    told = Counter((item["request"]["method"].lower(), address(item)) for item in items())
    published = [(m, a) for a, operations in DOCUMENT["paths"].items() for m in operations]
    assert told == Counter(published)
    assert len(told) > 60


def test_says_what_it_is() -> None:
    assert WRITTEN["info"]["schema"] == FORMAT
    assert WRITTEN["info"]["name"] == "Omni-Stock API"
    assert [folder["name"] for folder in WRITTEN["item"]] == [t["name"] for t in DOCUMENT["tags"]]


def test_every_request_has_the_parts_of_the_format() -> None:
    for item in items():
        request = item["request"]
        assert {"name", "request", "response"} <= set(item) <= {"name", "request", "response",
                                                                "event"}  # fmt: skip
        assert {"method", "header", "url", "description"} <= set(request)
        assert request["url"]["raw"] == "/".join(["{{baseUrl}}", *request["url"]["path"]])
        named = {part[1:] for part in request["url"]["path"] if part.startswith(":")}
        assert {variable["key"] for variable in request["url"].get("variable", [])} == named
        for pair in [*request["header"], *request["url"].get("query", [])]:
            assert {"key", "value"} <= set(pair) <= {"key", "value", "description", "disabled"}


def test_only_variables_that_it_has_are_used() -> None:
    assert set(re.findall(r"{{(\w+)}}", TEXT)) == set(VARIABLES)
    assert [variable["key"] for variable in WRITTEN["variable"]] == list(VARIABLES)


def test_bodies_are_those_of_the_schema() -> None:
    for item in items():
        operation = DOCUMENT["paths"][address(item)][item["request"]["method"].lower()]
        body = item["request"].get("body")
        kinds = [*operation.get("requestBody", {}).get("content", {}), None]
        modes = {None: None, "application/json": "raw", "multipart/form-data": "formdata"}
        assert (body and body["mode"]) == modes[kinds[0]]
        if body and body["mode"] == "raw":
            assert isinstance(json.loads(body["raw"]), dict)
            assert {"key": "Content-Type", "value": "application/json"} in item["request"]["header"]


def test_open_calls_send_no_token() -> None:
    open_calls = {address(i) for i in items() if i["request"].get("auth") == {"type": "noauth"}}
    assert "/api/v1/auth/token/" in open_calls
    assert "/api/v1/auth/me/" not in open_calls
    assert WRITTEN["auth"]["bearer"][0]["value"] == "{{accessToken}}"


def test_signing_in_keeps_the_tokens() -> None:
    keeping = {address(item) for item in items() if "event" in item}
    signing_in = ("token", "token/refresh", "admin/login", "salesperson", "password/change")
    aliases = {"/api/admin/login/", "/api/salesperson/auth/"}
    assert keeping == {f"/api/v1/auth/{call}/" for call in signing_in} | aliases
    [refresh] = [item for item in items() if address(item) == "/api/v1/auth/token/refresh/"]
    assert json.loads(refresh["request"]["body"]["raw"]) == {"refresh": "{{refreshToken}}"}


def test_schema_with_another_operation_gives_another_collection() -> None:
    paths = {a: o for a, o in DOCUMENT["paths"].items() if "categories" not in a}
    assert collection({**DOCUMENT, "paths": paths}) != WRITTEN


@pytest.mark.django_db
def test_requests_are_understood(anonymous_client: APIClient) -> None:
    """As a tool would send them: signed in first, then each that only reads."""
    UserFactory(email="demo@omni-stock.example", password="demo-collector-2026")
    [login] = [item for item in items() if address(item) == "/api/v1/auth/token/"]
    body = json.loads(login["request"]["body"]["raw"])
    tokens = anonymous_client.post("/api/v1/auth/token/", body).json()
    anonymous_client.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['access']}")
    for item in items():
        if item["request"]["method"] == "GET" and "{" not in address(item):
            answer = anonymous_client.get(address(item))
            assert answer.status_code in {200, 404}, address(item)  # no shop: vendors/me/
