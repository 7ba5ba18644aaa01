"""What customers bought: true to the cent, and asked for the page alone."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from sales.models import Customer, Order
from sales.selectors import get_customers_for_user
from sales.services import OrderService, Returned
from tests.core.test_cursors import walk
from tests.factories import CustomerFactory
from tests.factories.orders import order, sale, stocked
from users.models import User
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
CUSTOMERS = "/api/v1/customers/"
MARCH, APRIL = (datetime(2026, month, 10, 12, tzinfo=UTC) for month in (3, 4))


@pytest.fixture
def ann(vendor: Vendor) -> Customer:
    row: Customer = CustomerFactory(vendor=vendor, name="Ann")
    return row


def figures(client: APIClient, customer: Customer) -> tuple[int, str, str | None]:
    body = client.get(f"{CUSTOMERS}{customer.pk}/").json()
    return body["orders_count"], body["total_spent"], body["last_order_at"]


def test_what_was_sold_counts_and_nothing_else(
    owner_client: APIClient, vendor: Vendor, ann: Customer
) -> None:
    item = stocked(vendor, since=MARCH, quantity=50)
    for status in ("draft", "pending", "confirmed", "cancelled"):
        order(vendor, status, item, customer=ann)
    assert figures(owner_client, ann) == (0, "0.00", None)
    for moment in (APRIL, MARCH):
        sale(vendor, item, customer=ann, sold_at=moment)
    sale(vendor, item, sold_at=APRIL)
    assert figures(owner_client, ann) == (2, "20.00", "2026-04-10T12:00:00Z")
    fulfilled = order(vendor, "fulfilled", item, customer=ann)
    assert figures(owner_client, ann)[:2] == (3, "40.00")
    [line] = fulfilled.lines.all()
    part = Returned(line, 1, refund=Decimal("7.50"))
    OrderService.take_back(order=fulfilled, returns=[part], by=vendor.owner)
    assert figures(owner_client, ann)[:2] == (3, "32.50")


def test_another_currency_is_counted_and_not_added(
    owner_client: APIClient, vendor: Vendor, ann: Customer
) -> None:
    sale(vendor, customer=ann)
    sale(vendor, stocked(vendor, currency="EUR"), customer=ann, currency="EUR")
    assert figures(owner_client, ann)[:2] == (2, "10.00")


def test_tag_moves_with_what_they_buy_and_still_lets_change(
    owner_client: APIClient, vendor: Vendor, ann: Customer
) -> None:
    place = f"{CUSTOMERS}{ann.pk}/"
    before = owner_client.get(place)["ETag"]
    sale(vendor, customer=ann)
    read = owner_client.get(place, HTTP_IF_NONE_MATCH=before)
    assert (read.status_code, read["ETag"] == before) == (200, False)
    changed = owner_client.patch(place, {"phone": "1"}, HTTP_IF_MATCH=before)
    assert (changed.status_code, changed.json()["orders_count"]) == (200, 1)


def test_list_is_ordered_by_what_they_bought(owner_client: APIClient, vendor: Vendor) -> None:
    item = stocked(vendor, since=MARCH)
    often = CustomerFactory(vendor=vendor, name="Often")
    much = CustomerFactory(vendor=vendor, name="Much")
    CustomerFactory(vendor=vendor, name="Never")
    for _twice in range(2):
        sale(vendor, item, customer=often, sold_at=APRIL)
    sale(vendor, stocked(vendor, value=99, since=MARCH), customer=much, sold_at=MARCH)
    orders = {
        "total_spent": ["Never", "Often", "Much"],
        "-total_spent": ["Much", "Often", "Never"],
        "-orders_count": ["Often", "Much", "Never"],
        "last_order_at": ["Much", "Often", "Never"],
        "-name": ["Often", "Never", "Much"],
    }
    for ordering, expected in orders.items():
        page = owner_client.get(CUSTOMERS, {"ordering": ordering}).json()
        assert [row["name"] for row in page["results"]] == expected, ordering
        first = f"/api/v2/customers/?ordering={ordering}&page_size=1"
        walked = [row["name"] for page in walk(owner_client, first) for row in page["results"]]
        assert walked == expected, ordering


def test_a_page_costs_the_same_queries_however_long_it_is(
    owner_client: APIClient, vendor: Vendor, django_assert_num_queries: Any
) -> None:
    # The user, the shops, the count, the page, and what those on it bought.
    for rows in (1, 8):
        for _row in range(rows):
            sale(vendor, customer=CustomerFactory(vendor=vendor))
        with django_assert_num_queries(5):
            page = owner_client.get(CUSTOMERS).json()
        assert {row["orders_count"] for row in page["results"]} == {1}


@pytest.fixture
def many(vendor: Vendor) -> Vendor:
    """A shop of three thousand customers, and another of as many, with an order each."""
    for shop in (vendor, CustomerFactory().vendor):
        rows = [Customer(vendor=shop, name=f"Customer {n:04}") for n in range(3000)]
        Customer.objects.bulk_create(rows)
        store = sale(shop).store
        Order.objects.bulk_create(
            Order(vendor=shop, store=store, customer=row, status="completed", number=f"N{row.pk}",
                  subtotal=5, total=5, placed_at=MARCH)
            for row in rows
        )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE sales_customer, sales_order")
    return vendor


def test_first_page_is_read_off_the_index_and_sums_only_its_own(many: Vendor, owner: User) -> None:
    plan = get_customers_for_user(owner)[:20].explain()
    assert "customer_by_name" in plan
    assert "Sort Key: sales_customer.name" not in plan.replace('"', "")
    assert "sales_order" not in plan
    with CaptureQueriesContext(connection) as asked:
        page = list(get_customers_for_user(owner)[:20])
    assert [row.total_spent for row in page] == [5] * 20
    [_shops, _page, sums] = [each["sql"] for each in asked.captured_queries]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {sums}")
        plan = "\n".join(line for [line] in cursor.fetchall())
    assert "Index Cond: (customer_id = ANY" in plan
    assert "Seq Scan on sales_order" not in plan
