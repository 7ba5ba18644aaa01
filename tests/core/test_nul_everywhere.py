"""NUL and half of a surrogate pair: text that PostgreSQL cannot hold, refused at every way in."""

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from inventory.models import CollectibleImage, ImportJob
from tests.core.test_doors_fuzz import form
from tests.core.test_pictures import picture
from tests.factories import CollectibleFactory
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
ITEMS = "/api/v1/catalog/items/"
FORM = "multipart/form-data; boundary=b"
BAD = ["\x00", "a\x00b", "\ud800", "a\udfffb"]
QUERIES = ["search", "category", "condition", "ordering", "page", "page_size", "min_value",
           "vendor", "created_after", "is_active", "format", "nonsense"]  # fmt: skip


def errors_of(answer: Any) -> dict[str, str]:
    """By field; nothing came as far as the database, whose refusal would be `invalid_value`."""
    body = answer.json()
    assert (answer.status_code, body["code"]) == (400, "validation_error"), body
    return {error["field"]: error["detail"] for error in body["errors"]}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("place", ["column", "field"])
def test_in_a_mapping(owner_client: APIClient, place: str, bad: str) -> None:
    mapping = {bad: "sku"} if place == "column" else {"other": f"attributes.{bad}"}
    body = form({"file": b"name,other\nFalcon,1\n", "mapping": json.dumps(mapping).encode()})
    answer = owner_client.generic("POST", "/api/v1/catalog/imports/", body, FORM)
    told = "Text may hold neither NUL nor half of a surrogate pair."
    assert errors_of(answer) == {"mapping": told}
    assert not ImportJob.objects.exists()


def test_in_a_form(owner_client: APIClient, vendor: Vendor) -> None:
    address = f"{ITEMS}{CollectibleFactory(vendor=vendor).pk}/images/"
    body = form({"file": picture(), "alt_text": b"a\x00b"})
    answer = owner_client.generic("POST", address, body, FORM)
    assert errors_of(answer) == {"alt_text": "Null characters are not allowed."}
    assert not CollectibleImage.objects.exists()


def test_broken_text_of_a_form_is_mended(owner_client: APIClient, vendor: Vendor) -> None:
    """Forms are read as UTF-8 with a sign for what is none, so no half of a pair can come in."""
    address = f"{ITEMS}{CollectibleFactory(vendor=vendor).pk}/images/"
    body = form({"file": picture(), "alt_text": b"a\xed\xa0\x80b"})
    answer = owner_client.generic("POST", address, body, FORM)
    assert (answer.status_code, answer.json()["alt_text"]) == (201, "a\ufffd\ufffd\ufffdb")


@pytest.mark.parametrize("text", ["%00", "a%00b"])
@pytest.mark.parametrize("name", QUERIES)
def test_in_a_query(owner_client: APIClient, name: str, text: str) -> None:
    assert set(errors_of(owner_client.get(f"{ITEMS}?{name}={text}"))) == {name}


@pytest.mark.parametrize("start", [ITEMS, "/media/", "/static/", "/", "/api/v1/vendors/"])
@pytest.mark.parametrize("text", ["%00", "a%00b", "%ed%a0%80"])
def test_in_an_address(owner_client: APIClient, start: str, text: str) -> None:
    for end in ("", "/"):
        assert owner_client.get(f"{start}{text}{end}").status_code == 404
