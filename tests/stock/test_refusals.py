"""What stock calls refuse: always with a reason, never with a 500, and nothing has happened."""

from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from inventory.models import MAX_QUANTITY, Collectible, StockMovement, StockTransfer
from inventory.services import AllocationService, Line, Return, StockService
from tests.factories import CollectibleFactory
from tests.vendors.people import refusal
from users.models import User
from vendors.models import VendorStore

pytestmark = pytest.mark.django_db
STOCK = "/api/v1/stock/"
BODIES: dict[str, dict[str, Any]] = {
    "receive": {"quantity": 1, "unit_cost": "1.00"},
    "adjust": {"delta": 1, "reason": "found"},
    "set": {"quantity": 9, "expected": 10},
    "write-off": {"quantity": 1, "reason": "lost"},
}


@pytest.fixture
def ask(owner_client: APIClient, item: Collectible, receipts: Any) -> Any:
    """The deed with another body; it must leave no movement."""

    def ask(deed: str, **changes: Any) -> Any:
        before = StockMovement.objects.count()
        body = {"item": item.pk, **BODIES.get(deed, {}), **changes}
        answer = owner_client.post(f"{STOCK}{deed}/", body)
        assert StockMovement.objects.count() == before
        return answer

    return ask


@pytest.mark.parametrize(
    ("deed", "changes"),
    [
        ("write-off", {"quantity": 11}), ("adjust", {"delta": -11, "reason": "lost"}),
        # In January there were three, and those are needed for nothing later.
        ("write-off", {"quantity": 4, "occurred_at": "2026-01-11T00:00:00Z"}),
        ("adjust", {"delta": -1, "reason": "lost", "occurred_at": "2026-01-09T00:00:00Z"}),
        ("write-off", {"quantity": 1, "occurred_at": "0001-01-01T00:00:00Z"}),
    ],
)  # fmt: skip
def test_too_little_stock_says_how_much_there_is(
    deed: str, changes: dict[str, Any], ask: Any, item: Collectible, store: VendorStore
) -> None:
    answer = ask(deed, **changes)
    assert refusal(answer) == (409, "insufficient_stock")
    then = {"0": 0, "2026-01-11T00:00:00Z": 3}
    moment = changes.get("occurred_at", "")
    there = 10 if not moment else then.get(moment, 0)
    told = answer.json()
    assert (told["available"], told["item"], told["store"]) == (there, item.pk, store.pk)


def test_what_is_promised_is_not_there_to_take(
    ask: Any, item: Collectible, store: VendorStore, stall: VendorStore
) -> None:
    AllocationService.allocate(lines=[Line(item, store, 8)], reference="order 1")
    assert ask("write-off", quantity=3).json()["available"] == 2
    assert refusal(ask("set", quantity=7, expected=10)) == (409, "insufficient_stock")
    sent = {"from_store": store.pk, "to_store": stall.pk, "quantity": 3}
    assert refusal(ask("transfer", **sent)) == (409, "insufficient_stock")
    assert StockTransfer.objects.count() == 0


def test_late_entry_is_judged_on_what_happened_since(ask: Any, owner_client: APIClient) -> None:
    """Two were there in January, and are needed for what left in February."""
    body = {"quantity": 2, "reason": "lost", "occurred_at": "2026-01-20T00:00:00Z"}
    item = StockMovement.objects.earliest("pk").item_id
    assert owner_client.post(f"{STOCK}write-off/", {"item": item, **body}).status_code == 201
    answer = ask("write-off", quantity=2, occurred_at="2026-01-15T00:00:00Z")
    assert (refusal(answer)[1], answer.json()["available"]) == ("insufficient_stock", 1)


def test_stale_count_says_the_true_one(ask: Any) -> None:
    answer = ask("set", quantity=6, expected=9)
    assert (refusal(answer), answer.json()["quantity"]) == ((409, "stale_quantity"), 10)


def test_used_lot_is_not_corrected(
    owner_client: APIClient, receipts: list[StockMovement], item: Collectible
) -> None:
    body = {"item": item.pk, "quantity": 1, "reason": "lost"}
    [gone] = owner_client.post(f"{STOCK}write-off/", body).json()["movements"]
    wrong = {"movement": receipts[0].pk}
    assert refusal(owner_client.post(f"{STOCK}correct/", wrong)) == (409, "lot_used")
    back = owner_client.post(f"{STOCK}correct/", {"movement": gone["id"]})
    assert (back.status_code, back.json()["quantity"]) == (201, 1)
    again = owner_client.post(f"{STOCK}correct/", {"movement": gone["id"]})
    assert refusal(again) == (409, "already_corrected")
    assert refusal(owner_client.post(f"{STOCK}correct/", {"movement": back.json()["id"]})) == (
        409, "not_correctable",
    )  # fmt: skip
    assert owner_client.post(f"{STOCK}correct/", wrong).status_code == 201


def test_correction_never_makes_the_past_negative(
    owner: User, owner_client: APIClient, receipts: list[StockMovement], store: VendorStore
) -> None:
    """The units are all back, but they were away: they cannot never have come."""
    item = receipts[0].item
    [[sale]] = StockService.sell(lines=[Line(item, store, 2, receipts[2].lot)], by=owner)
    StockService.sell(lines=[Line(item, store, 8)], by=owner)
    StockService.give_back(returns=[Return(sale, 2)], by=owner)
    answer = owner_client.post(f"{STOCK}correct/", {"movement": receipts[2].pk})
    assert refusal(answer) == (409, "lot_used")


def test_sales_and_transfers_are_not_corrected(
    owner: User, owner_client: APIClient, receipts: Any, item: Collectible, store: VendorStore,
    stall: VendorStore,
) -> None:  # fmt: skip
    [[sale]] = StockService.sell(lines=[Line(item, store, 1)], by=owner)
    sent = {"item": item.pk, "from_store": store.pk, "to_store": stall.pk, "quantity": 1}
    owner_client.post(f"{STOCK}transfer/", sent)
    moved = StockMovement.objects.filter(transfer__isnull=False).values_list("pk", flat=True)
    for key in [sale.pk, *moved]:
        answer = owner_client.post(f"{STOCK}correct/", {"movement": key})
        assert refusal(answer) == (409, "not_correctable")


def test_transfer_is_received_once(
    owner_client: APIClient, receipts: Any, item: Collectible, store: VendorStore,
    stall: VendorStore, ask: Any,
) -> None:  # fmt: skip
    sent = {"item": item.pk, "from_store": store.pk, "to_store": stall.pk, "quantity": 1}
    transfer = owner_client.post(f"{STOCK}transfer/", sent).json()
    answer = owner_client.post(f"{STOCK}transfers/{transfer['id']}/receive/")
    assert refusal(answer) == (409, "transfer_ended")
    same = ask("transfer", from_store=store.pk, to_store=store.pk, quantity=1)
    assert [(e["field"], e["code"]) for e in same.json()["errors"]] == [("to_store", "same_store")]


@pytest.mark.parametrize(
    ("deed", "changes", "field", "code"),
    [
        ("receive", {"quantity": 0}, "quantity", "min_value"),
        ("receive", {"quantity": -1}, "quantity", "min_value"),
        ("receive", {"quantity": MAX_QUANTITY + 1}, "quantity", "max_value"),
        ("receive", {"quantity": 10**40}, "quantity", "max_value"),
        ("receive", {"quantity": "3"}, "quantity", "invalid"),
        ("receive", {"quantity": True}, "quantity", "invalid"),
        ("receive", {"quantity": 1.5}, "quantity", "invalid"),
        ("receive", {"quantity": None}, "quantity", "null"),
        ("receive", {"unit_cost": "-0.01"}, "unit_cost", "min_value"),
        ("receive", {"unit_cost": "0.001"}, "unit_cost", "max_decimal_places"),
        ("receive", {"unit_cost": "NaN"}, "unit_cost", "invalid"),
        ("receive", {"unit_cost": "1" * 40}, "unit_cost", "max_digits"),
        ("receive", {"currency": "XXQ"}, "currency", "currency"),
        ("receive", {"landed_costs": [{"kind": "bribe", "amount": "1"}]}, "landed_costs.0.kind",
         "invalid_choice"),
        ("receive", {"landed_costs": [{"kind": "fees", "amount": "-1"}]}, "landed_costs.0.amount",
         "min_value"),
        ("receive", {"landed_costs": [{"kind": "fees", "amount": "1", "x": 1}]},
         "landed_costs.0.x", "unknown_field"),
        ("receive", {"landed_costs": [{"kind": "fees", "amount": "1"}] * 21}, "landed_costs",
         "max_length"),
        ("receive", {"occurred_at": "9999-12-31T23:59:59Z"}, "occurred_at", "in_future"),
        ("receive", {"occurred_at": "9999-12-31T23:59:59-14:00"}, "occurred_at", "overflow"),
        ("receive", {"occurred_at": "0001-01-01T00:00:00+14:00"}, "occurred_at", "overflow"),
        ("receive", {"occurred_at": "yesterday"}, "occurred_at", "invalid"),
        ("receive", {"occured_at": "2026-01-01T00:00:00Z"}, "occured_at", "unknown_field"),
        ("receive", {"reference": "x" * 101}, "reference", "max_length"),
        ("receive", {"note": "x" * 501}, "note", "max_length"),
        ("receive", {"item": 0}, "item", "does_not_exist"),
        ("receive", {"item": 2**80}, "item", "does_not_exist"),
        ("receive", {"item": "x"}, "item", "incorrect_type"),
        ("receive", {"store": True}, "store", "incorrect_type"),
        ("adjust", {"delta": 0}, "delta", "no_change"),
        ("adjust", {"delta": -MAX_QUANTITY - 1}, "delta", "min_value"),
        ("adjust", {"reason": "whim"}, "reason", "invalid_choice"),
        ("adjust", {"lot": 0}, "lot", "does_not_exist"),
        ("set", {"quantity": -1}, "quantity", "min_value"),
        ("set", {"expected": None}, "expected", "null"),
        ("set", {"occurred_at": "2026-01-01T00:00:00Z"}, "occurred_at", "unknown_field"),
        ("write-off", {"quantity": 0}, "quantity", "min_value"),
        ("write-off", {"reason": ""}, "reason", "invalid_choice"),
        ("transfer", {"from_store": 0, "to_store": 0, "quantity": 1}, "from_store",
         "does_not_exist"),
        ("transfer", {"store": 1}, "store", "unknown_field"),
        ("correct", {"movement": 0}, "item", "unknown_field"),
    ],
)  # fmt: skip
def test_fault_is_told_by_its_field(
    deed: str, changes: dict[str, Any], field: str, code: str, ask: Any
) -> None:
    answer = ask(deed, **changes)
    assert refusal(answer)[0] == 400
    assert (field, code) in {(e["field"], e["code"]) for e in answer.json()["errors"]}


def test_no_store_and_no_item_holds_more_than_can_be_counted(
    ask: Any, owner_client: APIClient, item: Collectible, stall: VendorStore
) -> None:
    for where in ({}, {"store": stall.pk}):
        answer = ask("receive", quantity=MAX_QUANTITY, **where)
        assert refusal(answer) == (409, "stock_full")
    answer = ask("adjust", delta=MAX_QUANTITY)
    assert refusal(answer) == (409, "stock_full")
    dear = ask("receive", quantity=MAX_QUANTITY - 10, unit_cost="999999999999.99")
    assert refusal(dear)[0] == 400


def test_lot_of_another_item_is_not_taken_from(ask: Any, item: Collectible) -> None:
    other = CollectibleFactory(vendor=item.vendor, quantity=3).lots.get()
    for deed, changes in (("write-off", {}), ("adjust", {"delta": -1, "reason": "lost"})):
        answer = ask(deed, lot=other.pk, **changes)
        assert (refusal(answer), answer.json()["available"]) == ((409, "insufficient_stock"), 0)


def test_deleted_item_is_not_there(
    ask: Any, item: Collectible, receipts: list[StockMovement], owner_client: APIClient
) -> None:
    item.delete()
    for deed in BODIES:
        answer = ask(deed)
        assert answer.json()["errors"][0]["code"] == "does_not_exist"
    answer = owner_client.post(f"{STOCK}correct/", {"movement": receipts[0].pk})
    assert refusal(answer) == (404, "not_found")


@pytest.mark.parametrize("address", ["stock/levels/", "catalog/items/", "catalog/items/{}/"])
@pytest.mark.parametrize("parameter", ["as_of", "known_at"])
def test_what_is_no_time_is_named(
    address: str, parameter: str, owner_client: APIClient, item: Collectible
) -> None:
    for text, code in (("yesterday", "invalid"), ("", "required")):
        answer = owner_client.get(f"/api/v1/{address.format(item.pk)}?{parameter}={text}")
        [error] = answer.json()["errors"]
        assert (answer.status_code, error["field"], error["code"]) == (400, parameter, code)
        assert "{" not in error["detail"]


@pytest.mark.parametrize("deed", [*BODIES, "transfer", "correct"])
def test_deeds_know_post_and_no_parameters(deed: str, owner_client: APIClient, ask: Any) -> None:
    for method in ("get", "put", "patch", "delete"):
        assert getattr(owner_client, method)(f"{STOCK}{deed}/").status_code == 405
    answer = owner_client.post(f"{STOCK}{deed}/?as_of={timezone.now():%Y-%m-%d}", {})
    assert answer.json()["errors"][0]["field"] == "as_of"
