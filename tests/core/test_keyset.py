"""Cursors over rows of every kind: ties, NULLs, relations, counts, any text."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count, F, QuerySet
from hypothesis import given, settings
from hypothesis.strategies import data, integers, lists, sampled_from

from core.keyset import Keyset, first_rows
from inventory.models import Category, Collectible
from inventory.selectors import get_collectibles_for_user
from tests.factories import CategoryFactory, CollectibleFactory, VendorFactory
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
TEXTS = ["", "a", "A", "ä", "a b", "Z'; --", '"\\', "%_", "日本", "\U0001f9f1", "\x01", "a" * 255]
MOMENT = datetime(2026, 11, 20, 9, 30, 0, 123456, tzinfo=UTC)


def walk(queryset: QuerySet[Any], size: int, backwards: bool = False) -> list[Any]:
    """All rows, a few at a time, each from the position of the last."""
    keyset = Keyset.of(queryset).reversed() if backwards else Keyset.of(queryset)
    found: list[Any] = []
    position = None
    while rows := list(first_rows(keyset.after(queryset, position), size)):
        assert len(found) < 1000
        found += rows
        position = keyset.position(rows[-1])
    return found


def fill(vendor: Vendor, count: int) -> None:
    """Items with ties in every column, and NULLs."""
    categories = [CategoryFactory(vendor=vendor, name=name) for name in ("B", "A")]
    for n in range(count):
        CollectibleFactory(
            vendor=vendor,
            name=TEXTS[n % len(TEXTS)] or "b",
            description=TEXTS[n * 7 % len(TEXTS)],
            value=Decimal(n % 3) / 100,
            quantity=n % 2,
            low_stock_threshold=[None, 1, 2][n % 3],
            category=[None, *categories][n % 5 % 3],
        )
    for n, item in enumerate(Collectible.objects.filter(vendor=vendor)):
        moment = MOMENT + timedelta(microseconds=n // 3)
        Collectible.objects.filter(pk=item.pk).update(created_at=moment)


COLUMNS = [
    "name", "description", "created_at", "value", "quantity", "sku", "low_stock_threshold",
    "category__name", "category_id", "is_active",
]  # fmt: skip


@pytest.fixture
def vendor(db: None) -> Vendor:
    vendor: Vendor = VendorFactory()
    fill(vendor, 30)
    return vendor


@pytest.mark.parametrize("size", [1, 4, 100])
@pytest.mark.parametrize("sign", ["", "-"])
@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_is_walked_as_it_is_sorted(
    vendor: Vendor, column: str, sign: str, size: int
) -> None:
    rows = Collectible.objects.filter(vendor=vendor).select_related("category")
    ordered = rows.order_by(f"{sign}{column}", f"{sign}id")
    expected = list(ordered)
    assert walk(ordered, size) == expected
    assert walk(ordered, size, backwards=True) == expected[::-1]


def test_any_order_of_several_columns_is_walked_as_it_is_sorted(vendor: Vendor) -> None:
    columns = [f"{sign}{name}" for name in COLUMNS for sign in ("", "-")]

    @settings(max_examples=60)
    @given(lists(sampled_from(columns), max_size=4), sampled_from(["id", "-pk"]), integers(1, 9))
    def check(order: list[str], last: str, size: int) -> None:
        rows = Collectible.objects.filter(vendor=vendor).select_related("category")
        ordered = rows.order_by(*order, last)
        expected = list(ordered)
        assert walk(ordered, size) == expected
        assert walk(ordered, size, backwards=True) == expected[::-1]

    check()


@pytest.mark.parametrize("order", [["items_n"], ["-items_n", "name"], ["name", "-items_n"]])
def test_counts_are_walked_too(vendor: Vendor, order: list[str]) -> None:
    CategoryFactory.create_batch(5, vendor=vendor)
    rows = Category.objects.filter(vendor=vendor).annotate(items_n=Count("items"))
    assert walk(rows.order_by(*order), 2) == list(rows.order_by(*order, f"{sign_of(order)}id"))


def sign_of(order: list[str]) -> str:
    return "-" if order[-1].startswith("-") else ""


def test_computed_values_and_nulls_among_them_are_walked_too(vendor: Vendor) -> None:
    rows = Collectible.objects.filter(vendor=vendor).annotate(
        room=F("low_stock_threshold") - F("quantity")
    )
    for order in (["room", "id"], ["-room", "id"]):
        assert walk(rows.order_by(*order), 3) == list(rows.order_by(*order))


def test_unordered_rows_are_walked_by_key(vendor: Vendor) -> None:
    found = walk(Collectible.objects.filter(vendor=vendor), 4)
    assert [row.pk for row in found] == sorted(row.pk for row in found)
    assert len(found) == 30


def test_one_direction_is_one_range_of_an_index(vendor: Vendor) -> None:
    rows = Collectible.objects.order_by("-created_at", "-id")
    keyset = Keyset.of(rows)
    sql = str(keyset.after(rows, keyset.position(rows[3])).query)
    assert "ROW(" in sql
    assert " OR " not in sql


def test_what_comes_after_a_value_that_may_be_null_is_read_range_by_range(vendor: Vendor) -> None:
    """Nulls lie at one end of an index: no range is made of two."""
    rows = Collectible.objects.order_by("low_stock_threshold", "id")
    keyset = Keyset.of(rows)
    place = keyset.position(Collectible(pk=1, low_stock_threshold=5))
    asked = [str(part.query) for part in keyset.after(rows, place).parts]
    assert ["ROW(" in sql for sql in asked] == [True, False]
    assert ["IS NULL" in sql for sql in asked] == [False, True]
    assert not any(" OR " in sql for sql in asked)


class TestItemsOfManyShops:
    """First rows are read off each shop's index, and must be those that sorting all would give."""

    def test_first_rows_are_the_first_of_all(self, vendor: Vendor) -> None:
        others = [VendorFactory(owner=vendor.owner) for _ in range(3)]
        for other in others:
            fill(other, 6)
        fill(VendorFactory(), 6)  # somebody else's
        items = get_collectibles_for_user(vendor.owner)
        assert items.count() == 48

        @settings(max_examples=40)
        @given(data())
        def check(draw: Any) -> None:
            order = draw.draw(lists(sampled_from(["name", "-value", "-quantity"]), max_size=2))
            count = draw.draw(integers(1, 60))
            rows = items.order_by(*order, "-created_at", "-id").filter(quantity__lte=1)
            assert list(rows.first_rows(count)) == list(rows[:count])

        check()

    def test_deep_page_reads_no_more_than_the_first(self, vendor: Vendor) -> None:
        second = VendorFactory(owner=vendor.owner)
        for shop in (vendor, second, VendorFactory()):
            many(shop, 4000)
        items = get_collectibles_for_user(vendor.owner)
        keyset = Keyset.of(items)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        read = [
            rows_read(keyset.after(items, place).first_rows(21))
            for place in (None, keyset.position(items[21]), keyset.position(items[7900]))
        ]
        assert read[0] == read[1] == read[2] < 100
        assert rows_read(items[7900:7921]) > 7900


def many(vendor: Vendor, count: int) -> None:
    moments = [MOMENT + timedelta(seconds=n * 7919 % count) for n in range(count)]
    Collectible.objects.bulk_create(
        CollectibleFactory.build(vendor=vendor, slug=f"n-{n}") for n in range(count)
    )
    rows = Collectible.objects.filter(vendor=vendor, slug__startswith="n-").order_by("pk")
    for row, moment in zip(rows, moments, strict=True):
        row.created_at = moment
    Collectible.objects.bulk_update(rows, ["created_at"], batch_size=2000)


def rows_read(queryset: QuerySet[Any]) -> int:
    """How many items PostgreSQL touched for it, by its own count."""
    [plan] = json.loads(queryset.explain(analyze=True, format="json"))
    return _touched(plan["Plan"])


def _touched(node: dict[str, Any]) -> int:
    own = 0
    if node.get("Relation Name") == Collectible._meta.db_table:
        removed = node.get("Rows Removed by Filter", 0)
        own = round((node["Actual Rows"] + removed) * node["Actual Loops"])
    return own + sum(map(_touched, node.get("Plans", [])))
