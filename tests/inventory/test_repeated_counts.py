"""A SKU that a table counts again and again: its lots, its version, and what is rehearsed of it."""

from typing import Any

import pytest
from django.test import override_settings
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.models import Collectible, ImportJob, StockLevel
from inventory.services import AllocationService, Line
from tests.factories import CollectibleFactory, VendorFactory
from tests.inventory.tables import faults, outcomes, take
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
HEADING = "name,sku,quantity,unit cost"
FILL = ["F,F1,1,", "F,F2,1,"]
ROW = st.tuples(
    st.sampled_from(["Falcon", "Wing"]),
    st.sampled_from(["K", "K", "N", "N", "other"]),
    st.sampled_from(["0", "2", "3", "5", "9", ""]),
    st.sampled_from(["5.00", ""]),
).map(",".join)


def counted(vendor: Vendor, *lines: str, **options: Any) -> ImportJob:
    return take(vendor, *lines, heading=HEADING, repeated="update", **options)


def lots(sku: str) -> list[Any]:
    rows = Collectible.objects.get(sku=sku).lots.filter(remaining__gt=0).order_by("pk")
    return [*rows.values_list("remaining", "remaining_cost")]


@pytest.mark.parametrize("chunk", [1, 1000])
@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["10,5.00", "12,"], [(10, 50), (2, 0)]),
        (["10,5.00", "12,7.00", "12,"], [(10, 50), (2, 14)]),
        (["10,5.00", "10,6.00"], [(10, 50)]),
        (["10,5.00", "4,"], [(4, 20)]),
        (["10,5.00", "0,"], []),
    ],
)
def test_units_cost_what_the_row_says_that_brought_them(
    vendor: Vendor, settings: Any, chunk: int, known: bool, rows: list[str],
    expected: list[tuple[int, int]],
) -> None:  # fmt: skip
    settings.IMPORT_CHUNK_ROWS = chunk
    if known:
        CollectibleFactory(vendor=vendor, sku="N", quantity=0)
    counted(vendor, *(f"Falcon,N,{row}" for row in rows))
    assert lots("N") == expected


def test_later_row_takes_back_what_the_row_before_it_brought(vendor: Vendor) -> None:
    counted(vendor, "Falcon,N,5,9.00", "F,F,1,")
    counted(vendor, "Falcon,N,8,1.00", "Falcon,N,10,2.00", "Falcon,N,9,", "Falcon,N,6,")
    assert lots("N") == [(5, 45), (1, 1)]
    counted(vendor, "Falcon,N,9,1.00", "Falcon,N,3,", "Falcon,N,7,4.00")
    assert lots("N") == [(5, 45), (1, 1), (1, 4)]


def test_count_that_comes_to_what_was_there_moves_nothing(vendor: Vendor) -> None:
    counted(vendor, "Falcon,N,5,9.00")
    counted(vendor, "Falcon,N,3,", "Falcon,N,5,")
    assert lots("N") == [(5, 45)]
    assert Collectible.objects.get().movements.count() == 1


def test_rehearsal_knows_what_its_earlier_rows_brought(vendor: Vendor, settings: Any) -> None:
    settings.IMPORT_CHUNK_ROWS = 2
    CollectibleFactory(vendor=vendor, sku="K", quantity=5)
    lines = ["n,N,10,", "k,K,10,", *FILL, "n,N,3,", "k,K,2,"]
    rehearsal = counted(vendor, *lines, dry_run=True)
    assert (rehearsal.failed, faults(rehearsal)) == (0, [])
    assert outcomes(counted(vendor, *lines)) == outcomes(rehearsal)


def test_version_that_is_foretold_is_that_of_the_whole_chunk(vendor: Vendor, settings: Any) -> None:
    settings.IMPORT_CHUNK_ROWS = 2
    CollectibleFactory(vendor=vendor, sku="K", quantity=5)
    lines = ["Falcon,K,10,", "Falcon,K,5,", *FILL, "Falcon,K,6,", "Falcon,F1,1,", "Wing,K,6,"]
    rehearsal = counted(vendor, *lines, dry_run=True)
    deed = counted(vendor, *lines, plan=str(rehearsal.pk))
    assert faults(deed) == []
    assert outcomes(deed) == outcomes(rehearsal)


@settings(max_examples=60)
@given(lines=st.lists(ROW, min_size=1, max_size=8), promised=st.sampled_from([0, 2]))
def test_any_counting_does_what_its_rehearsal_told(lines: list[str], promised: int) -> None:
    vendor = VendorFactory()
    item = CollectibleFactory(vendor=vendor, sku="K", quantity=5)
    if promised:
        store = StockLevel.objects.get(item=item).store
        AllocationService.allocate(lines=[Line(item, store, promised)], reference="order")
    with override_settings(IMPORT_CHUNK_ROWS=2):
        rehearsal = counted(vendor, *lines, dry_run=True)
        deed = counted(vendor, *lines, plan=str(rehearsal.pk))
    assert outcomes(deed) == outcomes(rehearsal)
    assert faults(deed) == faults(rehearsal)
