"""Many rows by COPY and by one UPDATE: what `bulk_create` and `bulk_update` would have written."""

from decimal import Decimal
from itertools import cycle
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from core.bulk import FEW, add_all, add_values, write_all
from core.models import AuditLog
from inventory.models import Category, Collectible, ImportJob, ImportRow
from tests.factories import CategoryFactory, VendorFactory
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
NASTY = ["\\.", "\\N", "a\tb\\", "x\r\ny", '"', "'; --", "", "é\u2028", "ü"]
ENTRY = {
    "type": "catalog", "user": "x", "timestamp": timezone.now(), "details": "", "before": None,
    "object_type": "", "object_id": "", "request_id": "",
}  # fmt: skip
HIDDEN = {"id", "slug", "sku", "created_at", "updated_at", "search_text"}


def items(vendor: Vendor, count: int = FEW) -> list[Collectible]:
    category = CategoryFactory(vendor=vendor)
    return [
        Collectible(
            vendor=vendor,
            category=category if n % 2 else None,
            name=f"{NASTY[n % len(NASTY)]}{n}",
            description=NASTY[n % len(NASTY)],
            value=Decimal(n) / 4,
            low_stock_threshold=n or None,
            is_active=bool(n % 3),
            attributes={"a": NASTY[n % len(NASTY)], "b": [1.5, None, True]},
        )
        for n in range(count)
    ]


def said(rows: Any) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in row.items() if name not in HIDDEN | {"category_id"}}
        for row in rows.order_by("pk").values()
    ]


def test_rows_are_as_bulk_create_writes_them() -> None:
    one, other = VendorFactory(), VendorFactory()
    Collectible.objects.bulk_create(items(one))
    add_all(items(other))
    copied = said(Collectible.objects.filter(vendor=other))
    assert copied == [
        {**row, "vendor_id": other.pk} for row in said(Collectible.objects.filter(vendor=one))
    ]


@pytest.mark.parametrize("count", [0, 1, FEW])
def test_rows_get_their_keys_and_can_be_saved(count: int) -> None:
    made = items(VendorFactory(), count)
    add_all(made)
    for item in made:
        item.name = f"Saved {item.pk}"
        item.save()
    names = Collectible.objects.order_by("pk").values_list("name", flat=True)
    assert list(names) == [f"Saved {item.pk}" for item in made]
    assert all(item.slug and item.created_at for item in made)


def test_row_refers_to_one_that_had_no_key_yet() -> None:
    made = items(VendorFactory())
    job = ImportJob.objects.create(vendor=made[0].vendor, filename="t.csv")
    rows = [
        ImportRow(job=job, line=n, outcome="created", collectible=item)
        for n, item in enumerate(made)
    ]
    add_all(made)
    add_all(rows, keyed=False)
    found = ImportRow.objects.order_by("line").values_list("collectible", flat=True)
    assert list(found) == [item.pk for item in made]


def test_constraint_that_is_broken_is_djangos_error() -> None:
    made = items(VendorFactory())
    made[-1].sku = made[0].sku = "TWICE"
    with pytest.raises(IntegrityError, match="item_sku_unique"), transaction.atomic():
        add_all(made)
    assert not Collectible.objects.exists()


def test_each_row_gets_its_own_values_and_counts_once() -> None:
    made = items(VendorFactory())
    add_all(made)
    category = CategoryFactory(vendor=made[0].vendor)
    for n, item in enumerate(made):
        item.name, item.value, item.low_stock_threshold = NASTY[n % len(NASTY)], Decimal(n), None
        item.attributes, item.category = {"n": n}, category if n else None
    write_all(made, ["name", "value", "low_stock_threshold", "attributes", "category"])
    for item in made:
        row = Collectible.objects.get(pk=item.pk)
        told = (row.name, row.value, row.low_stock_threshold, row.attributes, row.category_id)
        assert told == (item.name, item.value, None, item.attributes, item.category_id)
        assert row.version == 2


def test_nothing_to_write_is_no_call(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        add_all([])
        write_all([], ["name"])


def test_many_are_one_statement_and_one_for_their_keys(django_assert_num_queries: Any) -> None:
    vendor = VendorFactory()
    made = [Category(vendor=vendor, name=f"C {n}", slug=f"c-{n}") for n in range(FEW)]
    with django_assert_num_queries(2):
        add_all(made)
    with django_assert_num_queries(1):
        write_all(made, ["name"])
    told = [{"action": f"did {n}", "after": {"n": n}} for n in range(99)]
    with django_assert_num_queries(1):
        add_values(AuditLog, told, ENTRY)
    assert AuditLog.objects.filter(after__n__gte=0).count() == 99


@pytest.mark.parametrize("count", [0, 1, FEW])
def test_values_are_told_without_instances(count: int) -> None:
    told = [
        {"action": word, "after": {"a": word, "b": [n, None, 1.5, True, 1 << 70], "7": {}}}
        for n, word in zip(range(count), cycle(NASTY), strict=False)
    ]
    for word in NASTY if count else []:
        shared = {**ENTRY, "user": word, "before": {word: word}, "ip_address": "2001:db8::1"}
        there = AuditLog.objects.count()
        add_values(AuditLog, told, shared)
        del shared["timestamp"]  # of a few it is the moment
        found = AuditLog.objects.order_by("pk").values(*shared, "action", "after")[there:]
        assert list(found) == [{**shared, **row} for row in told]
