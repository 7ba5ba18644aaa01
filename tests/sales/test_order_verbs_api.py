"""The verbs of an order at the door: what each answers and does, and when it is not its turn."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from inventory.models import Collectible, StockMovement
from sales.models import Order
from tests.factories import CustomerFactory
from tests.factories.orders import order, sale, stocked
from tests.sales.test_orders_api import faults
from tests.vendors.people import PEOPLE, client_of, refusal
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
ORDERS = "/api/v1/orders/"
# Each verb, a status in which it is its turn, and where it leads.
VERBS = {
    "place": ("draft", "pending"),
    "confirm": ("pending", "confirmed"),
    "fulfil": ("confirmed", "fulfilled"),
    "complete": ("fulfilled", "completed"),
    "cancel": ("pending", "cancelled"),
    "return": ("completed", "returned"),
}
TURNS = {
    "draft": {"place", "cancel"},
    "pending": {"confirm", "cancel"},
    "confirmed": {"fulfil", "cancel", "return"},
    "fulfilled": {"complete", "return"},
    "completed": {"return"},
    "cancelled": set(),
    "returned": set(),
}
of_every_verb = pytest.mark.parametrize("verb", VERBS)


@pytest.fixture
def item(vendor: Vendor) -> Collectible:
    row: Collectible = stocked(vendor)
    return row


def said(row: Order, verb: str) -> dict[str, Any]:
    lines = [{"line": line.pk, "quantity": line.quantity} for line in row.lines.all()]
    return {"lines": lines} if verb == "return" else {}


def say(client: APIClient, row: Order, verb: str, body: Any = None, **headers: Any) -> Any:
    body = said(row, verb) if body is None else body
    return client.post(f"{ORDERS}{row.pk}/{verb}/", body, **headers)


@of_every_verb
@pytest.mark.parametrize("role", [*PEOPLE, "anonymous"])
def test_verb_is_for_those_who_sell(verb: str, role: str, vendor: Vendor, sign_in: Any) -> None:
    before, after = VERBS[verb]
    row = order(vendor, before)
    client = APIClient() if role == "anonymous" else client_of(sign_in, vendor, role)
    answer = say(client, row, verb)
    expected = {"anonymous": 401, "stranger": 404, "viewer": 403}.get(role, 200)
    assert answer.status_code == expected, answer.content
    row.refresh_from_db()
    assert row.status == (after if expected == 200 else before)


@of_every_verb
def test_verb_answers_the_whole_order_and_its_tag(
    verb: str, vendor: Vendor, owner_client: APIClient
) -> None:
    before, after = VERBS[verb]
    row = order(vendor, before)
    old = owner_client.get(f"{ORDERS}{row.pk}/")
    answer = say(owner_client, row, verb)
    read = owner_client.get(f"{ORDERS}{row.pk}/")
    assert answer.json() == read.json()
    assert answer.json()["status"] == after
    assert old["ETag"] != answer["ETag"] == read["ETag"]


@of_every_verb
def test_verb_heeds_the_tag(verb: str, vendor: Vendor, owner_client: APIClient) -> None:
    row = order(vendor, VERBS[verb][0])
    tag = owner_client.get(f"{ORDERS}{row.pk}/")["ETag"]
    stale = say(owner_client, row, verb, HTTP_IF_MATCH='"0-0"')
    assert refusal(stale) == (412, "precondition_failed")
    assert stale.json()["current"]["status"] == VERBS[verb][0]
    assert say(owner_client, row, verb, HTTP_IF_MATCH=tag).status_code == 200
    assert say(owner_client, row, verb, HTTP_IF_MATCH=tag).status_code == 412


@pytest.mark.parametrize("status", TURNS)
def test_verb_out_of_turn_is_refused_and_the_others_are_told(
    status: str, vendor: Vendor, owner_client: APIClient
) -> None:
    row = order(vendor, status)
    before = owner_client.get(f"{ORDERS}{row.pk}/").json()
    assert {*before["actions"]} - {"change", "delete"} == TURNS[status]
    for verb in VERBS.keys() - TURNS[status]:
        answer = say(owner_client, row, verb)
        assert refusal(answer) == (409, "invalid_transition"), verb
        told = answer.json()
        assert (told["verb"], told["order_status"], told["status"]) == (verb, status, 409)
    assert owner_client.get(f"{ORDERS}{row.pk}/").json() == before


def test_life_of_an_order_with_a_part_and_a_return(
    vendor: Vendor, item: Collectible, owner_client: APIClient
) -> None:
    row = order(vendor, "draft", item, fees=Decimal(1), postage=Decimal(3))
    placed = say(owner_client, row, "place").json()
    assert placed["number"] == f"ORD-{timezone.now().year}-000001"
    assert placed["placed_at"] < placed["expires_at"]
    item.refresh_from_db()
    assert (item.quantity, item.available) == (10, 8)
    assert say(owner_client, row, "confirm").json()["expires_at"] is None

    line = row.lines.get().pk
    one = [{"line": line, "quantity": 1}]
    sent = say(owner_client, row, "fulfil", {"lines": one, "carrier": "DHL"}).json()
    assert (sent["status"], sent["lines"][0]["fulfilled"]) == ("confirmed", 1)
    assert (sent["cost"], sent["profit"], sent["net_proceeds"]) == ("6.00", "0.00", None)
    sent = say(owner_client, row, "fulfil", {"tracking_number": "0034"}).json()
    parcels = sent["fulfilments"]
    assert [parcel["lines"] for parcel in parcels] == [one, one]
    assert [parcel["carrier"] for parcel in parcels] == ["DHL", ""]
    assert [parcel["tracking_number"] for parcel in parcels] == ["", "0034"]
    figures = {key: sent[key] for key in ("cost", "profit", "margin", "net_proceeds")}
    assert figures == {
        "cost": "12.00", "profit": "4.00", "margin": "20.00", "net_proceeds": "16.00",
    }  # fmt: skip
    assert sent["lines"][0] == sent["lines"][0] | {
        "fulfilled": 2, "returned": 0, "revenue": "20.00", "cost": "12.00", "fees": "1.00",
        "postage": "3.00", "profit": "4.00", "margin": "20.00",
    }  # fmt: skip

    body = {"lines": [{**one[0], "write_off": "damaged", "refund": "8.00"}], "note": "Broken"}
    back = say(owner_client, row, "return", body).json()
    [returned] = back["returns"]
    assert returned == {
        "id": returned["id"], "refund": "8.00", "note": "Broken",
        "returned_at": returned["returned_at"], "lines": [{**one[0], "refund": "8.00"}],
    }  # fmt: skip
    assert (back["status"], back["refunded"], back["net_proceeds"]) == ("fulfilled", "8.00", "8.00")
    assert say(owner_client, row, "complete").json()["status"] == "completed"
    last = say(owner_client, row, "return", {"lines": one}).json()
    assert (last["status"], last["refunded"]) == ("returned", "18.00")
    item.refresh_from_db()
    assert item.quantity == 9


def test_parcel_and_return_have_times_of_their_own(vendor: Vendor, owner_client: APIClient) -> None:
    old = stocked(vendor, since=datetime(2026, 1, 1, tzinfo=UTC))
    row = order(vendor, "confirmed", old)
    Order.objects.update(placed_at=datetime(2026, 1, 2, tzinfo=UTC))
    sent, back = "2026-02-01T08:00:00Z", "2026-03-01T08:00:00Z"
    body = say(owner_client, row, "fulfil", {"fulfilled_at": sent}).json()
    assert (body["fulfilled_at"], body["fulfilments"][0]["fulfilled_at"]) == (sent, sent)
    body = say(owner_client, row, "return", {**said(row, "return"), "returned_at": back}).json()
    assert body["returns"][0]["returned_at"] == back
    moved = StockMovement.objects.filter(item=old).order_by("pk")
    assert [f"{each.occurred_at:%m}" for each in moved] == ["01", "02", "03"]


@pytest.mark.parametrize(
    ("verb", "body", "expected"),
    [
        ("fulfil", {"lines": []}, {"lines": "empty"}),
        ("fulfil", {"lines": [{"line": 1}]}, {"lines.0.quantity": "required"}),
        ("fulfil", {"lines": [{"line": "own", "quantity": 1}, {"line": "other", "quantity": 1}]},
         {"lines.1.line": "does_not_exist"}),
        ("fulfil", {"lines": [{"line": "own", "quantity": 0}]}, {"lines.0.quantity": "min_value"}),
        ("fulfil", {"fulfilled_at": "2999-01-01T00:00:00Z"}, {"fulfilled_at": "in_future"}),
        ("fulfil", {"carrier": "x" * 61}, {"carrier": "max_length"}),
        ("fulfil", {"colour": "red"}, {"colour": "unknown_field"}),
        ("cancel", {"reason": "mood"}, {"reason": "invalid_choice"}),
        ("cancel", {"colour": "red"}, {"colour": "unknown_field"}),
        ("return", {}, {"lines": "required"}),
        ("return", {"lines": []}, {"lines": "empty"}),
        ("return", {"lines": [{"line": "other", "quantity": 1}]},
         {"lines.0.line": "does_not_exist"}),
        ("return", {"lines": [{"line": 2**62, "quantity": 1}]},
         {"lines.0.line": "does_not_exist"}),
        ("return", {"lines": [{"line": "own", "quantity": 1, "write_off": "mood"}]},
         {"lines.0.write_off": "invalid_choice"}),
        ("return", {"lines": [{"line": "own", "quantity": 1, "refund": "-1"}]},
         {"lines.0.refund": "min_value"}),
        ("return", {"lines": [{"line": "own", "quantity": 1}],
                    "returned_at": "2999-01-01T00:00:00Z"}, {"returned_at": "in_future"}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_in_its_field(
    verb: str, body: Any, expected: dict[str, str], vendor: Vendor, owner_client: APIClient
) -> None:
    row, other = order(vendor, VERBS[verb][0]), sale(vendor)
    names = {"own": row.lines.get().pk, "other": other.lines.get().pk}
    if "lines" in body:
        lines = [{**part, "line": names.get(part["line"], part["line"])} for part in body["lines"]]
        body = {**body, "lines": lines}
    before = StockMovement.objects.count()
    assert faults(say(owner_client, row, verb, body)) == expected
    assert StockMovement.objects.count() == before


def _too_many(row: Order) -> dict[str, Any]:
    """Two and one are more than two."""
    line = row.lines.get().pk
    return {"lines": [{"line": line, "quantity": 2}, {"line": line, "quantity": 1}]}


def _too_much(row: Order) -> dict[str, Any]:
    return {"lines": [{"line": row.lines.get().pk, "quantity": 2, "refund": "20.01"}]}


@pytest.mark.parametrize(
    ("verb", "status", "body", "code", "told"),
    [
        ("fulfil", "confirmed", _too_many, "exceeds_order", {"left": 2}),
        ("return", "completed", _too_many, "return_exceeds_sale", {"left": 0}),
        ("return", "completed", _too_much, "refund_exceeds_paid", {"left": "20.00"}),
        ("return", "confirmed", lambda row: said(row, "return"), "return_exceeds_sale",
         {"left": 0}),
    ],
)  # fmt: skip
def test_refusal_says_what_is_left_of_which_line(
    verb: str, status: str, body: Callable[[Order], Any], code: str, told: dict[str, Any],
    vendor: Vendor, owner_client: APIClient,
) -> None:  # fmt: skip
    row = order(vendor, status)
    answer = say(owner_client, row, verb, body(row))
    assert refusal(answer) == (409, code)
    assert answer.json() == answer.json() | told | {"line": row.lines.get().pk}


def test_order_is_not_placed_without_lines_or_stock(
    vendor: Vendor, owner_client: APIClient
) -> None:
    empty = order(vendor, lines=[])
    answer = say(owner_client, empty, "place")
    assert refusal(answer) == (409, "empty_order")
    assert answer.json()["errors"][0]["field"] == "lines"
    scarce = order(vendor, "draft", stocked(vendor, quantity=1))
    answer = say(owner_client, scarce, "place")
    assert refusal(answer) == (409, "insufficient_stock")
    assert answer.json()["available"] == 1


def test_order_is_not_placed_when_an_item_has_gone(
    vendor: Vendor, item: Collectible, owner_client: APIClient
) -> None:
    row = order(vendor, "draft", stocked(vendor), item)
    item.delete()
    answer = say(owner_client, row, "place")
    assert refusal(answer) == (409, "item_deleted")
    assert answer.json()["errors"][0]["field"] == "lines.1.item"
    item.restore()
    assert say(owner_client, row, "place").status_code == 200


def test_order_is_not_confirmed_when_it_has_expired(
    vendor: Vendor, owner_client: APIClient
) -> None:
    row = order(vendor, "pending")
    Order.objects.update(expires_at=timezone.now())
    assert refusal(say(owner_client, row, "confirm")) == (409, "order_expired")


def test_order_is_cancelled_for_a_reason(vendor: Vendor, owner_client: APIClient) -> None:
    row = order(vendor, "confirmed")
    body = say(owner_client, row, "cancel", {"reason": "out_of_stock"}).json()
    assert (body["cancel_reason"], body["actions"]) == ("out_of_stock", [])
    assert say(owner_client, order(vendor), "cancel").json()["cancel_reason"] == "customer"


def test_rest_of_an_order_is_given_up(
    vendor: Vendor, item: Collectible, owner_client: APIClient
) -> None:
    ann = CustomerFactory(vendor=vendor)
    row = order(vendor, "confirmed", item, customer=ann, discount=Decimal("3.01"), fees=Decimal(1))
    one = [{"line": row.lines.get().pk, "quantity": 1}]
    before = say(owner_client, row, "fulfil", {"lines": one}).json()
    key = {"HTTP_IDEMPOTENCY_KEY": "give-up-the-rest-0001"}
    answer = say(owner_client, row, "cancel", {"reason": "out_of_stock"}, **key)
    assert answer.status_code == 200, answer.content
    body, [line] = answer.json(), before["lines"]
    assert body == before | {
        "status": "fulfilled", "actions": ["complete", "return"], "updated_at": body["updated_at"],
        "lines": [line | {"cancelled": 1, "order_discount": "1.50", "total": "8.50"}],
        "subtotal": "10.00", "discount": "1.50", "total": "8.50", "net_proceeds": "7.50",
        "fulfilled_at": before["fulfilments"][0]["fulfilled_at"],
    }  # fmt: skip
    assert body["updated_at"] > before["updated_at"]
    assert (line["quantity"], line["cancelled"], line["revenue"]) == (2, 0, "8.50")
    item.refresh_from_db()
    assert (item.quantity, item.available) == (9, 9)
    assert say(owner_client, row, "cancel", {"reason": "out_of_stock"}, **key).json() == body
    assert refusal(say(owner_client, row, "cancel")) == (409, "invalid_transition")
    assert owner_client.put(f"{ORDERS}{row.pk}/", body).json() == body
    assert owner_client.get("/api/v1/sales/").json()["results"] == [body]
    spent = owner_client.get(f"/api/v1/customers/{ann.pk}/").json()
    assert (spent["orders_count"], spent["total_spent"]) == (1, "8.50")
