"""Nothing changes the ledger or what follows from it; and if somebody does, it is found."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pgtrigger
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Model
from django.utils import timezone

from inventory.enums import INBOUND, OUTBOUND, AllocationStatus, MovementKind
from inventory.models import (
    Allocation,
    Collectible,
    StockLevel,
    StockLot,
    StockMovement,
    Valuation,
)
from inventory.selectors import find_drift, find_tampering
from inventory.services import CollectibleService
from inventory.services.ledger import allow_opening
from inventory.tasks import expire_allocations
from tests.factories import CollectibleFactory, StoreFactory, VendorFactory
from tests.stock.shelf import Shelf
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
LONG_AGO = timezone.now() - timedelta(days=1000)
Way = Callable[[Model, str, Any], None]


def save(row: Model, column: str, value: Any) -> None:
    setattr(row, column, value)
    row.save(update_fields=[column])


def update(row: Model, column: str, value: Any) -> None:
    type(row)._base_manager.filter(pk=row.pk).update(**{column: value})


def bulk_update(row: Model, column: str, value: Any) -> None:
    setattr(row, column, value)
    type(row)._base_manager.bulk_update([row], [column])


def by_hand(row: Model, column: str, value: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {row._meta.db_table} SET {column} = %s", [value])  # noqa: S608


@pytest.mark.parametrize("way", [save, update, bulk_update, by_hand])
@pytest.mark.parametrize(
    ("model", "column", "value"),
    [
        (StockMovement, "quantity", 9),
        (StockMovement, "cost", Decimal(9)),
        (StockMovement, "note", "x"),
        (StockMovement, "digest", "x"),
        (StockLevel, "on_hand", 9),
        (StockLevel, "allocated", 0),
        (StockLot, "remaining", 1),
        (StockLot, "remaining_cost", Decimal(1)),
        (StockLot, "unit_cost", Decimal(9)),
        (StockLot, "received_at", LONG_AGO),
        (Allocation, "quantity", 2),
        (Valuation, "amount", Decimal(9)),
        (Collectible, "quantity", 9),
        (Collectible, "allocated", 0),
    ],
)
def test_what_is_written_stays(
    shelf: Shelf, model: type[Model], column: str, value: Any, way: Way
) -> None:
    row = model._base_manager.get()
    with pytest.raises(DatabaseError), transaction.atomic():
        way(row, column, value)
    assert getattr(model._base_manager.get(), column) != value


@pytest.mark.parametrize("model", [StockMovement, StockLevel, StockLot, Allocation, Valuation])
@pytest.mark.parametrize(
    "delete",
    [
        lambda row: row.delete(),
        lambda row: type(row)._base_manager.all().delete(),
        lambda row: connection.cursor().execute(f"DELETE FROM {row._meta.db_table}"),  # noqa: S608
    ],
    ids=["row", "queryset", "sql"],
)
def test_what_is_written_is_not_deleted(
    shelf: Shelf, model: type[Model], delete: Callable[[Model], Any]
) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        delete(model._base_manager.get())
    assert model._base_manager.count() == 1


def test_nobody_adds_what_follows_from_the_ledger(shelf: Shelf) -> None:
    other = StoreFactory(vendor=shelf.item.vendor, is_default=False)
    rows: list[Model] = [
        StockLevel(item=shelf.item, store=other, on_hand=0),
        shelf.new_lot(remaining=1),
        shelf.new_lot(remaining_cost=Decimal(1)),
        Collectible(name="Falcon", sku="F", vendor=shelf.item.vendor, quantity=1),
        Collectible(name="Falcon", sku="F", vendor=shelf.item.vendor, allocated=1),
    ]
    for row in rows:
        with pytest.raises(IntegrityError, match="follows from the stock ledger"):  # noqa: SIM117
            with transaction.atomic():
                row.save(force_insert=True)


def begin(vendor: Vendor, *quantities: int) -> None:
    """Add items as the ledger's services do, and move nothing."""
    allow_opening()
    for quantity in quantities:
        Collectible.objects.create(name="Falcon", vendor=vendor, quantity=quantity)
    connection.check_constraints()


@pytest.mark.parametrize("quantities", [(1,), (0, 1)], ids=["no movement", "the next one, too"])
def test_item_begins_with_stock_only_where_the_ledger_agrees(
    shelf: Shelf, quantities: tuple[int, ...]
) -> None:
    """What may be said once, of one INSERT, is asked again when the transaction ends."""
    with pytest.raises(IntegrityError, match="follows from the stock ledger"), transaction.atomic():
        begin(shelf.item.vendor, *quantities)
    made = CollectibleService.create(name="Falcon", vendor=shelf.item.vendor, quantity=3)
    connection.check_constraints()
    made.refresh_from_db()
    assert (made.quantity, made.version, made.levels.get().on_hand) == (3, 1, 3)


def test_movement_stays_in_the_family(shelf: Shelf) -> None:
    """Its lot is the item's, in its store, and the store is the vendor's."""
    lot = shelf.filled_lot()
    beside = StoreFactory(vendor=shelf.item.vendor, is_default=False)
    sibling = CollectibleFactory(vendor=shelf.item.vendor, quantity=0)
    foreign = CollectibleFactory(vendor=VendorFactory(), quantity=0)
    wrongs: list[dict[str, Any]] = [
        {"store": beside},
        {"store": StoreFactory()},
        {"item": sibling},
        {"item": foreign},
        {"lot": shelf.filled_lot(item=sibling)},
    ]
    for wrong in wrongs:
        with pytest.raises(IntegrityError, match="belong together"), transaction.atomic():
            shelf.movement(**{"lot": lot, **wrong}).save()


@pytest.mark.parametrize("kind", MovementKind)
def test_sign_follows_from_the_kind(shelf: Shelf, kind: MovementKind) -> None:
    wrong = [(1, -1), (-1, 1), (0, 0)]
    wrong += [(-1, -1)] if kind in INBOUND else []
    wrong += [(1, 1)] if kind in OUTBOUND else []
    lot = shelf.filled_lot()
    for quantity, cost in wrong:
        with pytest.raises(IntegrityError, match="movement_sign_of_kind"), transaction.atomic():
            shelf.movement(lot, kind=kind, quantity=quantity, cost=Decimal(cost)).save()


def test_numbers_times_and_digests_are_the_databases(shelf: Shelf) -> None:
    before = timezone.now()
    told = {"sequence": 77, "digest": "mine", "recorded_at": LONG_AGO, "vendor": VendorFactory()}
    shelf.movement(StockLot.objects.get(), **told).save()
    row = StockMovement.objects.latest("pk")
    assert (row.sequence, row.vendor_id) == (2, shelf.item.vendor_id)
    assert row.recorded_at >= before
    assert len(row.digest) == 64
    assert find_tampering() == []


@pytest.mark.parametrize("status", [s for s in AllocationStatus if s != AllocationStatus.OPEN])
def test_promise_ends_once(shelf: Shelf, status: AllocationStatus) -> None:
    promises = Allocation.objects.all()
    promises.update(status=status, closed_at=timezone.now())
    for change in [{"status": AllocationStatus.OPEN, "closed_at": None}, {"reference": "another"}]:
        with pytest.raises(DatabaseError), transaction.atomic():
            promises.update(**change)
    assert StockLevel.objects.get().allocated == 0
    assert find_drift() == []


def test_promises_are_released_when_their_time_is_over(shelf: Shelf) -> None:
    now = timezone.now()
    for reference, left in [("late", -1), ("early", 60)]:
        shelf.promise(reference, expires_at=now + timedelta(seconds=left))
    expire_allocations()
    ended = Allocation.objects.exclude(status=AllocationStatus.OPEN)
    assert [(row.reference, row.status) for row in ended] == [("late", "expired")]
    assert StockLevel.objects.get().allocated == 2


def test_bypass_would_be_seen(shelf: Shelf) -> None:
    """Switched off, the triggers refuse nothing: it is they who did."""
    with pgtrigger.ignore("inventory.StockLevel:derived"):
        StockLevel.objects.update(on_hand=9)
    assert StockLevel.objects.get().on_hand == 9


def test_triggers_find_their_setting(shelf: Shelf) -> None:
    """Where it is not known, each row that a trigger sees costs an error that is caught."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW pgtrigger.ignore")
        assert cursor.fetchone() == ("{}",)
