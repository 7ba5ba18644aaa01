"""8,102 LEGO sets with what they cost: every unit in a lot, every cent accounted for."""

import csv
from collections.abc import Callable
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.models import Count, F, Sum
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from inventory.models import Collectible, ImportJob, StockLevel, StockLot, StockMovement, Valuation
from inventory.selectors import (
    Moment,
    ValuationFigures,
    find_drift,
    find_tampering,
    get_valuation_figures,
)
from inventory.services import ImportService, ValuationService, Worth
from tests.inventory.test_imports_command import lego_sets  # noqa: F401
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
SETS = 7577
CENT = Decimal("0.01")


@pytest.fixture
def costs(lego_sets: Path, tmp_path: Path) -> Path:  # noqa: F811
    """The same table with a column of costs: three fifths of the price, a set without one free."""
    priced = tmp_path / "priced.csv"
    with lego_sets.open(newline="") as source, priced.open("w", newline="") as target:
        rows = csv.DictReader(source)
        writer = csv.DictWriter(target, [*(rows.fieldnames or []), "Cost"])
        writer.writeheader()
        for row in rows:
            price = row["retailPrice"]
            cost = _cost(Decimal(price)) if _is_amount(price) else ""
            writer.writerow({**row, "Cost": cost})
    return priced


def _is_amount(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def _cost(price: Decimal) -> Decimal:
    return (price * 3 / 5).quantize(CENT, ROUND_HALF_UP)


def take(path: Path, vendor: Vendor, on_progress: Callable[[int, int], None]) -> ImportJob:
    file = SimpleUploadedFile(path.name, path.read_bytes())
    job = ImportService.request(file=file, vendor=vendor, by=vendor.owner)
    return ImportService.run(job_id=job.pk, on_progress=on_progress)


def figures(vendor: Vendor, moment: Moment) -> ValuationFigures:
    return get_valuation_figures([vendor.pk], vendor.currency, moment)


@pytest.mark.timeout(400)
def test_collection_with_its_costs(
    owner_client: APIClient, vendor: Vendor, costs: Path, tmp_path: Path
) -> None:
    chunks: list[int] = [0]
    with CaptureQueriesContext(connection) as queries:
        job = take(costs, vendor, lambda _done, _total: chunks.append(len(queries)))
    assert (job.created, job.failed) == (SETS, 525)
    # Nobody else sees these rows yet, so nobody tells the planner that tables are no longer empty.
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    # However many rows a chunk has; a new category costs some of its own.
    asked = [query["sql"] for query in queries]
    for before, later in pairwise(chunks):
        new = sum('INTO "inventory_category"' in sql for sql in asked[before:later])
        assert later - before < 30 + 9 * new

    with costs.open(newline="") as file:
        rows = list(csv.DictReader(file))
    first = {row["number"]: row for row in reversed(rows)}
    expected = sum((Decimal(row["Cost"] or 0) for row in first.values()), Decimal(0))
    assert_every_unit_has_a_lot(expected)
    now = figures(vendor, Moment())
    assert (now.units, now.cost_on_hand) == (SETS, expected)
    worth = sum((_amount(row["retailPrice"]) for row in first.values()), Decimal(0))
    assert now.market_value == worth
    assert now.unvalued_units == Collectible.objects.filter(value=0).count()

    assert_value_of_the_past(vendor, worth)
    assert_export_says_the_same(owner_client, vendor, tmp_path)
    assert find_drift() == []
    assert find_tampering() == []


def _amount(text: str) -> Decimal:
    return Decimal(text).quantize(CENT, ROUND_HALF_UP) if _is_amount(text) else Decimal(0)


def assert_every_unit_has_a_lot(expected: Decimal) -> None:
    per_item = Collectible.objects.annotate(number=Count("lots")).values_list("number", flat=True)
    assert set(per_item) == {1}
    assert StockMovement.objects.filter(kind="opening", quantity=1).count() == SETS
    for column in ("cost", "remaining_cost"):
        assert StockLot.objects.aggregate(sum=Sum(column))["sum"] == expected
    assert not StockLot.objects.exclude(cost=F("unit_cost")).exists()
    assert StockLevel.objects.filter(on_hand=1, allocated=0).count() == SETS


def assert_value_of_the_past(vendor: Vendor, worth: Decimal) -> None:
    """Values of last year change last year's worth, not today's."""
    then = timezone.now() - timedelta(days=365)
    assert figures(vendor, Moment(as_of=then)).units == 0
    now = timezone.now()
    items = list(Collectible.objects.filter(value__gt=0).order_by("pk")[:1000])
    values = [Worth(item, item.value * 2, "BrickLink", valued_at=then) for item in items]
    ValuationService.record(values=values, by=vendor.owner)
    assert figures(vendor, Moment()).market_value == worth
    before = figures(vendor, Moment(as_of=now, known_at=now))
    assert before.market_value == worth
    newest = [Worth(item, item.value + 1, "BrickLink") for item in items]
    ValuationService.record(values=newest, by=vendor.owner)
    assert figures(vendor, Moment()).market_value == worth + len(items)
    assert figures(vendor, Moment(as_of=now)).market_value == worth
    assert Valuation.objects.filter(source="BrickLink").count() == 2 * len(items)


def assert_export_says_the_same(client: APIClient, vendor: Vendor, tmp_path: Path) -> None:
    before = StockMovement.objects.count()
    exported = tmp_path / "inventory.csv"
    answer = client.get("/api/v1/catalog/items/export/", {"format": "csv"})
    exported.write_bytes(b"".join(answer.streaming_content))
    job = take(exported, vendor, lambda _done, _total: None)
    assert (job.unchanged, job.processed) == (SETS, SETS)
    assert StockMovement.objects.count() == before
