"""Damaged input at every door: bodies, forms, queries, addresses, headers. None is our fault."""

import gzip
import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from tests.core.test_problems_fuzz import OTHER_BODIES, OTHER_VALUES, TEXTS, damaged
from tests.factories import CollectibleFactory
from users.models import User
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
ITEMS = "/api/v1/catalog/items/"
MERGE = "application/merge-patch+json"
LISTS = [
    ITEMS, "/api/v1/catalog/categories/", "/api/v1/catalog/imports/", "/api/v1/audit-logs/",
    "/api/v1/vendors/", "/api/v1/vendor-members/", "/api/v1/vendor-stores/",
    "/api/v1/dashboard/summary/", f"{ITEMS}export/",
]  # fmt: skip
NAMES = st.sampled_from(
    ["search", "ordering", "page", "page_size", "category", "vendor", "min_value", "in_stock",
     "created_after", "updated_since", "format", "columns", "actor", "ip_address", "object_id",
     "is_active", "condition", "user", "timestamp_after", "name"]
)  # fmt: skip
BODIES = OTHER_VALUES | OTHER_BODIES | damaged()
many = settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def client(owner: User) -> APIClient:
    known = APIClient(raise_request_exception=False)
    known.force_authenticate(owner)
    return known


def require_good_manners(answer: Any) -> None:
    assert answer.status_code < 500, answer.content
    if answer.status_code >= 400:
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["request_id"] == answer["X-Request-ID"]


def form(fields: dict[str, bytes]) -> bytes:
    part = b'--b\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
    parts = [
        part % (name.encode(), b'; filename="t.csv"' if name == "file" else b"", value)
        for name, value in fields.items()
    ]
    return b"".join(parts) + b"--b--\r\n"


@many
@given(body=BODIES)
def test_patch(client: APIClient, vendor: Vendor, body: bytes) -> None:
    item = CollectibleFactory(vendor=vendor)
    for kind in (MERGE, "application/json"):
        address = f"{ITEMS}{item.pk}/"
        require_good_manners(client.generic("PATCH", address, body, content_type=kind))


@many
@given(body=BODIES, cut=st.integers(-8, 8), name=st.sampled_from(["gzip", "x-gzip", "br", "¤"]))
def test_packed_body(client: APIClient, body: bytes, cut: int, name: str) -> None:
    packed = gzip.compress(body, mtime=0)
    sent = packed[:cut] if cut < 0 else packed[:cut] + b"x" * (cut % 3) + packed[cut:]
    headers = {"Content-Encoding": name, "Content-Type": "application/json"}
    require_good_manners(client.generic("POST", ITEMS, sent, headers=headers))


@many
@given(
    value=TEXTS.map(lambda text: text.encode(errors="surrogatepass")) | st.binary(max_size=20),
    name=st.sampled_from(["vendor", "mapping", "repeated", "file", "alt_text", "checksum"]),
)
def test_field_of_a_form(client: APIClient, vendor: Vendor, value: bytes, name: str) -> None:
    item = CollectibleFactory(vendor=vendor)
    body = form({"file": b"name\nFalcon\n", name: value})
    for address in ("/api/v1/catalog/imports/", f"{ITEMS}{item.pk}/images/"):
        answer = client.generic("POST", address, body, "multipart/form-data; boundary=b")
        require_good_manners(answer)


@many
@given(
    body=st.binary(max_size=200),
    kind=st.sampled_from(["b", "", "\x7f", "a" * 300, "b; charset=utf-7", '"', "é"]),
)
def test_form_that_is_none(client: APIClient, body: bytes, kind: str) -> None:
    sent = f"multipart/form-data; boundary={kind}"
    require_good_manners(client.generic("POST", "/api/v1/catalog/imports/", body, sent))
    require_good_manners(
        client.generic("POST", "/api/v1/catalog/imports/", b"--b\r\n" + body, sent)
    )


@many
@given(
    address=st.sampled_from(LISTS),
    query=st.dictionaries(NAMES | TEXTS, TEXTS | st.just("9" * 40), max_size=3),
)
def test_query(client: APIClient, address: str, query: dict[str, str]) -> None:
    pairs = {name.encode(errors="surrogatepass"): value.encode(errors="surrogatepass")
             for name, value in query.items()}  # fmt: skip
    require_good_manners(client.get(f"{address}?{urlencode(pairs)}"))


@many
@given(
    start=st.sampled_from([ITEMS, "/media/", "/api/v1/", "/static/", "/api/docs/", "/"]),
    rest=TEXTS | st.sampled_from(["..", "../../etc/passwd", "%2e%2e/", "1/images/x/", "\\..\\"]),
)
def test_address(client: APIClient, start: str, rest: str) -> None:
    tail = quote(rest.encode(errors="surrogatepass"), safe="/.%")
    for address in (start + tail, f"{start}{tail}/"):
        require_good_manners(client.get(address))


@many
@given(
    name=st.sampled_from(
        ["Accept", "Accept-Language", "Accept-Encoding", "Authorization", "Content-Type",
         "Content-Digest", "Content-Encoding", "Origin", "X-Request-ID", "X-Forwarded-For", "Host",
         "Cookie", "If-None-Match", "If-Match", "If-Modified-Since", "Range", "Idempotency-Key"]
    ),
    value=st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=40),
)  # fmt: skip
def test_header(client: APIClient, name: str, value: str) -> None:
    stranger = APIClient(raise_request_exception=False)
    for asking in (client, stranger):
        require_good_manners(asking.get(ITEMS, headers={name: value}))
        body = json.dumps({"name": "x"})
        headers = {"Content-Type": "application/json", name: value}
        require_good_manners(asking.generic("POST", ITEMS, body, headers=headers))
