"""Orders at the door: drafted, read, rewritten and thrown away; whole bodies."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from core.models import AuditLog
from inventory.models import Collectible, StockLot
from sales.models import Customer, Order, OrderLine
from tests.factories import StoreFactory
from tests.factories.orders import order, stocked
from tests.vendors.people import refusal
from users.models import User
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
ORDERS = "/api/v1/orders/"


@pytest.fixture
def item(vendor: Vendor) -> Collectible:
    row: Collectible = stocked(vendor, sku="75192-1", name="Falcon")
    return row


def faults(answer: Any) -> dict[str, str]:
    """What is wrong, by field."""
    assert refusal(answer) == (400, "validation_error"), answer.content
    return {error["field"]: error["code"] for error in answer.json()["errors"]}


def test_draft_is_answered_in_full(
    vendor: Vendor, item: Collectible, owner_client: APIClient
) -> None:
    customer = Customer.objects.create(vendor=vendor, name="Ann")
    tomorrow = str((timezone.now() + timedelta(days=1)).date())
    answer = owner_client.post(ORDERS, {
        "customer": customer.pk, "channel": "eBay", "notes": "Ring twice", "is_gift": True,
        "gift_message": "Enjoy", "preferred_delivery_date": tomorrow, "fees": "1.5",
        "postage": "4", "discount": "1.01",
        "lines": [
            {"item": item.pk, "quantity": 2},
            {"sku": "75192-1", "quantity": 1, "unit_price": "9.99", "discount": "0.99",
             "tax_rate": "19", "lot": item.lots.get().pk},
        ],
    })  # fmt: skip
    assert answer.status_code == 201, answer.content
    body, [first, second] = answer.json(), OrderLine.objects.order_by("pk")
    nothing = {
        "cancelled": 0, "fulfilled": 0, "returned": 0, "revenue": "0.00", "refunded": "0.00",
        "cost": None, "fees": "0.00", "postage": "0.00", "profit": None, "margin": None,
        "item": item.pk, "sku": "75192-1", "name": "Falcon",
    }  # fmt: skip
    row = Order.objects.get()
    assert body == {
        "id": row.pk, "vendor": vendor.pk, "number": None, "status": "draft",
        "customer": customer.pk, "store": vendor.stores.get().pk,
        "lines": [
            {"id": first.pk, "lot": None, "quantity": 2, "unit_price": "10.00",
             "discount": "0.00", "order_discount": "0.70", "tax_rate": "0.00", "tax": "0.00",
             "total": "19.30", **nothing},
            {"id": second.pk, "lot": item.lots.get().pk, "quantity": 1, "unit_price": "9.99",
             "discount": "0.99", "order_discount": "0.31", "tax_rate": "19.00", "tax": "1.65",
             "total": "10.34", **nothing},
        ],
        "subtotal": "29.00", "discount": "1.01", "tax": "1.65", "fees": "1.50",
        "postage": "4.00", "total": "29.64", "refunded": "0.00", "cost": None, "profit": None,
        "margin": None, "net_proceeds": None, "currency": "USD", "channel": "eBay",
        "notes": "Ring twice", "is_gift": True, "gift_message": "Enjoy",
        "preferred_delivery_date": tomorrow, "cancel_reason": "", "placed_at": None,
        "expires_at": None, "confirmed_at": None, "fulfilled_at": None, "completed_at": None,
        "cancelled_at": None, "fulfilments": [], "returns": [],
        "actions": ["change", "delete", "place", "cancel"],
        "created_at": body["created_at"], "updated_at": body["updated_at"],
    }  # fmt: skip
    read = owner_client.get(f"{ORDERS}{row.pk}/")
    assert (read.json(), read["ETag"]) == (body, answer["ETag"])
    assert owner_client.get(ORDERS).json()["results"] == [body]
    assert (row.created_by, item.available) == (vendor.owner, 10)


def test_draft_is_for_where_the_caller_works(
    vendor: Vendor, item: Collectible, owner_client: APIClient
) -> None:
    stall = StoreFactory(vendor=vendor, is_default=False)
    owner_client.post("/api/v1/vendor-stores/select/", {"store": stall.pk})
    body = {"lines": [{"item": item.pk, "quantity": 1}]}
    assert owner_client.post(ORDERS, body).json()["store"] == stall.pk


def test_patch_of_a_draft_replaces_the_lines_it_gives(
    vendor: Vendor, item: Collectible, owner_client: APIClient
) -> None:
    address = f"{ORDERS}{order(vendor, 'draft', item).pk}/"
    other = stocked(vendor, value=Decimal(3))
    before = owner_client.get(address)
    kept = owner_client.patch(address, {"discount": "2", "notes": "x"}).json()
    assert [line["id"] for line in kept["lines"]] == [before.json()["lines"][0]["id"]]
    assert (kept["total"], kept["lines"][0]["order_discount"]) == ("18.00", "2.00")
    answer = owner_client.patch(address, {"lines": [{"item": other.pk, "quantity": 3}]})
    body = answer.json()
    assert [line["item"] for line in body["lines"]] == [other.pk]
    assert (body["subtotal"], body["total"], body["notes"]) == ("9.00", "7.00", "x")
    assert before["ETag"] != answer["ETag"] == owner_client.get(address)["ETag"]


@pytest.mark.parametrize("status", ["draft", "pending", "completed"])
def test_what_was_read_can_be_put_back_and_changes_nothing(
    status: str, vendor: Vendor, item: Collectible, owner_client: APIClient
) -> None:
    address = f"{ORDERS}{order(vendor, status, item, stocked(vendor)).pk}/"
    read = owner_client.get(address)
    answer = owner_client.put(address, read.json())
    assert answer.status_code == 200, answer.content
    assert (answer.json(), answer["ETag"]) == (read.json(), read["ETag"])
    assert AuditLog.objects.filter(action__startswith="changed order").count() == 0


@pytest.mark.parametrize("status", ["draft", "completed"])
def test_order_is_put_back_under_the_sku_its_item_had(
    status: str, vendor: Vendor, item: Collectible, owner_client: APIClient
) -> None:
    """And under that of today; another item's, and of a new order that of then, are mistakes."""
    address = f"{ORDERS}{order(vendor, status, item).pk}/"
    read = owner_client.get(address)
    owner_client.patch(f"/api/v1/catalog/items/{item.pk}/", {"sku": "75192-2"})
    stocked(vendor, sku="75192-1")
    [line] = read.json()["lines"]
    for sku in ("75192-1", "75192-2"):
        answer = owner_client.put(address, read.json() | {"lines": [line | {"sku": sku}]})
        assert (answer.status_code, answer.json()) == (200, read.json()), sku
    other = {"item": item.pk, "sku": stocked(vendor).sku, "quantity": 2}
    assert faults(owner_client.patch(address, {"lines": [other]})) == {"lines.0.sku": "mismatch"}
    anew = {"lines": [{"item": item.pk, "sku": "75192-1", "quantity": 2}]}
    assert faults(owner_client.post(ORDERS, anew)) == {"lines.0.sku": "mismatch"}


@pytest.mark.parametrize("status", ["pending", "confirmed", "completed", "cancelled", "returned"])
def test_of_what_is_placed_only_what_is_no_term_can_change(
    status: str, vendor: Vendor, owner_client: APIClient
) -> None:
    row = order(vendor, status)
    address = f"{ORDERS}{row.pk}/"
    said = {
        "channel": "Shop", "fees": "1.00", "postage": "2.00", "notes": "Left at the door",
        "is_gift": True, "gift_message": "Enjoy", "preferred_delivery_date": "2099-01-01",
    }  # fmt: skip
    answer = owner_client.patch(address, said)
    assert answer.status_code == 200, answer.content
    assert answer.json() == answer.json() | said
    terms: list[dict[str, Any]] = [
        {"discount": "1"}, {"currency": "EUR"},
        {"lines": []}, {"store": StoreFactory(vendor=vendor, is_default=False).pk},
        {"customer": Customer.objects.create(vendor=vendor, name="Ann").pk},
    ]  # fmt: skip
    for term in terms:
        refused = owner_client.patch(address, term)
        assert refusal(refused) == (409, "invalid_transition"), term
        assert (refused.json()["verb"], refused.json()["order_status"]) == ("change", status)
        assert refused.json()["status"] == 409
    assert owner_client.get(address).json() == answer.json()


def test_only_drafts_are_deleted(vendor: Vendor, owner_client: APIClient) -> None:
    draft, placed = order(vendor), order(vendor, "pending")
    assert owner_client.delete(f"{ORDERS}{draft.pk}/").status_code == 204
    assert owner_client.get(f"{ORDERS}{draft.pk}/").status_code == 404
    refused = owner_client.delete(f"{ORDERS}{placed.pk}/")
    assert refusal(refused) == (409, "invalid_transition")
    assert Order.objects.get() == placed


LINE = {"sku": "75192-1", "quantity": 1}
MOST = "999999999999.99"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {"lines": "required"}),
        ({"lines": None}, {"lines": "null"}),
        ({"lines": {}}, {"lines": "not_a_list"}),
        ({"lines": [LINE] * 501}, {"lines": "max_length"}),
        ({"lines": [7]}, {"lines.0": "invalid"}),
        ({"lines": [LINE, {"sku": "75192-1"}]}, {"lines.1.quantity": "required"}),
        ({"lines": [{"quantity": 1}]}, {"lines.0.item": "required"}),
        ({"lines": [{**LINE, "quantity": 0}]}, {"lines.0.quantity": "min_value"}),
        ({"lines": [{**LINE, "quantity": 10**9 + 1}]}, {"lines.0.quantity": "max_value"}),
        ({"lines": [{**LINE, "quantity": "1"}]}, {"lines.0.quantity": "invalid"}),
        ({"lines": [{**LINE, "unit_price": "-1"}]}, {"lines.0.unit_price": "min_value"}),
        ({"lines": [{**LINE, "unit_price": "1.001"}]},
         {"lines.0.unit_price": "max_decimal_places"}),
        ({"lines": [{**LINE, "unit_price": None}]}, {"lines.0.unit_price": "null"}),
        ({"lines": [{**LINE, "tax_rate": "100.01"}]}, {"lines.0.tax_rate": "max_value"}),
        ({"lines": [{**LINE, "discount": "10.01"}]}, {"lines.0.discount": "max_value"}),
        ({"lines": [{**LINE, "colour": "red"}]}, {"lines.0.colour": "unknown_field"}),
        ({"lines": [{"item": 0, "quantity": 1}]}, {"lines.0.item": "min_value"}),
        ({"lines": [{"item": "1", "quantity": 1}]}, {"lines.0.item": "invalid"}),
        ({"lines": [{"sku": "75192-2", "quantity": 1}, LINE, {"item": 2**63 - 1, "quantity": 1}]},
         {"lines.0.sku": "does_not_exist", "lines.2.item": "does_not_exist"}),
        ({"lines": [LINE, {**LINE, "lot": 2**62}]}, {"lines.1.lot": "does_not_exist"}),
        ({"lines": [{**LINE, "unit_price": MOST, "quantity": 10**9}]}, {"lines": "max_value"}),
        ({"lines": [LINE], "discount": "10.01"}, {"discount": "max_value"}),
        ({"lines": [LINE], "discount": "-1"}, {"discount": "min_value"}),
        ({"lines": [LINE], "fees": "-1"}, {"fees": "min_value"}),
        ({"lines": [LINE], "currency": "XXX"}, {"currency": "currency"}),
        ({"lines": [LINE], "currency": "EUR"}, {"lines.0.unit_price": "required"}),
        ({"lines": [LINE], "preferred_delivery_date": "2026-01-01"},
         {"preferred_delivery_date": "in_past"}),
        ({"lines": [LINE], "notes": "x" * 2001}, {"notes": "max_length"}),
        ({"lines": [LINE], "colour": "red"}, {"colour": "unknown_field"}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_in_its_field(
    body: dict[str, Any], expected: dict[str, str], item: Collectible, vendor: Vendor,
    owner_client: APIClient,
) -> None:  # fmt: skip
    assert faults(owner_client.post(ORDERS, body)) == expected
    assert Order.objects.count() == 0
    row = order(vendor, "draft", item)
    if body not in ({}, {"lines": []}):
        assert faults(owner_client.patch(f"{ORDERS}{row.pk}/", body)) == expected


def test_sku_is_the_vendors_and_the_items(
    vendor: Vendor, item: Collectible, owner: User, owner_client: APIClient
) -> None:
    other = stocked(vendor, sku="B")
    twin = stocked(StoreFactory(vendor__owner=owner).vendor, sku="75192-1")
    answer = owner_client.post(ORDERS, {"lines": [LINE]})
    assert answer.json()["lines"][0]["item"] == item.pk
    answer = owner_client.post(ORDERS, {"vendor": twin.vendor_id, "lines": [LINE]})
    assert answer.json()["lines"][0]["item"] == twin.pk
    assert faults(
        owner_client.post(ORDERS, {"lines": [{**LINE, "item": other.pk}]})
    ) == {"lines.0.sku": "mismatch"}  # fmt: skip
    assert faults(
        owner_client.post(ORDERS, {"lines": [{"item": twin.pk, "quantity": 1}]})
    ) == {"lines.0.item": "foreign"}  # fmt: skip


def test_what_is_a_strangers_is_not_told_from_what_is_not_there(
    vendor: Vendor, item: Collectible, stranger: User, owner_client: APIClient
) -> None:
    theirs = stocked(stranger.vendors.get(), sku="THEIRS")
    customer = Customer.objects.create(vendor=theirs.vendor, name="Bob")
    lot, store = StockLot.objects.get(item=theirs), theirs.vendor.stores.get()
    told = []
    for key in (None, 999_999):
        lines = [
            {"item": key or theirs.pk, "quantity": 1}, {**LINE, "lot": key or lot.pk},
            {"sku": "THEIRS" if key is None else "NOBODYS", "quantity": 1},
        ]  # fmt: skip
        for body in (
            {"lines": lines}, {"lines": [LINE], "customer": key or customer.pk},
            {"lines": [LINE], "store": key or store.pk},
            {"lines": [LINE], "vendor": key or theirs.vendor_id},
        ):  # fmt: skip
            told.append(faults(owner_client.post(ORDERS, body)))  # noqa: PERF401
    assert told[:4] == told[4:]
    assert told[0] == dict.fromkeys(
        ["lines.0.item", "lines.1.lot", "lines.2.sku"], "does_not_exist"
    )
    assert told[1:4] == [{name: "does_not_exist"} for name in ("customer", "store", "vendor")]


def test_what_is_of_another_own_shop_is_foreign(
    vendor: Vendor, item: Collectible, owner: User, owner_client: APIClient
) -> None:
    annex = StoreFactory(vendor__owner=owner)
    customer = Customer.objects.create(vendor=annex.vendor, name="Bob")
    stall = StoreFactory(vendor=vendor, is_default=False)
    row = order(vendor)
    for body, field in [
        ({"store": annex.pk}, "store"), ({"customer": customer.pk}, "customer"),
        ({"store": stall.pk, "lines": [{**LINE, "lot": item.lots.get().pk}]}, "lines.0.lot"),
    ]:  # fmt: skip
        whole = {"lines": [LINE], **body}
        assert faults(owner_client.post(ORDERS, whole)) == {field: "foreign"}
        assert faults(owner_client.patch(f"{ORDERS}{row.pk}/", body)) == {field: "foreign"}
    refused = owner_client.patch(f"{ORDERS}{row.pk}/", {"vendor": annex.vendor_id})
    assert faults(refused) == {"vendor": "immutable"}
