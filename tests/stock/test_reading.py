"""Levels, movements, lots and transfers: whole rows, filters, any time, and few queries."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from inventory.enums import MovementKind
from inventory.models import CatalogVersion, Collectible, StockLot, StockMovement
from inventory.services import AllocationService, Line, Receipt, StockService, TransferService
from tests.factories import CollectibleFactory, StoreFactory
from tests.vendors.people import PEOPLE, client_of
from users.models import User
from vendors.models import Vendor, VendorStore

pytestmark = pytest.mark.django_db
STOCK = "/api/v1/stock/"
ITEMS = "/api/v1/catalog/items/"
LISTS = ["levels", "movements", "lots", "transfers"]
FEBRUARY_FIRST = "2026-02-01T00:00:00Z"


@pytest.fixture
def read(owner_client: APIClient) -> Any:
    def read(path: str, **query: Any) -> list[Any]:
        answer = owner_client.get(f"{STOCK}{path}/", query)
        assert answer.status_code == 200, answer.content
        rows: list[Any] = answer.json()["results"]
        return rows

    return read


@pytest.fixture
def sent(
    item: Collectible, store: VendorStore, stall: VendorStore, owner: User, receipts: Any
) -> Any:
    """Four units on their way to the stall."""
    line = Line(item, store, 4)
    return TransferService.send(line=line, to_store=stall, in_transit=True, by=owner)


def test_levels_are_told_in_full(
    read: Any, item: Collectible, store: VendorStore, receipts: Any
) -> None:
    AllocationService.allocate(lines=[Line(item, store, 3)], reference="order 1")
    assert read("levels") == [
        {"item": item.pk, "sku": item.sku, "store": store.pk,
         "on_hand": 10, "allocated": 3, "available": 7}
    ]  # fmt: skip


@pytest.fixture
def kept(owner_client: APIClient, store: VendorStore) -> Any:
    """Of levels and of a store's items: whether who has them is told that they are the same, as is
    never told when they are not."""
    seen: dict[str, tuple[str, Any]] = {}

    def kept() -> bool:
        same = []
        for address in (f"{STOCK}levels/", f"{ITEMS}?store={store.pk}"):
            answer = owner_client.get(address)
            tag, body = seen.get(address, ("", None))
            asked = owner_client.get(address, headers={"If-None-Match": tag})
            same.append((asked.status_code == 304, answer.json() == body))
            seen[address] = (answer["ETag"], answer.json())
        assert all(alike for told, alike in same if told)
        return all(told for told, _alike in same)

    return kept


def test_lists_by_store_are_kept_until_units_move(
    kept: Any, item: Collectible, store: VendorStore, stall: VendorStore, owner: User, receipts: Any
) -> None:
    """Also to another store, or only promised."""
    line = Line(item, store, 1)
    assert not kept()
    assert kept()
    for deed in (
        lambda: AllocationService.allocate(lines=[line], reference="order 1"),
        lambda: TransferService.send(line=line, to_store=stall, by=owner),
        lambda: TransferService.send(line=line, to_store=stall, in_transit=True, by=owner),
        lambda: StockService.receive(receipts=[Receipt(item, stall, 2)], by=owner),
        lambda: StockService.write_off(line=line, reason="lost", by=owner),
    ):
        deed()
        assert not kept()
        assert kept()


def test_what_goes_between_stores_in_one_statement_changes_the_item(
    item: Collectible, stall: VendorStore, receipts: Any, vendor: Vendor
) -> None:
    """As by hand: two movements that come to nothing over all stores."""
    before = CatalogVersion.objects.get(vendor=vendor).version
    sent = StockMovement.objects.filter(item=item).earliest("pk")
    lot = StockLot.objects.create(
        item=item,
        store=stall,
        received=2,
        unit_cost=sent.lot.unit_cost,
        cost=2 * sent.lot.unit_cost,
        currency=sent.lot.currency,
        received_at=sent.occurred_at,
    )
    StockMovement.objects.bulk_create(
        StockMovement(
            item=item,
            store_id=each.store_id,
            lot=each,
            kind=kind,
            quantity=units,
            cost=units * each.unit_cost,
            occurred_at=sent.occurred_at,
        )
        for each, kind, units in (
            (sent.lot, MovementKind.TRANSFER_OUT, -2),
            (lot, MovementKind.TRANSFER_IN, 2),
        )
    )
    assert CatalogVersion.objects.get(vendor=vendor).version > before


@pytest.mark.parametrize("role", [*PEOPLE, "anonymous"])
@pytest.mark.parametrize("path", LISTS)
def test_lists_are_for_everybody_who_works_there(
    path: str, role: str, sent: Any, vendor: Vendor, sign_in: Any
) -> None:
    client = APIClient() if role == "anonymous" else client_of(sign_in, vendor, role)
    answer = client.get(f"{STOCK}{path}/")
    if role == "anonymous":
        assert answer.status_code == 401
    else:
        assert answer.json()["count"] > 0 if role != "stranger" else answer.json()["count"] == 0
    for model, rows in (("movements", sent.movements), ("lots", sent.item.lots)):
        status = client.get(f"{STOCK}{model}/{rows.first().pk}/").status_code
        assert status == {"anonymous": 401, "stranger": 404}.get(role, 200)


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_ledger_is_only_read(method: str, path: str, sent: Any, owner_client: APIClient) -> None:
    row = StockMovement.objects.earliest("pk")
    key = {"movements": row.pk, "lots": row.lot_id, "transfers": sent.pk}.get(path)
    for address in (f"{STOCK}{path}/", *([f"{STOCK}{path}/{key}/"] if key else [])):
        assert getattr(owner_client, method)(address, {}).status_code == 405
    assert owner_client.head(f"{STOCK}{path}/").status_code == 200


@pytest.mark.parametrize("path", LISTS)
def test_longer_lists_take_no_more_queries(
    path: str, owner: User, vendor: Vendor, store: VendorStore, stall: VendorStore,
    owner_client: APIClient, django_assert_num_queries: Any, receipts: Any, sent: Any,
) -> None:  # fmt: skip
    """The session with its account, the vendors or their stores, the count and the page."""
    for _item in range(5):
        line = Line(CollectibleFactory(vendor=vendor, quantity=5), store, 2)
        TransferService.send(line=line, to_store=stall, by=owner)
    for query in ({}, {"as_of": FEBRUARY_FIRST}) if path == "levels" else ({},):
        with django_assert_num_queries(4):
            assert owner_client.get(f"{STOCK}{path}/", query).json()["count"] > 5


def test_deed_takes_no_more_queries_for_a_longer_past(
    owner_client: APIClient, item: Collectible, receipts: Any, django_assert_max_num_queries: Any
) -> None:
    for _time in range(3):
        body = {"item": item.pk, "quantity": 1, "reason": "lost"}
        with django_assert_max_num_queries(24):
            assert owner_client.post(f"{STOCK}write-off/", body).status_code == 201


class TestFilters:
    def test_movements(
        self, read: Any, sent: Any, receipts: list[StockMovement], item: Collectible,
        store: VendorStore, stall: VendorStore, vendor: Vendor,
    ) -> None:  # fmt: skip
        CollectibleFactory(vendor=vendor)
        first, second, third = (row.pk for row in receipts)

        def keys(**query: Any) -> list[int]:
            return [row["id"] for row in read("movements", **query)]

        assert len(keys(item=item.pk)) == 5  # the sixth is the other item's opening
        assert len(keys(vendor=vendor.pk)) == 6
        assert len(keys(store=store.pk)) == 6
        assert keys(store=stall.pk) == []
        assert keys(kind="receipt") == [third, second, first]
        assert keys(kind="receipt", ordering="occurred_at") == [first, second, third]
        assert keys(reference="PO-2") == [second]
        assert keys(lot=receipts[2].lot_id) == [third]
        assert keys(occurred_before="2026-02-10T12:00:00Z") == [first]
        since = {"occurred_after": "2026-02-10T12:00:00Z", "kind": "receipt"}
        assert keys(**since) == [third, second]

    def test_lots(
        self, read: Any, sent: Any, receipts: list[StockMovement], store: VendorStore,
        stall: VendorStore, item: Collectible, vendor: Vendor,
    ) -> None:  # fmt: skip
        first, second, third = (row.lot_id for row in receipts)

        def keys(**query: Any) -> list[int]:
            return [row["id"] for row in read("lots", **query)]

        assert keys(item=item.pk) == keys(store=store.pk) == [third, second, first]
        assert keys(vendor=vendor.pk, ordering="received_at") == [first, second, third]
        assert keys(is_empty="true") == [first]
        assert keys(is_empty="false") == [third, second]
        assert keys(reference="PO-3") == [third]
        assert keys(store=stall.pk) == keys(vendor=0) == []

    def test_levels(self, read: Any, item: Collectible, receipts: Any, vendor: Vendor) -> None:
        few = CollectibleFactory(vendor=vendor, quantity=2, low_stock_threshold=2)
        unwatched = CollectibleFactory(vendor=vendor, quantity=1, low_stock_threshold=None)

        def keys(**query: Any) -> list[int]:
            return [row["item"] for row in read("levels", **query)]

        assert keys() == keys(vendor=vendor.pk) == [item.pk, few.pk, unwatched.pk]
        assert keys(low_stock="true") == keys(item=few.pk) == [few.pk]
        assert keys(low_stock="false") == [item.pk, unwatched.pk]
        assert keys(store=0) == keys(vendor=0) == []

    def test_transfers(self, read: Any, sent: Any, item: Collectible, vendor: Vendor) -> None:
        assert [row["id"] for row in read("transfers", status="in_transit")] == [sent.pk]
        assert [row["id"] for row in read("transfers", item=item.pk)] == [sent.pk]
        assert len(read("transfers", vendor=vendor.pk)) == 1
        assert read("transfers", status="received") == read("transfers", vendor=0) == []

    @pytest.mark.parametrize(
        "query",
        [
            "movements/?kind=gift", "movements/?item=x", "movements/?occurred_after=x",
            "movements/?as_of=2026-01-01", "movements/?ordering=note", "lots/?is_empty=maybe",
            "lots/?foo=1", "transfers/?status=lost", "levels/?low_stock=2", "levels/?as_of=x",
            "levels/?as_of=", "levels/?known_at=2026-13-01", "levels/?ordering=sku",
            "levels/?item=1.5",
        ],
    )  # fmt: skip
    def test_what_is_not_understood_is_refused(self, query: str, owner_client: APIClient) -> None:
        answer = owner_client.get(STOCK + query)
        assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")


EDGES = ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z",
         "9999-12-31T23:59:59-14:00", "0000-01-01T00:00:00Z", "10000-01-01T00:00:00Z",
         "2026-02-30T00:00:00Z", "1e9", "infinity", "now"]  # fmt: skip


@pytest.mark.parametrize("name", ["as_of", "known_at"])
@pytest.mark.parametrize("moment", EDGES)
def test_any_moment_is_answered_or_refused(
    moment: str, name: str, owner_client: APIClient, item: Collectible, receipts: Any
) -> None:
    paths = ["stock/levels/", "catalog/items/", f"catalog/items/{item.pk}/", "dashboard/summary/",
             "dashboard/valuation/"]  # fmt: skip
    for path in paths:
        answer = owner_client.get(f"/api/v1/{path}", {name: moment})
        assert answer.status_code in {200, 400}, (path, answer.content)
        if moment[10:] == "T00:00:00Z" and moment[:4] == "0001":
            assert answer.status_code == 200, (path, answer.content)


class TestAnyTime:
    def test_levels(self, read: Any, store: VendorStore, sent: Any) -> None:
        [level] = read("levels", as_of=FEBRUARY_FIRST)
        assert (level["on_hand"], level["allocated"], level["available"]) == (3, 0, 3)
        assert [row["on_hand"] for row in read("levels", known_at=FEBRUARY_FIRST)] == [0]
        both = {"as_of": "2026-03-01T00:00:00Z", "known_at": "2100-01-01T00:00:00Z"}
        assert [row["on_hand"] for row in read("levels", **both)] == [8]

    def test_items(
        self, owner_client: APIClient, item: Collectible, receipts: Any, owner: User
    ) -> None:
        address = f"{ITEMS}{item.pk}/valuations/"
        for amount, moment in (("70.00", "2026-01-01"), ("95.00", "2026-03-01")):
            body = {"amount": amount, "source": "x", "valued_at": f"{moment}T00:00:00Z"}
            assert owner_client.post(address, body).status_code == 201
        query = {"as_of": FEBRUARY_FIRST}
        then = owner_client.get(f"{ITEMS}{item.pk}/", query).json()
        [listed] = owner_client.get(ITEMS, query).json()["results"]
        now = owner_client.get(f"{ITEMS}{item.pk}/").json()
        told = ("quantity", "available", "value")
        assert [then[name] for name in told] == [listed[name] for name in told] == [3, 3, "70.00"]
        assert [now[name] for name in told] == [10, 10, "95.00"]
        assert {k: v for k, v in then.items() if k not in told} == {
            k: v for k, v in now.items() if k not in told
        }

    def test_only_reads_know_moments(
        self, owner_client: APIClient, item: Collectible, receipts: Any
    ) -> None:
        query = f"?as_of={FEBRUARY_FIRST}"
        calls = [
            ("post", ITEMS), ("put", f"{ITEMS}{item.pk}/"), ("patch", f"{ITEMS}{item.pk}/"),
            ("delete", f"{ITEMS}{item.pk}/"), ("get", f"{ITEMS}export/"),
            ("get", f"{ITEMS}{item.pk}/availability/"), ("post", f"{ITEMS}bulk_update/"),
        ]  # fmt: skip
        for method, address in calls:
            answer = getattr(owner_client, method)(address + query)
            assert answer.status_code == 400, (method, address)
            assert answer.json()["errors"][0]["field"] == "as_of"

    def test_summary_and_valuation(self, owner_client: APIClient, sent: Any) -> None:
        query = {"as_of": "2100-01-01T00:00:00Z"}
        assert owner_client.get("/api/v1/dashboard/summary/", query).json()["total_units"] == 6
        then = owner_client.get("/api/v1/dashboard/valuation/", {"as_of": FEBRUARY_FIRST}).json()
        assert (then["units"], then["cost_on_hand"]) == (3, "220.00")


def test_availability_is_told_by_store_and_never_kept(
    owner_client: APIClient, stranger_client: APIClient, anonymous_client: APIClient,
    item: Collectible, sent: Any, stall: VendorStore, store: VendorStore,
) -> None:  # fmt: skip
    TransferService.receive(transfer=sent, by=item.vendor.owner)
    AllocationService.allocate(lines=[Line(item, stall, 1)], reference="order 1")
    address = f"{ITEMS}{item.pk}/availability/"
    answer = owner_client.get(address)
    assert "no-store" in answer["Cache-Control"]
    assert answer.json() == {
        "item": item.pk, "on_hand": 10, "allocated": 1, "available": 9,
        "stores": [
            {"store": store.pk, "on_hand": 6, "allocated": 0, "available": 6},
            {"store": stall.pk, "on_hand": 4, "allocated": 1, "available": 3},
        ],
    }  # fmt: skip
    assert stranger_client.get(address).status_code == 404
    assert anonymous_client.get(address).status_code == 401
    assert owner_client.post(address).status_code == 405


def test_history_of_deleted_items_stays(
    read: Any, item: Collectible, receipts: Any, owner_client: APIClient
) -> None:
    item.delete()
    assert read("levels") == []
    assert len(read("movements")) == len(read("lots")) == 3
    assert owner_client.get(f"{ITEMS}{item.pk}/availability/").status_code == 404


def test_sales_are_in_the_ledger(
    read: Any, item: Collectible, store: VendorStore, receipts: Any, owner: User
) -> None:
    StoreFactory(vendor=item.vendor, is_default=False)
    StockService.sell(lines=[Line(item, store, 4)], by=owner, reference="S-1")
    told = [(row["kind"], row["quantity"], row["cost"]) for row in read("movements", kind="sale")]
    assert told == [("sale", -1, "-80.00"), ("sale", -3, "-220.00")]
