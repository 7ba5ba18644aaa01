"""Figures that somebody got past the triggers: found, named, mended, and written down."""

from decimal import Decimal
from typing import Any

import pgtrigger
import pytest
from django.core.management import CommandError, call_command

from core.models import AuditLog
from inventory.models import CatalogCount, CatalogText, CatalogVersion, Collectible
from inventory.selectors import find_figure_drift
from inventory.services import CounterService
from inventory.tasks import watch_stock
from tests.factories import CategoryFactory, CollectibleFactory
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
FIGURES = ["items", "units", "value", "stock_value", "low_stock"]


@pytest.fixture
def item(vendor: Vendor) -> Collectible:
    made: Collectible = CollectibleFactory(
        vendor=vendor, category=CategoryFactory(vendor=vendor), value=Decimal("2.50"), quantity=4
    )
    return made


def everything() -> list[Any]:
    versions = CatalogVersion.objects.order_by("pk").values_list("pk", *FIGURES)
    counts = CatalogCount.objects.exclude(items=0).order_by("pk")
    return [list(versions), list(counts.values_list("vendor_id", "facet", "key", "items"))]


def refusal(capsys: Any) -> tuple[str, list[str]]:
    with pytest.raises(CommandError) as caught:
        call_command("reconcile_counters")
    return str(caught.value), capsys.readouterr().err.splitlines()


def test_nothing_is_off_and_nothing_is_written_down(item: Collectible, capsys: Any) -> None:
    call_command("reconcile_counters")
    assert capsys.readouterr().out == "The figures equal the items.\n"
    assert not AuditLog.objects.exists()


@pytest.mark.parametrize(
    ("figure", "right"),
    [*zip(FIGURES, ["1", "4", "2.50", "10.00", "1"], strict=True)],
)
def test_each_figure_that_is_off_is_named_mended_and_audited(
    item: Collectible, capsys: Any, figure: str, right: str
) -> None:
    before = everything()
    CatalogVersion.objects.update(**{figure: 7})
    CatalogVersion.objects.filter(pk=item.vendor_id).update(version=3)
    said, lines = refusal(capsys)
    is_now = "7.00" if "." in right else "7"
    shop = item.vendor_id
    assert lines == [f"catalog of vendor {shop}: {figure} was {is_now}, the items say {right}"]
    assert said == "1 figures were off, and are mended."
    assert everything() == before
    row = AuditLog.objects.get()
    assert (row.type, row.user, row.vendor_id) == ("catalog", "system", shop)
    assert (row.before, row.after) == ({figure: is_now}, {figure: right})
    assert CatalogVersion.objects.get().version > 3, "what was cached of it must not be shown"
    call_command("reconcile_counters")


def test_counts_that_are_off_missing_or_of_nothing_are_mended(
    item: Collectible, capsys: Any
) -> None:
    before = everything()
    CatalogCount.objects.filter(facet="day").delete()
    CatalogCount.objects.filter(facet="category").update(items=2)
    CatalogCount.objects.create(vendor_id=item.vendor_id, facet="category", key=0, items=5)
    said, lines = refusal(capsys)
    day = int(item.created_at.timestamp() // 86400)
    assert [line.split(": ")[1] for line in lines] == [
        "items category 0 was 5, the items say 0",
        f"items category {item.category_id} was 2, the items say 1",
        f"items day {day} was 0, the items say 1",
    ]
    assert said == "3 figures were off, and are mended."
    assert everything() == before


def test_what_was_written_with_triggers_off_is_found_and_rebuilt(item: Collectible) -> None:
    other = CollectibleFactory()
    with pgtrigger.ignore():
        Collectible.objects.update(value=9, category=None)
        CatalogVersion.objects.filter(pk=other.vendor_id).delete()
        CatalogCount.objects.all().delete()
    assert {fault.key for fault in find_figure_drift()} == {item.vendor_id, other.vendor_id}
    CounterService.rebuild(vendor_ids=[item.vendor_id])
    assert {fault.key for fault in find_figure_drift()} == {other.vendor_id}
    assert {fault.key for fault in find_figure_drift([item.vendor_id])} == set()
    CounterService.rebuild()
    assert find_figure_drift() == []


def test_vendor_without_items_is_rebuilt_to_nothing(vendor: Vendor) -> None:
    CatalogVersion.objects.create(vendor=vendor, items=5, units=5)
    CounterService.rebuild()
    assert everything() == [[(vendor.pk, 0, 0, 0, 0, 0)], []]


def test_the_night_mends_and_tells_the_log(item: Collectible, caplog: Any) -> None:
    CatalogVersion.objects.update(units=7)
    watch_stock()
    [record] = caplog.records
    assert (record.levelname, record.msg["event"]) == ("ERROR", "catalog_drift")
    assert (record.msg["figures"], record.msg["first"]["should_be"]) == (1, "4")
    assert find_figure_drift() == []


def test_texts_that_stray_are_counted_and_mended(item: Collectible, capsys: Any) -> None:
    shop, (changed, lost) = item.vendor_id, CollectibleFactory.create_batch(2, vendor=item.vendor)
    right = list(CatalogText.objects.order_by("pk").values_list())
    CatalogText.objects.filter(pk=changed.pk).update(search_text="what it was called", category=1)
    CatalogText.objects.filter(pk=lost.pk).delete()
    CatalogText.objects.create(
        id=lost.pk + 1, vendor=item.vendor, search_text="gone", created_at=item.created_at
    )
    said, lines = refusal(capsys)
    told = "rows of inventory_catalogtext was 1, the items say 4"
    assert lines == [f"catalog of vendor {shop}: {told}"]
    assert said == "1 figures were off, and are mended."
    assert list(CatalogText.objects.order_by("pk").values_list()) == right
    call_command("reconcile_counters")
