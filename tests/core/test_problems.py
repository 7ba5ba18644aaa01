"""What the API refuses, and how: real requests to real addresses, the whole body every time."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from inventory.models import Collectible
from tests.core.conftest import Refusal
from tests.factories import CategoryFactory, CollectibleFactory
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
ITEMS = "/api/v1/catalog/items/"
JSON = "application/json"
DEEP = "JSON is nested deeper than 64 levels."
TEXT = "Text may hold neither NUL nor half of a surrogate pair."
NUMBER = "The body holds a number that JSON does not know."


def nested(levels: int, core: str = "1") -> bytes:
    """An item whose attributes bring the whole body to this many levels."""
    inner = '{"a":' * (levels - 1) + core + "}" * (levels - 1)
    return f'{{"name": "Deep", "attributes": {inner}}}'.encode()


BROKEN = {
    "nothing after a brace": (b"{", "The body is not JSON: line 1, column 2."),
    "single quotes": (b"{\n  'name': 1}", "The body is not JSON: line 2, column 3."),
    "more after the end": (b'{"name": "x"}]', "The body is not JSON: line 1, column 14."),
    "a byte order mark": (b'\xef\xbb\xbf{"name": "x"}', "The body is not JSON: line 1, column 1."),
    "a byte that is no UTF-8": (b'{"name": "\xff"}', "The body is not text in UTF-8."),
    "UTF-16": ('{"name": "x"}'.encode("utf-16"), "The body is not text in UTF-8."),
    "NaN": (b'{"name": "x", "value": NaN}', NUMBER),
    "Infinity": (b'{"name": "x", "value": -Infinity}', NUMBER),
    "5,000 digits": (b'{"name": "x", "value": %s}' % (b"9" * 5000), NUMBER),
    "100,000 brackets": (b"[" * 100_000, DEEP),
    "100,000 closed brackets": (b"[" * 100_000 + b"]" * 100_000, DEEP),
    "65 levels": (nested(65), DEEP),
    "65 levels of nothing": (nested(64, "{}"), DEEP),
    "65 lists": (b"[" * 65 + b"]" * 65, DEEP),
    "NUL in a value": (b'{"name": "a\\u0000b"}', TEXT),
    "NUL in a key": (b'{"name": "x", "attributes": {"\\u0000": 1}}', TEXT),
    "half of a surrogate pair": (b'{"name": "\\ud800"}', TEXT),
    "the other half, deep inside": (
        b'{"name": "x", "attributes": {"a": [{"b": "\\udfff"}]}}',
        TEXT,
    ),
}


class TestBodies:
    @pytest.mark.parametrize(("body", "detail"), BROKEN.values(), ids=BROKEN.keys())
    def test_what_is_no_storable_json_is_400(
        self, owner_client: APIClient, assert_problem: Refusal, body: bytes, detail: str
    ) -> None:
        answer = owner_client.generic("POST", ITEMS, body, content_type=JSON)
        assert_problem(answer, 400, "parse_error", detail)
        assert not Collectible.objects.exists()

    @pytest.mark.parametrize("body", [nested(64), nested(62, '{"b": []}')])
    def test_64_levels_are_read(self, owner_client: APIClient, body: bytes) -> None:
        answer = owner_client.generic("POST", ITEMS, body, content_type=JSON)
        assert answer.status_code == 201, answer.content

    def test_pair_of_surrogates_is_one_character(self, owner_client: APIClient) -> None:
        body = b'{"name": "\\ud83c\\udccf", "attributes": {"\\u00e9": "\\ud83c\\udccf"}}'
        answer = owner_client.generic("POST", ITEMS, body, content_type=JSON).json()
        assert (answer["name"], answer["attributes"]) == ("🃏", {"é": "🃏"})

    @pytest.mark.parametrize("body", [[], [1], [{"name": "x"}], "name", 5, True])
    def test_body_that_is_no_object_is_400(
        self, owner_client: APIClient, assert_problem: Refusal, body: Any
    ) -> None:
        answer = owner_client.post(ITEMS, body)
        kind = type(body).__name__
        detail = f"Invalid data. Expected a dictionary, but got {kind}."
        error = {"field": "", "code": "invalid", "detail": detail}
        assert_problem(answer, 400, "validation_error", detail, [error])

    def test_all_faults_are_told_at_once(
        self, owner_client: APIClient, assert_problem: Refusal
    ) -> None:
        answer = owner_client.post(ITEMS, {"value": "-1", "quantity": "x", "name": ""})
        errors = [
            {"field": "name", "code": "blank", "detail": "This field may not be blank."},
            {
                "field": "value",
                "code": "min_value",
                "detail": "Ensure this value is greater than or equal to 0.",
            },
            {"field": "quantity", "code": "invalid", "detail": "A valid integer is required."},
        ]
        detail = "The request has invalid fields."
        assert_problem(answer, 400, "validation_error", detail, errors)


class TestCharsets:
    @pytest.mark.parametrize(
        "charset",
        ["utf-8", "UTF8", "nonsense", "latin-1", "utf-16", "utf-7", "idna", "zlib", "bz2", "hex",
         "rot13", "undefined"],
    )  # fmt: skip
    def test_json_is_utf8_whatever_the_header_says(
        self, owner_client: APIClient, charset: str
    ) -> None:
        body = json.dumps({"name": "Café"}, ensure_ascii=False).encode()
        kind = f"{JSON}; charset={charset}"
        answer = owner_client.generic("POST", ITEMS, body, content_type=kind)
        assert answer.json()["name"] == "Café"

    def test_another_charset_is_400(self, owner_client: APIClient, assert_problem: Refusal) -> None:
        body = json.dumps({"name": "Café"}, ensure_ascii=False).encode("latin-1")
        kind = f"{JSON}; charset=latin-1"
        answer = owner_client.generic("POST", ITEMS, body, content_type=kind)
        assert_problem(answer, 400, "parse_error", "The body is not text in UTF-8.")

    @pytest.mark.parametrize("charset", ["idna", "zlib", "undefined"])
    def test_form_is_utf8_as_well(self, owner_client: APIClient, charset: str) -> None:
        part = b'--b\r\nContent-Disposition: form-data; name="caf\xc3\xa9"\r\n\r\nx\r\n--b--\r\n'
        kind = f"multipart/form-data; boundary=b; charset={charset}"
        answer = owner_client.generic("POST", "/api/v1/catalog/imports/", part, content_type=kind)
        assert answer.status_code == 400
        assert {"field": "café", "code": "unknown_field", "detail": "Unknown field."} in (
            answer.json()["errors"]
        )


Send = Callable[[APIClient], Any]
NO_TOKEN = "Authentication credentials were not provided."
BAD_TOKEN = "Given token not valid for any token type"
BAD_HEADER = "Authorization header must contain two space-delimited values"
MEDIA = 'Unsupported media type "text/plain" in request.'
ACCEPT = "Could not satisfy the request Accept header."
REFUSED: dict[str, tuple[Send, int, str, str]] = {
    "no token": (lambda c: c.get(ITEMS), 401, "not_authenticated", NO_TOKEN),
    "forged token": (
        lambda c: c.get(ITEMS, HTTP_AUTHORIZATION="Bearer a.b.c"),
        401, "token_not_valid", BAD_TOKEN,
    ),
    "header of one word": (
        lambda c: c.get(ITEMS, HTTP_AUTHORIZATION="Bearer"),
        401, "bad_authorization_header", BAD_HEADER,
    ),
    "wrong password": (
        lambda c: c.post("/api/v1/auth/token/", {"username": "ann", "password": "wrong"}),
        401, "invalid_credentials", "Invalid credentials",
    ),
    "no such address": (lambda c: c.get("/nothing/"), 404, "not_found", "Not found."),
    "no such API address": (lambda c: c.get("/api/v1/nothing/"), 404, "not_found", "Not found."),
    "no such version": (lambda c: c.post("/api/v9/", {}), 404, "not_found", "Not found."),
    "a foreign host": (
        lambda c: c.get(ITEMS, HTTP_HOST="evil.example"),
        400, "bad_request", "The request is not valid HTTP.",
    ),
}  # fmt: skip
REFUSED_TO_OWNER: dict[str, tuple[Send, int, str, str]] = {
    "no such item": (lambda c: c.get(f"{ITEMS}999999999/"), 404, "not_found", "Not found."),
    "number of any size": (lambda c: c.get(f"{ITEMS}{10**40}/"), 404, "not_found", "Not found."),
    "page beyond the last": (lambda c: c.get(f"{ITEMS}?page=9"), 404, "not_found", "Invalid page."),
    "wrong method": (
        lambda c: c.delete(ITEMS), 405, "method_not_allowed", 'Method "DELETE" not allowed.',
    ),
    "unknown method": (
        lambda c: c.generic("BREW", ITEMS), 405, "method_not_allowed", 'Method "BREW" not allowed.',
    ),
    "Accept of another form": (
        lambda c: c.get(ITEMS, HTTP_ACCEPT="text/csv"), 406, "not_acceptable", ACCEPT,
    ),
    "too large by its own word": (
        lambda c: c.post(ITEMS, {}, CONTENT_LENGTH=str(10 * 1024**2 + 1)),
        413, "request_too_large", "Request too large",
    ),
    "body of another form": (
        lambda c: c.generic("POST", ITEMS, "name=x", content_type="text/plain"),
        415, "unsupported_media_type", MEDIA,
    ),
    "HTML form": (
        lambda c: c.generic("POST", ITEMS, "name=x", "application/x-www-form-urlencoded"),
        415, "unsupported_media_type",
        'Unsupported media type "application/x-www-form-urlencoded" in request.',
    ),
}  # fmt: skip


class TestRequests:
    @pytest.mark.parametrize(
        ("send", "status", "code", "detail"), REFUSED.values(), ids=REFUSED.keys()
    )
    def test_refusal_to_anybody(
        self,
        anonymous_client: APIClient,
        assert_problem: Refusal,
        send: Send,
        status: int,
        code: str,
        detail: str,
    ) -> None:
        answer = send(anonymous_client)
        assert_problem(answer, status, code, detail)
        assert answer.get("WWW-Authenticate", "").startswith("Bearer") == (status == 401)

    @pytest.mark.parametrize(
        ("send", "status", "code", "detail"),
        REFUSED_TO_OWNER.values(),
        ids=REFUSED_TO_OWNER.keys(),
    )
    def test_refusal_to_the_owner(
        self,
        owner_client: APIClient,
        assert_problem: Refusal,
        send: Send,
        status: int,
        code: str,
        detail: str,
    ) -> None:
        assert_problem(send(owner_client), status, code, detail)

    def test_405_tells_what_is_allowed(self, owner_client: APIClient) -> None:
        assert owner_client.delete(ITEMS)["Allow"] == "GET, POST, HEAD, OPTIONS"

    def test_429_tells_how_long_to_wait(
        self, owner_client: APIClient, assert_problem: Refusal, settings: Settings
    ) -> None:
        settings.RATE_LIMIT_ENABLED = True
        rates = {**settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], "burst": "1/minute"}
        settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}
        assert owner_client.get(ITEMS).status_code == 200
        answer = owner_client.get(ITEMS)
        wait = answer["Retry-After"]
        assert 1 <= int(wait) <= 60
        detail = f"Request was throttled. Expected available in {wait} seconds."
        assert_problem(answer, 429, "throttled", detail)

    def test_what_is_in_use_is_409(
        self, owner_client: APIClient, assert_problem: Refusal, vendor: Vendor
    ) -> None:
        CollectibleFactory(category=CategoryFactory(vendor=vendor))
        answer = owner_client.delete(f"/api/v1/vendors/{vendor.pk}/")
        assert_problem(answer, 409, "in_use", "It is in use and cannot be deleted.")
        assert Vendor.objects.filter(pk=vendor.pk).exists()

    def test_refusal_of_a_csv_is_json_all_the_same(
        self, owner_client: APIClient, assert_problem: Refusal
    ) -> None:
        answer = owner_client.get(f"{ITEMS}export/", {"format": "csv", "columns": "Nonsense"})
        detail = "There is no column Nonsense."
        error = {"field": "columns", "code": "unknown", "detail": detail}
        assert_problem(answer, 400, "validation_error", "The request has invalid fields.", [error])

    def test_id_of_the_caller_is_repeated(self, client: Client, assert_problem: Refusal) -> None:
        for address in (ITEMS, "/nothing/"):
            answer = client.get(address, headers={"X-Request-ID": "trace-7"})
            assert answer["X-Request-ID"] == answer.json()["request_id"] == "trace-7"
