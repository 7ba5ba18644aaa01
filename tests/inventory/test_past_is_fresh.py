"""Items as they were: what is heard of the past is told at once, whoever has looked before."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from inventory.models import Collectible
from inventory.services import ValuationService, Worth
from tests.factories import CollectibleFactory
from users.models import User
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
ITEMS = "/api/v1/catalog/items/"
THEN = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def item(vendor: Vendor) -> Collectible:
    row: Collectible = CollectibleFactory(vendor=vendor, value=Decimal(10))
    return row


def valued(item: Collectible, owner: User) -> None:
    """In the past: what the item is worth now stays, and so does its version."""
    worth = Worth(item, Decimal(7), "guide", valued_at=THEN.replace(day=1))
    ValuationService.record(values=[worth], by=owner)


def look(client: APIClient, address: str, tag: str = "") -> Any:
    headers: Any = {"If-None-Match": tag} if tag else {}
    return client.get(address, {"as_of": THEN.isoformat()}, headers=headers)


def test_list_tells_what_came_late(owner_client: APIClient, owner: User, item: Collectible) -> None:
    before = look(owner_client, ITEMS)
    valued(item, owner)
    for tag in ("", before.get("ETag", "")):
        after = look(owner_client, ITEMS, tag)
        assert (after.status_code, after.json()["results"][0]["value"]) == (200, "7.00")
    assert look(owner_client, ITEMS, after["ETag"]).status_code == 304


def test_item_tells_what_came_late(owner_client: APIClient, owner: User, item: Collectible) -> None:
    address = f"{ITEMS}{item.pk}/"
    before = look(owner_client, address)
    valued(item, owner)
    after = look(owner_client, address, before["ETag"])
    assert (after.status_code, after.json()["value"]) == (200, "7.00")
    assert look(owner_client, address, after["ETag"]).status_code == 304


def test_amount_of_then_is_in_the_currency_of_then(
    owner_client: APIClient, owner: User, item: Collectible
) -> None:
    worth = Worth(item, Decimal(7), "guide", "EUR", valued_at=THEN.replace(day=1))
    ValuationService.record(values=[worth], by=owner)
    told = look(owner_client, f"{ITEMS}{item.pk}/").json()
    assert (told["value"], told["currency"]) == ("7.00", "EUR")
    listed = look(owner_client, ITEMS).json()["results"][0]
    assert (listed["value"], listed["currency"]) == ("7.00", "EUR")
    assert owner_client.get(f"{ITEMS}{item.pk}/").json()["currency"] == "USD"
