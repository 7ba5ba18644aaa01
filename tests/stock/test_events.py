"""Who listens hears that an item ran low or out: on the crossing, if it was committed."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from core import outbox
from inventory.events import StockRanLow, StockRanOut
from inventory.models import Collectible
from inventory.services import (
    CollectibleService,
    ImportService,
    Line,
    Return,
    StockService,
    TransferService,
)
from users.models import User
from vendors.models import Vendor, VendorStore

pytestmark = pytest.mark.django_db


@pytest.fixture
def heard(django_capture_on_commit_callbacks: Any) -> Iterator[list[Any]]:
    told: list[Any] = []

    def note(event: Any, event_id: UUID) -> None:
        told.append(event)

    for kind in (StockRanLow, StockRanOut):
        outbox.hear(kind, note)
    yield told
    for kind in (StockRanLow, StockRanOut):
        del outbox._handlers[kind][outbox.name_of(note)]


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Any) -> Any:
    def committed() -> AbstractContextManager[Any]:
        capture: AbstractContextManager[Any] = django_capture_on_commit_callbacks(execute=True)
        return capture

    return committed


def test_crossing_is_told_once(
    heard: list[Any], committed: Any, item: Collectible, store: VendorStore, receipts: Any,
    owner: User,
) -> None:  # fmt: skip
    """Ten, with a threshold of three."""
    low = StockRanLow(item.pk, item.vendor_id, 3, 3)
    for units, expected in [(6, []), (1, [low]), (2, [low])]:
        with committed():
            StockService.write_off(line=Line(item, store, units), reason="lost", by=owner)
        assert heard == expected
    with committed():
        StockService.sell(lines=[Line(item, store, 1)], by=owner)
    assert heard == [low, StockRanOut(item.pk, item.vendor_id)]


def test_one_deed_may_cross_both(
    heard: list[Any], committed: Any, item: Collectible, receipts: Any, owner: User
) -> None:
    with committed():
        CollectibleService.update(collectible=item, by=owner, quantity=0)
    assert heard == [
        StockRanLow(item.pk, item.vendor_id, 0, 3), StockRanOut(item.pk, item.vendor_id),
    ]  # fmt: skip


def test_nobody_hears_of_what_was_rolled_back(
    heard: list[Any], committed: Any, item: Collectible, store: VendorStore, receipts: Any,
    owner: User,
) -> None:  # fmt: skip
    with committed(), transaction.atomic():
        StockService.sell(lines=[Line(item, store, 10)], by=owner)
        transaction.set_rollback(True)
    assert heard == []


def test_who_is_not_watched_runs_out_only(
    heard: list[Any], committed: Any, item: Collectible, store: VendorStore, receipts: Any,
    owner: User,
) -> None:  # fmt: skip
    CollectibleService.update(collectible=item, by=owner, low_stock_threshold=None)
    with committed():
        StockService.sell(lines=[Line(item, store, 10)], by=owner)
    assert heard == [StockRanOut(item.pk, item.vendor_id)]


def test_moving_to_another_store_is_not_running_out(
    heard: list[Any], committed: Any, item: Collectible, store: VendorStore, stall: VendorStore,
    receipts: Any, owner: User,
) -> None:  # fmt: skip
    with committed():
        TransferService.send(line=Line(item, store, 10), to_store=stall, by=owner)
    assert heard == []
    with committed():
        line = Line(item, stall, 10)
        TransferService.send(line=line, to_store=store, in_transit=True, by=owner)
    assert [type(event) for event in heard] == [StockRanLow, StockRanOut]


def test_coming_in_tells_nothing(
    heard: list[Any], committed: Any, item: Collectible, store: VendorStore, receipts: Any,
    owner: User, vendor: Vendor,
) -> None:  # fmt: skip
    with committed():
        [[sale]] = StockService.sell(lines=[Line(item, store, 3)], by=owner)
        StockService.give_back(returns=[Return(sale, 1)], by=owner)
        CollectibleService.create(name="One of few", vendor=vendor, quantity=1, by=owner)
        CollectibleService.create(name="None", vendor=vendor, quantity=0, by=owner)
        table = SimpleUploadedFile("t.csv", b"sku,name,quantity\nA-1,A,0\nB-1,B,2\n")
        job = ImportService.request(file=table, vendor=vendor, by=owner)
        assert ImportService.run(job_id=job.pk).created == 2
    assert heard == []


def test_what_comes_back_broken_makes_nothing_run_low(
    heard: list[Any], committed: Any, item: Collectible, store: VendorStore, receipts: Any,
    owner: User,
) -> None:  # fmt: skip
    """It is written off where it was not counted any more."""
    with committed():
        [[sale, *_more]] = StockService.sell(lines=[Line(item, store, 10)], by=owner)
    heard.clear()
    with committed():
        StockService.give_back(returns=[Return(sale, 1, "damaged")], by=owner)
    assert heard == []


def test_import_that_counts_less_tells(
    heard: list[Any], committed: Any, item: Collectible, receipts: Any, owner: User, vendor: Vendor
) -> None:
    with committed():
        table = SimpleUploadedFile("t.csv", f"sku,quantity\n{item.sku},2\n".encode())
        job = ImportService.request(file=table, vendor=vendor, by=owner)
        assert ImportService.run(job_id=job.pk).updated == 1
    assert heard == [StockRanLow(item.pk, vendor.pk, 2, 3)]
