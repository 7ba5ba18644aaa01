"""Sales over the counter, and the history of what was sold."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from inventory.models import Collectible, StockMovement
from sales.models import Customer, Order, OrderLine
from tests.factories import MemberFactory, StoreFactory
from tests.factories.orders import STATUSES, order, sale, stocked
from tests.sales.test_orders_api import faults
from tests.vendors.people import PEOPLE, client_of, refusal
from users.models import User
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
SALES = "/api/v1/sales/"
ORDERS = "/api/v1/orders/"


@pytest.fixture
def item(vendor: Vendor) -> Collectible:
    row: Collectible = stocked(vendor, sku="75192-1", name="Falcon")
    return row


def test_sale_is_answered_as_the_completed_order(
    vendor: Vendor, item: Collectible, owner_client: APIClient
) -> None:
    customer = Customer.objects.create(vendor=vendor, name="Ann")
    other = stocked(vendor, unit_cost="1.00", value=Decimal(5))
    answer = owner_client.post(SALES, {
        "customer": customer.pk, "channel": "eBay", "notes": "Fair", "fees": "3.00",
        "postage": "1.50", "discount": "5.00",
        "lines": [{"sku": "75192-1", "quantity": 2}, {"item": other.pk, "quantity": 1}],
    })  # fmt: skip
    assert answer.status_code == 201, answer.content
    row = Order.objects.get()
    body, [first, second] = answer.json(), row.lines.order_by("pk")
    at, none = body["placed_at"], {"tax_rate": "0.00", "tax": "0.00", "discount": "0.00"}
    none |= {"refunded": "0.00", "returned": 0, "cancelled": 0, "lot": None}  # type: ignore[dict-item]
    assert body == {
        "id": row.pk, "vendor": vendor.pk, "number": f"ORD-{timezone.now().year}-000001",
        "status": "completed", "customer": customer.pk, "store": vendor.stores.get().pk,
        "lines": [
            {"id": first.pk, "item": item.pk, "sku": "75192-1", "name": "Falcon", "quantity": 2,
             "unit_price": "10.00", "order_discount": "4.00", "total": "16.00", "fulfilled": 2,
             "revenue": "16.00", "cost": "12.00", "fees": "2.40", "postage": "1.20",
             "profit": "0.40", "margin": "2.50", **none},
            {"id": second.pk, "item": other.pk, "sku": other.sku, "name": other.name,
             "quantity": 1, "unit_price": "5.00", "order_discount": "1.00", "total": "4.00",
             "fulfilled": 1, "revenue": "4.00", "cost": "1.00", "fees": "0.60",
             "postage": "0.30", "profit": "2.10", "margin": "52.50", **none},
        ],
        "subtotal": "25.00", "discount": "5.00", "tax": "0.00", "fees": "3.00",
        "postage": "1.50", "total": "20.00", "refunded": "0.00", "cost": "13.00",
        "profit": "2.50", "margin": "12.50", "net_proceeds": "15.50", "currency": "USD",
        "channel": "eBay", "notes": "Fair", "is_gift": False, "gift_message": "",
        "preferred_delivery_date": None, "cancel_reason": "", "placed_at": at,
        "expires_at": None, "confirmed_at": at, "fulfilled_at": at, "completed_at": at,
        "cancelled_at": None, "returns": [], "actions": ["return"],
        "fulfilments": [{
            "id": row.fulfilments.get().pk, "carrier": "", "tracking_number": "",
            "fulfilled_at": at, "lines": [{"line": first.pk, "quantity": 2},
                                          {"line": second.pk, "quantity": 1}],
        }],
        "created_at": body["created_at"], "updated_at": body["updated_at"],
    }  # fmt: skip
    for address in (f"{SALES}{row.pk}/", f"{ORDERS}{row.pk}/"):
        read = owner_client.get(address)
        assert (read.json(), read["ETag"]) == (body, answer["ETag"])
    assert owner_client.get(SALES).json()["results"] == [body]


def test_one_line_is_said_flat(vendor: Vendor, item: Collectible, owner_client: APIClient) -> None:
    body = {"sku": "75192-1", "quantity": 3, "unit_price": "7.00", "lot": item.lots.get().pk,
            "tax_rate": "10", "discount": "1.00"}  # fmt: skip
    answer = owner_client.post(SALES, body)
    assert answer.status_code == 201, answer.content
    [line] = answer.json()["lines"]
    assert line == line | {"item": item.pk, "quantity": 3, "lot": item.lots.get().pk,
                           "order_discount": "1.00", "total": "22.00"}  # fmt: skip
    item.refresh_from_db()
    assert item.quantity == 7


def test_cost_in_another_currency_leaves_the_profit_unknown(
    vendor: Vendor, item: Collectible, owner_client: APIClient
) -> None:
    body = {"item": item.pk, "quantity": 1, "unit_price": "7.00", "currency": "EUR"}
    sold = owner_client.post(SALES, body).json()
    for told in (sold, sold["lines"][0]):
        assert (told["cost"], told["profit"], told["margin"]) == (None, None, None)
    assert sold["net_proceeds"] == "7.00"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {"item": "required", "quantity": "required"}),
        ({"quantity": 1}, {"item": "required"}),
        ({"sku": "75192-1"}, {"quantity": "required"}),
        ({"lines": []}, {"lines": "empty"}),
        ({"lines": [{"sku": "75192-1", "quantity": 1}], "quantity": 1}, {"lines": "both"}),
        ({"lines": [{"sku": "75192-1", "quantity": 1}] * 501}, {"lines": "max_length"}),
        ({"lines": [{"sku": "no", "quantity": 1}]}, {"lines.0.sku": "does_not_exist"}),
        ({"sku": "no", "quantity": 1}, {"sku": "does_not_exist"}),
        ({"sku": "75192-1", "quantity": 1, "lot": 2**62}, {"lot": "does_not_exist"}),
        ({"sku": "75192-1", "quantity": 1, "currency": "EUR"}, {"unit_price": "required"}),
        ({"sku": "75192-1", "quantity": 1, "discount": "10.01"}, {"discount": "max_value"}),
        ({"sku": "75192-1", "quantity": 1, "tax_rate": "-1"}, {"tax_rate": "min_value"}),
        ({"sku": "75192-1", "quantity": 1, "sold_at": "2999-01-01T00:00:00Z"},
         {"sold_at": "in_future"}),
        ({"sku": "75192-1", "quantity": 1, "colour": "red"}, {"colour": "unknown_field"}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_in_its_field(
    body: dict[str, Any], expected: dict[str, str], item: Collectible, owner_client: APIClient
) -> None:
    assert faults(owner_client.post(SALES, body)) == expected
    assert Order.objects.count() == 0


def test_sale_beyond_the_stock_is_no_sale(item: Collectible, owner_client: APIClient) -> None:
    answer = owner_client.post(SALES, {"item": item.pk, "quantity": 11})
    assert refusal(answer) == (409, "insufficient_stock")
    assert answer.json()["available"] == 10
    assert Order.objects.count() == 0


def test_sale_of_before_the_stock_came_is_refused(
    item: Collectible, owner_client: APIClient
) -> None:
    body = {"item": item.pk, "quantity": 1, "sold_at": "2020-01-01T00:00:00Z"}
    assert refusal(owner_client.post(SALES, body)) == (409, "insufficient_stock")


def test_sale_posted_twice_with_one_key_is_one_sale(
    item: Collectible, owner_client: APIClient
) -> None:
    body, key = {"item": item.pk, "quantity": 1}, {"HTTP_IDEMPOTENCY_KEY": "till-1-0001"}
    first, second = (owner_client.post(SALES, body, **key) for _ in range(2))
    assert first.json() == second.json()
    assert (first["ETag"], second["Idempotent-Replayed"]) == (second["ETag"], "true")
    assert (Order.objects.count(), StockMovement.objects.filter(kind="sale").count()) == (1, 1)


@pytest.mark.parametrize("role", [*PEOPLE, "anonymous"])
@pytest.mark.parametrize("address", [SALES, ORDERS])
def test_selling_is_for_those_whose_role_allows_it(
    address: str, role: str, item: Collectible, vendor: Vendor, sign_in: Any
) -> None:
    client = APIClient() if role == "anonymous" else client_of(sign_in, vendor, role)
    body = {"vendor": vendor.pk, "lines": [{"item": item.pk, "quantity": 1}]}
    answer = client.post(address, body)
    expected = {"anonymous": 401, "stranger": 400, "viewer": 403}.get(role, 201)
    assert answer.status_code == expected, answer.content
    assert Order.objects.count() == (expected == 201)
    read = client.get(address)
    if role != "anonymous":
        assert read.json()["count"] == (expected == 201)


@pytest.mark.parametrize("role", PEOPLE)
def test_everybody_who_works_there_reads(role: str, vendor: Vendor, sign_in: Any) -> None:
    row, client = sale(vendor), client_of(sign_in, vendor, role)
    for address in (SALES, ORDERS):
        found = 0 if role == "stranger" else 1
        assert client.get(address).json()["count"] == found
        assert client.get(f"{address}{row.pk}/").status_code == (200 if found else 404)


def test_history_has_what_was_sold_and_nothing_else(
    vendor: Vendor, owner_client: APIClient
) -> None:
    rows = {status: order(vendor, status) for status in [*STATUSES, "cancelled", "returned"]}
    found = [row["id"] for row in owner_client.get(SALES).json()["results"]]
    assert found == [rows[status].pk for status in ("returned", "completed", "fulfilled")]
    assert owner_client.get(f"{SALES}{rows['draft'].pk}/").status_code == 404


def _in_many_ways(vendor: Vendor) -> dict[str, Any]:
    """Two orders, and for each filter what only the first has."""
    customer = Customer.objects.create(vendor=vendor, name="Ann Lee", email="ann@example.com")
    stall = StoreFactory(vendor=vendor, is_default=False)
    item = stocked(vendor)
    first = sale(vendor, item, customer=customer, channel="eBay")
    Order.objects.filter(pk=first.pk).update(store=stall)
    second = sale(vendor)
    between = (first.created_at + (second.created_at - first.created_at) / 2).isoformat()
    soon = (timezone.now() + timedelta(days=1)).isoformat()
    both = {
        "vendor": vendor.pk, "customer": customer.pk, "store": stall.pk, "channel": "eBay",
        "search": "ann le",
    }  # fmt: skip
    return {
        "first": first, "second": second,
        SALES: [*both.items(), ("item", item.pk), ("sold_before", between), ("sold_after", soon),
                ("search", first.number)],
        ORDERS: [*both.items(), ("number", first.number), ("status", "completed"),
                 ("created_before", between), ("placed_before", between), ("placed_after", soon),
                 ("created_after", soon), ("search", "ann@example")],
    }  # fmt: skip


@pytest.mark.parametrize("address", [SALES, ORDERS])
def test_filters_let_through_what_they_say(
    address: str, vendor: Vendor, owner_client: APIClient
) -> None:
    world = _in_many_ways(vendor)
    both = {"vendor", "status"}
    for name, value in world[address]:
        body = owner_client.get(address, {name: value}).json()
        expected = {world["first"].pk} | ({world["second"].pk} if name in both else set())
        expected = set() if name.endswith("_after") else expected
        assert {row["id"] for row in body["results"]} == expected, name
    for name in ("vendor", "customer", "store"):
        assert owner_client.get(address, {name: 2**70}).json()["count"] == 0
    for query in ({"status": "sold"}, {"customer": "x"}, {"colour": "red"}, {"ordering": "fees"}):
        assert owner_client.get(address, query).status_code == 400, query


@pytest.mark.parametrize("address", [SALES, ORDERS])
def test_order_is_the_latest_first_or_as_told(
    address: str, vendor: Vendor, owner_client: APIClient
) -> None:
    for price in (2, 3, 1):
        sale(vendor, stocked(vendor, value=Decimal(price)))

    def prices(**query: str) -> list[str]:
        return [row["total"] for row in owner_client.get(address, query).json()["results"]]

    assert prices() == ["1.00", "3.00", "2.00"]
    assert prices(ordering="total") == ["1.00", "2.00", "3.00"]
    assert prices(ordering="placed_at") == ["2.00", "3.00", "1.00"]


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("name", ["sales", "orders"])
def test_list_takes_as_many_queries_for_many_as_for_one(
    version: str, name: str, vendor: Vendor, owner_client: APIClient
) -> None:
    counts = []
    for _ in range(2):
        row = order(vendor, "completed", *[stocked(vendor) for _ in range(3)])
        line = {"line": row.lines.first().pk, "quantity": 1}
        owner_client.post(f"{ORDERS}{row.pk}/return/", {"lines": [line]})
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page = owner_client.get(f"/api/{version}/{name}/").json()
        counts.append(len(queries))
    assert len(page["results"]) == 2
    # Who asks, which shops, the rows and what hangs on them; v1 counts them too.
    assert counts == [7 + (version == "v1")] * 2


def test_five_hundred_lines_are_looked_up_at_once(vendor: Vendor, owner_client: APIClient) -> None:
    items = [stocked(vendor) for _ in range(3)]

    def queries_of(lines: list[dict[str, Any]]) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert owner_client.post(ORDERS, {"lines": lines}).status_code == 201
        return len(queries)

    few = [{"sku": items[0].sku, "quantity": 1}, {"item": items[1].pk, "quantity": 1}]
    many = [{"sku": items[n % 2].sku, "quantity": 1} for n in range(499)]
    assert queries_of(few) == queries_of([*many, {"item": items[2].pk, "quantity": 1}])
    assert OrderLine.objects.count() == 502


def test_salesperson_of_two_shops_sells_in_the_one_they_work_in(
    item: Collectible, vendor: Vendor, sign_in: Any
) -> None:
    user: User = MemberFactory(vendor=vendor, role="sales").user
    annex = StoreFactory()
    MemberFactory(vendor=annex.vendor, user=user, role="viewer")
    client = sign_in(user)
    body = {"item": item.pk, "quantity": 1}
    assert client.post(SALES, {**body, "vendor": annex.vendor_id}).status_code == 403
    assert client.post(SALES, {**body, "vendor": vendor.pk}).json()["vendor"] == vendor.pk
