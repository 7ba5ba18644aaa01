"""A store that holds units stays, and an item that is promised; a shop goes with all it has."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from core.models import AuditLog
from inventory.enums import Reason
from inventory.models import Collectible
from inventory.services import (
    AllocationService,
    CollectibleService,
    Line,
    Receipt,
    StockService,
    TransferService,
)
from tests.factories import CollectibleFactory
from tests.vendors.people import refusal
from users.models import User
from vendors.models import Vendor, VendorStore

pytestmark = pytest.mark.django_db


@pytest.fixture
def filled(item: Collectible, stall: VendorStore, owner: User) -> VendorStore:
    StockService.receive(receipts=[Receipt(item, stall, 2)], by=owner)
    return stall


def close(client: APIClient, store: VendorStore) -> tuple[int, str]:
    answer = client.delete(f"/api/v1/vendor-stores/{store.pk}/")
    return answer.status_code, answer.json()["code"] if answer.content else ""


def test_store_with_units_stays_until_they_are_gone(
    owner_client: APIClient, owner: User, item: Collectible, filled: VendorStore
) -> None:
    assert close(owner_client, filled) == (409, "in_use")
    line = Line(item, filled, 2)
    StockService.write_off(line=line, reason=Reason.LOST, by=owner)
    assert close(owner_client, filled) == (204, "")


def test_store_that_units_are_on_their_way_to_stays(
    owner_client: APIClient, owner: User, item: Collectible, store: VendorStore, stall: VendorStore
) -> None:
    StockService.receive(receipts=[Receipt(item, store, 1)], by=owner)
    TransferService.send(line=Line(item, store, 1), to_store=stall, by=owner, in_transit=True)
    assert close(owner_client, stall) == (409, "in_use")


def test_shop_is_closed_with_what_is_in_its_stores(
    owner_client: APIClient, vendor: Vendor, filled: VendorStore
) -> None:
    assert owner_client.delete(f"/api/v1/vendors/{vendor.pk}/").status_code == 204
    filled.refresh_from_db(from_queryset=VendorStore.all_objects.all())
    assert filled.is_deleted


def test_item_with_units_is_deleted_and_keeps_its_past(
    owner_client: APIClient, item: Collectible, filled: VendorStore
) -> None:
    assert owner_client.delete(f"/api/v1/catalog/items/{item.pk}/").status_code == 204
    assert item.movements.count() == 1


@pytest.fixture
def promised(item: Collectible, filled: VendorStore) -> Collectible:
    AllocationService.allocate(lines=[Line(item, filled, 1)], reference="order 1")
    return item


def test_promised_item_stays_until_nobody_waits_for_it(
    owner_client: APIClient, promised: Collectible
) -> None:
    address = f"/api/v1/catalog/items/{promised.pk}/"
    assert refusal(owner_client.delete(address)) == (409, "in_use")
    AllocationService.release(references=["order 1"])
    assert owner_client.delete(address).status_code == 204


def test_of_many_items_the_promised_one_stays_and_is_told(
    owner_client: APIClient, vendor: Vendor, promised: Collectible
) -> None:
    other = CollectibleFactory(vendor=vendor)
    body = {"ids": [other.pk, promised.pk]}
    error = {
        "id": promised.pk, "code": "in_use", "detail": "It is in use and cannot be deleted.",
    }  # fmt: skip
    told = {"deleted": 1, "missing": [], "errors": [error]}
    rehearsed = owner_client.post("/api/v1/catalog/items/bulk_delete/?dry_run=true", body).json()
    assert rehearsed == {**told, "plan": rehearsed["plan"]}
    answer = owner_client.post("/api/v1/catalog/items/bulk_delete/", body)
    assert (answer.status_code, answer.json()) == (200, told)
    assert list(vendor.items.all()) == [promised]
    assert AuditLog.objects.filter(action__startswith="deleted").count() == 1


@pytest.mark.parametrize("rows", [1, 20])
def test_many_promised_items_are_told_in_the_same_queries(
    rows: int, owner: User, vendor: Vendor, store: VendorStore, django_assert_num_queries: Any
) -> None:
    items = CollectibleFactory.create_batch(rows, vendor=vendor, quantity=1)
    AllocationService.allocate(lines=[Line(i, store, 1) for i in items], reference="order 1")
    ids = [item.pk for item in items]
    with django_assert_num_queries(4):
        outcome = CollectibleService.bulk_delete(items=vendor.items, ids=ids, by=owner)
    assert (outcome.done, [error["id"] for error in outcome.errors]) == (0, ids)


def test_shop_is_closed_with_what_it_has_promised(
    owner_client: APIClient, vendor: Vendor, promised: Collectible
) -> None:
    assert owner_client.delete(f"/api/v1/vendors/{vendor.pk}/").status_code == 204
    promised.refresh_from_db(from_queryset=Collectible.all_objects.all())
    assert promised.is_deleted


def test_store_that_has_promised_units_stays(
    owner_client: APIClient, promised: Collectible, filled: VendorStore
) -> None:
    assert close(owner_client, filled) == (409, "in_use")


def test_many_promises_end_at_once(
    item: Collectible, promised: Collectible, filled: VendorStore
) -> None:
    AllocationService.allocate(lines=[Line(item, filled, 1)], reference="order 2")
    references = ["order 1", "order 2", "order 3"]
    ended = AllocationService.consume(references=references)
    assert [row.reference for row in ended] == references[:2]
    assert AllocationService.release(references=references) == []
    assert item.levels.get(store=filled).allocated == 0
