"""A sale is written by one statement, and answered without being read again."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import AutoField
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from inventory.services import Receipt, StockService
from inventory.services.counting import store_of
from tests.factories.orders import sale, stocked
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
SALES, ITEMS = "/api/v1/sales/", "/api/v1/catalog/items/"


def in_lots(vendor: Vendor, *lots: tuple[int, str, str]) -> Any:
    """An item of which units came in so: how many, for how much each, in which currency."""
    item = stocked(vendor, 1, "2.00")
    for quantity, cost, currency in lots:
        receipt = Receipt(item, store_of(vendor, None), quantity, Decimal(cost), currency)
        StockService.receive(receipts=[receipt], by=vendor.owner)
    return item


@pytest.mark.parametrize(
    ("lots", "quantity"),
    [
        ([], 1),
        ([(2, "3.33", "USD"), (5, "0.01", "USD")], 6),
        ([(2, "3.33", "EUR")], 1),
        ([(2, "3.33", "EUR")], 3),
    ],
)
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"fees": "1.01", "postage": "0.02"},
        {"discount": "0.05", "fees": "0.00", "channel": "eBay"},
    ],
)
def test_answer_is_what_is_read_later(
    owner_client: APIClient, vendor: Vendor, lots: Any, quantity: int, more: dict[str, Any]
) -> None:
    lines = [
        {"item": in_lots(vendor, *lots).pk, "quantity": quantity, "tax_rate": "19.00"},
        {"item": in_lots(vendor, *lots).pk, "quantity": quantity, "unit_price": "0.00"},
        {"item": stocked(vendor).pk, "quantity": 3, "discount": "0.01"},
    ]
    answer = owner_client.post(SALES, {"lines": lines, **more})
    assert answer.status_code == 201, answer.content
    read = owner_client.get(f"{SALES}{answer.json()['id']}/")
    assert (answer.json(), answer["ETag"]) == (read.json(), read["ETag"])


def test_same_item_on_two_lines_is_answered_as_it_is(
    owner_client: APIClient, vendor: Vendor
) -> None:
    item = in_lots(vendor, (2, "3.00", "USD"), (2, "4.00", "USD"))
    lines = [{"item": item.pk, "quantity": 2}, {"item": item.pk, "quantity": 3}]
    sold = owner_client.post(SALES, {"lines": lines}).json()
    assert sold["cost"] == "16.00"
    assert [line["cost"] for line in sold["lines"]] == ["5.00", "11.00"]
    assert sold == owner_client.get(f"{SALES}{sold['id']}/").json()


def test_sale_of_as_many_lines_as_may_be_is_answered_as_it_is(
    owner_client: APIClient, vendor: Vendor
) -> None:
    """More values than go with one statement."""
    items = [in_lots(vendor, (1, "3.33", "USD"), (900, "0.01", "USD")) for _ in range(3)]
    lines = [
        {"item": items[n % 3].pk, "quantity": n % 4 + 1, "discount": "0.01"} for n in range(500)
    ]
    answer = owner_client.post(SALES, {"lines": lines, "fees": "5.00", "postage": "0.07"})
    assert answer.status_code == 201, answer.content
    read = owner_client.get(f"{SALES}{answer.json()['id']}/")
    assert (answer.json(), answer["ETag"]) == (read.json(), read["ETag"])
    assert sum(Decimal(line["fees"]) for line in read.json()["lines"]) == Decimal("5.00")


def statements(client: APIClient, address: str, body: Any) -> list[str]:
    """What a call asks and writes; where transactions begin and end is no question."""
    with CaptureQueriesContext(connection) as asked:
        assert client.post(address, body).status_code == 201
    aside = re.compile("SAVEPOINT|(SET CONSTRAINTS .*; )?RELEASE|BEGIN|COMMIT")
    return [each["sql"] for each in asked if not aside.match(each["sql"])]


def test_what_hangs_on_a_sale_is_known_and_can_be_asked_for_in_part(vendor: Vendor) -> None:
    item, other = stocked(vendor), stocked(vendor)
    sale(vendor, other)
    sold = sale(vendor, item, other)
    with CaptureQueriesContext(connection) as asked:
        lines = list(sold.lines.all())
        assert [line.item for line in lines] == [item, other]
        assert [entry.line for entry in sold.entries.all()] == lines
        assert not sold.returns.all()
    assert not asked
    assert sold.lines.get(item=other) == lines[1]
    assert sold.entries.filter(line__item=other).count() == 1


def test_lines_of_a_sale_may_name_items_by_id_and_by_sku(
    owner_client: APIClient, vendor: Vendor
) -> None:
    first, second = stocked(vendor), stocked(vendor)
    lines = [{"sku": second.sku, "quantity": 1}, {"item": first.pk, "quantity": 1}]
    answer = owner_client.post(SALES, {"lines": lines})
    assert [line["item"] for line in answer.json()["lines"]] == [second.pk, first.pk]
    lines = [{"sku": second.sku, "quantity": 1}, {"sku": "none", "quantity": 1}, {"item": 2**62}]
    refused = owner_client.post(SALES, {"lines": [{**each, "quantity": 1} for each in lines]})
    assert [each["field"] for each in refused.json()["errors"]] == ["lines.1.sku", "lines.2.item"]


@pytest.mark.parametrize("many", [1, 5])
def test_sale_takes_five_statements(owner_client: APIClient, vendor: Vendor, many: int) -> None:
    lines = [{"item": stocked(vendor).pk, "quantity": 1} for _ in range(many)]
    asked = statements(owner_client, SALES, {"lines": lines})
    assert len(asked) == 5, asked  # who, where to, items and their locks, lots, and all at once


def test_new_item_takes_four_statements(owner_client: APIClient, vendor: Vendor) -> None:
    owner_client.post(ITEMS, {"name": "First", "category": "Cards"})
    asked = statements(owner_client, ITEMS, {"name": "Next", "category": "Cards", "quantity": 3})
    assert len(asked) == 4, asked  # who, where to, category, and all at once
    assert sum("INSERT" in sql for sql in asked) == 1


def test_keys_are_drawn_from_where_the_database_does() -> None:
    """`core.adding` knows the sequences' names by rule."""
    for model in apps.get_models():
        if isinstance(model._meta.pk, AutoField) and model._meta.managed:
            table, column = model._meta.db_table, model._meta.pk.column
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [f'"{table}"', column])
                assert cursor.fetchone() == (f"public.{table}_{column}_seq",)
