"""Nothing comes into a store that is closed: nobody could name it there, nor take it out."""

from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from rest_framework.test import APIClient

from core.models import IdempotencyKey
from inventory.enums import Reason
from inventory.models import Collectible, StockLevel
from inventory.services import (
    CollectibleService,
    ImportService,
    Line,
    Receipt,
    StockService,
    TransferService,
)
from tests.inventory.tables import table
from tests.races import in_turn, outcome
from tests.vendors.people import refusal
from users.models import User
from vendors.models import VendorStore
from vendors.roles import Ability
from vendors.selectors import choose_vendor
from vendors.services import StoreService, VendorService

pytestmark = pytest.mark.django_db


def there(stall: VendorStore) -> int:
    return sum(StockLevel.objects.filter(store=stall.pk).values_list("on_hand", flat=True))


def test_correction_brings_nothing_back_into_a_closed_store(
    owner_client: APIClient, owner: User, item: Collectible, stall: VendorStore
) -> None:
    StockService.receive(receipts=[Receipt(item, stall, 2)], by=owner)
    line = Line(item, stall, 2)
    [lost] = StockService.write_off(line=line, reason=Reason.LOST, by=owner)
    assert owner_client.delete(f"/api/v1/vendor-stores/{stall.pk}/").status_code == 204
    answer = owner_client.post("/api/v1/stock/correct/", {"movement": lost.pk})
    assert refusal(answer) == (409, "store_closed")
    assert (answer.json()["store"], there(stall)) == (stall.pk, 0)


def test_correction_takes_away_what_a_closed_store_never_had(
    owner_client: APIClient, owner: User, item: Collectible, stall: VendorStore
) -> None:
    """Nothing comes in: it is only said that it did not."""
    [found] = StockService.receive(receipts=[Receipt(item, stall, 2)], by=owner)
    assert StockService.correct(movement=found, by=owner).quantity == -2


@pytest.mark.parametrize("call", ["{}/restore/", "bulk_restore/"])
def test_item_that_comes_back_has_no_units_in_a_store_that_was_closed_since(
    owner_client: APIClient, owner: User, item: Collectible, store: VendorStore,
    stall: VendorStore, call: str,
) -> None:  # fmt: skip
    for place in (store, stall):
        StockService.receive(receipts=[Receipt(item, place, 2, Decimal("1.50"))], by=owner)
    CollectibleService.delete(collectible=item, by=owner)
    assert owner_client.delete(f"/api/v1/vendor-stores/{stall.pk}/").status_code == 204
    body = {"ids": [item.pk]} if call == "bulk_restore/" else None
    assert (
        owner_client.post(f"/api/v1/catalog/items/{call.format(item.pk)}", body).status_code == 200
    )
    assert (there(stall), there(store)) == (0, 4)
    [sent] = owner_client.get("/api/v1/stock/transfers/").json()["results"]
    assert (sent["to_store"], sent["quantity"], sent["status"]) == (store.pk, 2, "received")
    line = {"item": item.pk, "store": store.pk, "quantity": 4, "reason": "lost"}
    assert owner_client.post("/api/v1/stock/write-off/", line).status_code == 201
    assert [lot.remaining_cost for lot in item.lots.all()] == [0, 0, 0]


def received(item: Collectible, stall: VendorStore, owner: User) -> None:
    StockService.receive(receipts=[Receipt(item, stall, 1)], by=owner)


def found(item: Collectible, stall: VendorStore, owner: User) -> None:
    StockService.adjust(line=Line(item, stall, 1), reason=Reason.FOUND, by=owner)


def counted(item: Collectible, stall: VendorStore, owner: User) -> None:
    StockService.set(item=item, store=stall, quantity=1, expected=0, by=owner)


def moved(item: Collectible, stall: VendorStore, owner: User, **how: Any) -> None:
    main = item.vendor.stores.get(is_default=True)
    TransferService.send(line=Line(item, main, 1), to_store=stall, by=owner, **how)


def sent(item: Collectible, stall: VendorStore, owner: User) -> None:
    moved(item, stall, owner, in_transit=True)


def patched(item: Collectible, stall: VendorStore, owner: User) -> None:
    CollectibleService.update(collectible=item, quantity=2, by=owner)


def begun(item: Collectible, stall: VendorStore, owner: User) -> None:
    vendor = choose_vendor(owner, item.vendor, Ability.CATALOG_WRITE)
    CollectibleService.create(name="New", vendor=vendor, by=owner)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("deed", [received, found, counted, moved, sent, patched, begun])
@pytest.mark.parametrize("closes_first", [False, True])
def test_deed_and_closing_at_the_same_moment_are_one_after_the_other(
    owner: User, item: Collectible, store: VendorStore, stall: VendorStore, deed: Any,
    closes_first: bool,
) -> None:  # fmt: skip
    StockService.receive(receipts=[Receipt(item, store, 1)], by=owner)
    VendorService.select(vendor=stall.vendor, store=stall, by=owner)
    calls = [
        partial(outcome, partial(deed, item, stall, owner)),
        partial(outcome, partial(StoreService.delete, store=stall, by=owner)),
    ]
    outcomes = in_turn(*calls[:: -1 if closes_first else 1], behind=stall)
    assert outcomes == ["done", "store_closed" if closes_first else "in_use"]
    closed = VendorStore.all_objects.get(pk=stall.pk).is_deleted
    on_its_way = int(deed is sent)
    assert (closed, there(stall)) == ((True, 0) if closes_first else (False, 1 - on_its_way))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "k"}])
def test_item_is_refused_by_a_store_that_closes_with_a_key_as_without(
    owner: User, owner_client: APIClient, stall: VendorStore, headers: dict[str, str]
) -> None:
    VendorService.select(vendor=stall.vendor, store=stall, by=owner)
    post = partial(owner_client.post, "/api/v1/catalog/items/", {"name": "New"}, headers=headers)
    _closed, answer = in_turn(
        partial(StoreService.delete, store=stall, by=owner), post, behind=stall
    )
    assert refusal(answer) == (409, "store_closed")
    assert not Collectible.objects.exists()
    assert not IdempotencyKey.objects.exists()
    assert post().status_code == 201  # in the default store, under the same key


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("known", [False, True])
def test_table_goes_on_in_the_default_store_when_its_own_is_closed_meanwhile(
    owner: User, item: Collectible, store: VendorStore, stall: VendorStore, known: bool
) -> None:
    VendorService.select(vendor=stall.vendor, store=stall, by=owner)
    job = ImportService.request(
        file=table(f"Falcon,{item.sku if known else 'new'},,1,3,2017"),
        vendor=stall.vendor,
        by=owner,
    )
    calls = [
        partial(StoreService.delete, store=stall, by=owner),
        partial(ImportService.run, job_id=job.pk),
    ]
    _closed, done = in_turn(*calls, behind=stall)
    assert (done.status, there(stall), there(store)) == ("completed", 0, 3)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("closes_first", [False, True])
def test_item_comes_back_before_its_store_is_closed_or_after(
    owner: User, item: Collectible, store: VendorStore, stall: VendorStore, closes_first: bool
) -> None:
    StockService.receive(receipts=[Receipt(item, stall, 1)], by=owner)
    CollectibleService.delete(collectible=item, by=owner)
    calls = [
        partial(outcome, partial(CollectibleService.restore, collectible=item, by=owner)),
        partial(outcome, partial(StoreService.delete, store=stall, by=owner)),
    ]
    outcomes = in_turn(*calls[:: -1 if closes_first else 1], behind=stall)
    assert outcomes == ["done", "done" if closes_first else "in_use"]
    assert (there(stall), there(store)) == ((0, 1) if closes_first else (1, 0))
