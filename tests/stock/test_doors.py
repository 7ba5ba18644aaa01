"""Deeds of stock at the door: who may, what is answered in full, and what they did."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from core.models import AuditLog
from inventory.models import Collectible, StockLevel, StockMovement
from tests.factories import CollectibleFactory, StoreFactory
from tests.vendors.people import PEOPLE, client_of
from users.models import User
from vendors.models import Vendor, VendorStore

pytestmark = pytest.mark.django_db
STOCK = "/api/v1/stock/"
ITEMS = "/api/v1/catalog/items/"
Body = Callable[["World"], dict[str, Any]]


class World:
    """What calls name."""

    def __init__(
        self, item: Collectible, receipts: list[StockMovement], stall: VendorStore
    ) -> None:
        self.item, self.receipts, self.stall = item, receipts, stall
        self.store = receipts[0].store

    def sent(self) -> dict[str, Any]:
        return {"item": self.item.pk, "from_store": self.store.pk, "to_store": self.stall.pk}


@pytest.fixture
def world(item: Collectible, receipts: list[StockMovement], stall: VendorStore) -> World:
    return World(item, receipts, stall)


DEEDS: dict[str, tuple[str, Body]] = {
    "receive": ("stock/receive/", lambda w: {"item": w.item.pk, "quantity": 1, "unit_cost": "1"}),
    "adjust": ("stock/adjust/", lambda w: {"item": w.item.pk, "delta": -1, "reason": "lost"}),
    "set": ("stock/set/", lambda w: {"item": w.item.pk, "quantity": 9, "expected": 10}),
    "write-off": (
        "stock/write-off/", lambda w: {"item": w.item.pk, "quantity": 1, "reason": "stolen"},
    ),
    "transfer": ("stock/transfer/", lambda w: {**w.sent(), "quantity": 1}),
    "correct": ("stock/correct/", lambda w: {"movement": w.receipts[0].pk}),
    "value": ("catalog/items/{item}/valuations/", lambda _w: {"amount": "5.00", "source": "eBay"}),
    "values": (
        "catalog/valuations/bulk/",
        lambda w: {"valuations": [{"item": w.item.pk, "amount": "5.00", "source": "eBay"}]},
    ),
}  # fmt: skip
ALLOWED = {"manager", "admin", "owner"}


@pytest.mark.parametrize("role", [*PEOPLE, "anonymous"])
@pytest.mark.parametrize("deed", DEEDS)
def test_deed_is_for_those_whose_role_allows_it(
    deed: str, role: str, world: World, vendor: Vendor, sign_in: Any
) -> None:
    client = APIClient() if role == "anonymous" else client_of(sign_in, vendor, role)
    address, body = DEEDS[deed]
    before = StockMovement.objects.count(), world.item.valuations.count()
    answer = client.post(f"/api/v1/{address.format(item=world.item.pk)}", body(world))
    # Who may not see the item learns nothing but that there is none for them.
    hidden = 404 if deed == "value" else 400
    refused = {"anonymous": 401, "stranger": hidden}.get(role, 403)
    assert answer.status_code == (201 if role in ALLOWED else refused), answer.content
    after = StockMovement.objects.count(), world.item.valuations.count()
    assert (before != after) == (role in ALLOWED)


@pytest.mark.parametrize("role", PEOPLE)
def test_transfer_is_received_by_those_whose_role_allows_it(
    role: str, world: World, vendor: Vendor, owner_client: APIClient, sign_in: Any
) -> None:
    body = {**world.sent(), "quantity": 1, "in_transit": True}
    sent = owner_client.post(f"{STOCK}transfer/", body).json()
    address = f"{STOCK}transfers/{sent['id']}/receive/"
    answer = client_of(sign_in, vendor, role).post(address)
    assert answer.status_code == (200 if role in ALLOWED else 404 if role == "stranger" else 403)
    assert APIClient().post(address).status_code == 401


def test_viewer_without_a_store_makes_none(vendor: Vendor, sign_in: Any, world: World) -> None:
    """The default store is opened for who may use it, not for who asks."""
    item = CollectibleFactory(quantity=0)
    client = client_of(sign_in, item.vendor, "viewer")
    body = {"item": item.pk, "quantity": 1, "unit_cost": "1"}
    assert client.post(f"{STOCK}receive/", body).status_code == 403
    assert item.vendor.stores.count() == 0


def test_receipt_is_answered_with_its_movement_and_lot(
    item: Collectible, store: VendorStore, owner: User, owner_client: APIClient
) -> None:
    body = {
        "item": item.pk, "quantity": 3, "unit_cost": "70.00", "reference": "PO-1", "note": "box",
        "landed_costs": [{"kind": "postage", "amount": "6.00"}, {"kind": "fees", "amount": "4"}],
        "occurred_at": "2026-01-10T12:00:00Z",
    }  # fmt: skip
    answer = owner_client.post(f"{STOCK}receive/", body)
    assert answer.status_code == 201, answer.content
    movement, lot = answer.json()["movement"], answer.json()["lot"]
    assert movement == {
        "id": movement["id"], "item": item.pk, "store": store.pk, "lot": lot["id"],
        "kind": "receipt", "quantity": 3, "unit_cost": "73.33", "cost": "220.00",
        "currency": "USD", "reason": "", "reference": "PO-1", "note": "box", "origin": None,
        "transfer": None, "actor": owner.pk, "occurred_at": "2026-01-10T12:00:00Z",
        "recorded_at": movement["recorded_at"],
    }  # fmt: skip
    assert lot == {
        "id": lot["id"], "item": item.pk, "store": store.pk, "received": 3, "remaining": 3,
        "unit_cost": "70.00", "landed_unit_cost": "73.33", "cost": "220.00",
        "landed_costs": [
            {"kind": "postage", "amount": "6.00"}, {"kind": "fees", "amount": "4.00"},
        ],
        "remaining_cost": "220.00", "currency": "USD", "received_at": "2026-01-10T12:00:00Z",
        "reference": "PO-1", "origin": None,
    }  # fmt: skip
    shown = owner_client.get(f"{STOCK}movements/{movement['id']}/").json()
    assert shown == movement
    assert owner_client.get(f"{STOCK}lots/{lot['id']}/").json() == lot
    entry = AuditLog.objects.get(type="stock")
    assert (entry.action, entry.object_type) == (f"received 3 of item “{item.name}”", "collectible")


def test_units_that_cost_nothing_leave_for_nothing(
    item: Collectible, store: VendorStore, owner_client: APIClient
) -> None:
    receipt = {"item": item.pk, "quantity": 2, "unit_cost": "0.00"}
    owner_client.post(f"{STOCK}receive/", receipt)
    body = {"item": item.pk, "quantity": 1, "reason": "lost"}
    [movement] = owner_client.post(f"{STOCK}write-off/", body).json()["movements"]
    assert (movement["cost"], movement["unit_cost"]) == ("0.00", "0.00")


def test_units_leave_the_oldest_lots_at_their_cost(world: World, owner_client: APIClient) -> None:
    body = {"item": world.item.pk, "quantity": 4, "reason": "stolen"}
    movements = owner_client.post(f"{STOCK}write-off/", body).json()["movements"]
    told = [(m["lot"], m["quantity"], m["cost"], m["unit_cost"]) for m in movements]
    first, second, _third = world.receipts
    assert told == [
        (first.lot_id, -3, "-220.00", "73.33"), (second.lot_id, -1, "-80.00", "80.00"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("deed", "said"),
    [("adjust", {"delta": -1, "reason": "lost"}), ("write-off", {"quantity": 1, "reason": "lost"})],
)
def test_units_leave_the_lot_that_is_named(
    deed: str, said: dict[str, Any], world: World, owner_client: APIClient
) -> None:
    body = {"item": world.item.pk, "lot": world.receipts[2].lot_id, **said}
    [movement] = owner_client.post(f"{STOCK}{deed}/", body).json()["movements"]
    assert (movement["lot"], movement["cost"]) == (world.receipts[2].lot_id, "-95.00")


def test_found_units_cost_what_is_said(world: World, owner_client: APIClient) -> None:
    body = {"item": world.item.pk, "delta": 2, "reason": "found", "unit_cost": "7.50"}
    [movement] = owner_client.post(f"{STOCK}adjust/", body).json()["movements"]
    assert (movement["quantity"], movement["cost"], movement["reason"]) == (2, "15.00", "found")


@pytest.mark.parametrize(("delta", "idle"), [(1, "lot"), (-1, "unit_cost")])
def test_what_says_nothing_of_the_units_is_refused(
    delta: int, idle: str, world: World, owner_client: APIClient
) -> None:
    more = {"lot": world.receipts[2].lot_id, "unit_cost": "7.50"}[idle]
    body = {"item": world.item.pk, "delta": delta, "reason": "count", idle: more}
    answer = owner_client.post(f"{STOCK}adjust/", body)
    assert [error["field"] for error in answer.json()["errors"]] == [idle]


@pytest.mark.parametrize(
    ("deed", "said"),
    [("adjust", {"delta": 1, "reason": "found"}), ("set", {"quantity": 2, "expected": 1})],
)
def test_found_units_are_in_the_currency_of_their_item(
    deed: str, said: dict[str, Any], owner_client: APIClient, vendor: Vendor
) -> None:
    """As those are that the item was opened with, or that its owner counts."""
    item = CollectibleFactory(vendor=vendor, currency="EUR")
    body = {"item": item.pk, **said}
    assert owner_client.post(f"{STOCK}{deed}/", body).status_code == 201
    assert item.lots.latest("pk").currency == "EUR"


def test_what_a_deed_has_made_is_told_with_its_tag(world: World, owner_client: APIClient) -> None:
    sent = owner_client.post(f"{STOCK}transfer/", {**world.sent(), "quantity": 1})
    wrong = {"movement": world.receipts[2].pk}
    taken_back = owner_client.post(f"{STOCK}correct/", wrong)
    for made, place in ((sent, "transfers"), (taken_back, "movements")):
        read = owner_client.get(f"{STOCK}{place}/{made.json()['id']}/")
        assert (made.json(), made["ETag"]) == (read.json(), read["ETag"])


def test_count_that_is_right_moves_nothing(world: World, owner_client: APIClient) -> None:
    body = {"item": world.item.pk, "quantity": 10, "expected": 10}
    answer = owner_client.post(f"{STOCK}set/", body)
    assert (answer.status_code, answer.json()) == (201, {"movements": []})


def test_transfer_at_once_keeps_cost_and_age(world: World, owner_client: APIClient) -> None:
    body = {**world.sent(), "quantity": 4, "reference": "T-1"}
    answer = owner_client.post(f"{STOCK}transfer/", body)
    told = answer.json()
    assert told == {
        **world.sent(), "id": told["id"], "quantity": 4, "status": "received",
        "reference": "T-1", "created_at": told["created_at"], "received_at": told["received_at"],
    }  # fmt: skip
    assert owner_client.get(f"{STOCK}transfers/{told['id']}/").json() == told
    lots = owner_client.get(f"{STOCK}lots/", {"store": world.stall.pk}).json()["results"]
    assert [(x["remaining"], x["cost"], x["received_at"], x["origin"]) for x in lots] == [
        (1, "80.00", "2026-02-10T12:00:00Z", world.receipts[1].lot_id),
        (3, "220.00", "2026-01-10T12:00:00Z", world.receipts[0].lot_id),
    ]


def test_deed_happens_at_one_moment(world: World, owner_client: APIClient) -> None:
    """Else a look at the past could fall between what leaves and what arrives."""
    owner_client.post(f"{STOCK}transfer/", {**world.sent(), "quantity": 4})
    moved = StockMovement.objects.filter(transfer__isnull=False)
    assert (moved.count(), len(set(moved.values_list("occurred_at", flat=True)))) == (4, 1)
    body = {"item": world.item.pk, "quantity": 1, "unit_cost": "1.00"}
    told = owner_client.post(f"{STOCK}receive/", body).json()
    assert told["movement"]["occurred_at"] == told["lot"]["received_at"]


def test_units_in_transit_are_in_no_store(world: World, owner_client: APIClient) -> None:
    body = {**world.sent(), "quantity": 4, "in_transit": True}
    transfer = owner_client.post(f"{STOCK}transfer/", body).json()
    assert (transfer["status"], transfer["received_at"]) == ("in_transit", None)
    assert StockLevel.objects.filter(store=world.stall).count() == 0
    world.item.refresh_from_db()
    assert world.item.quantity == 6
    answer = owner_client.post(f"{STOCK}transfers/{transfer['id']}/receive/")
    assert (answer.status_code, answer.json()["status"]) == (200, "received")
    assert StockLevel.objects.get(store=world.stall).on_hand == 4


def test_correction_takes_back_at_the_time_of_the_mistake(
    world: World, owner_client: APIClient
) -> None:
    wrong = world.receipts[2]
    body = {"movement": wrong.pk, "note": "never came"}
    told = owner_client.post(f"{STOCK}correct/", body).json()
    assert (told["kind"], told["quantity"], told["cost"], told["origin"], told["note"]) == (
        "correction", -2, "-190.00", wrong.pk, "never came",
    )  # fmt: skip
    assert told["occurred_at"] == "2026-03-10T12:00:00Z"
    world.item.refresh_from_db()
    assert world.item.quantity == 8


def test_deed_is_done_in_the_store_where_one_works(
    world: World, owner_client: APIClient, stall: VendorStore
) -> None:
    owner_client.post("/api/v1/vendor-stores/select/", {"store": stall.pk})
    body = {"item": world.item.pk, "quantity": 1, "unit_cost": "1.00"}
    told = owner_client.post(f"{STOCK}receive/", body).json()
    assert told["lot"]["store"] == stall.pk
    told = owner_client.post(f"{STOCK}receive/", {**body, "store": world.store.pk}).json()
    assert told["lot"]["store"] == world.store.pk


def test_quantity_by_patch_is_a_count(world: World, owner_client: APIClient) -> None:
    before = owner_client.get(f"{ITEMS}{world.item.pk}/").json()
    told = owner_client.patch(f"{ITEMS}{world.item.pk}/", {"quantity": 4, "name": "Five"}).json()
    assert (told["quantity"], told["available"], told["name"]) == (4, 4, "Five")
    assert told["version"] == before["version"] + 2  # the item's words, then its stock
    newest = StockMovement.objects.filter(item=world.item, reason="count")
    assert sum(newest.values_list("quantity", flat=True)) == -6
    entry = AuditLog.objects.get(type="stock", action__startswith="counted")
    assert (entry.before, entry.after) == ({"quantity": 10}, {"quantity": 4})


def test_stores_of_other_shops_are_not_there(world: World, owner_client: APIClient) -> None:
    theirs = StoreFactory()
    body = {"item": world.item.pk, "store": theirs.pk, "quantity": 1, "unit_cost": "1"}
    answer = owner_client.post(f"{STOCK}receive/", body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "store")
    own = StoreFactory(vendor__owner=world.item.vendor.owner)
    answer = owner_client.post(f"{STOCK}receive/", {**body, "store": own.pk})
    assert answer.json()["errors"] == [
        {"field": "store", "code": "foreign", "detail": "The item's vendor has no such store."}
    ]
