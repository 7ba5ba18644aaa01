"""Writing: stock on its way from one store to another."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.audit import fields_of, log_audit
from core.enums import AuditType
from core.exceptions import InvalidInput
from core.reading import get_row
from core.writing import save_changes
from inventory.enums import MovementKind, TransferStatus
from inventory.exceptions import TransferEnded
from inventory.models import Collectible, StockLevel, StockLot, StockMovement, StockTransfer
from inventory.services.counting import store_of
from inventory.services.ledger import Entry, Line, add_lots, fresh, locked_items, require_open, take
from vendors.services import StoreService

if TYPE_CHECKING:
    from datetime import datetime

    from users.models import User
    from vendors.models import VendorStore


class TransferService:
    @staticmethod
    def lock(*, row: StockTransfer) -> StockTransfer:
        """The item's lock and then its own. Raises `NotFoundError`."""
        return _locked(row)

    @staticmethod
    @transaction.atomic
    def send(
        *,
        line: Line,
        to_store: "VendorStore",
        by: "User",
        in_transit: bool = False,
        reference: str = "",
    ) -> StockTransfer:
        """Take units out of the line's store; they are in the other at once unless `in_transit`.

        Their lots keep cost and age. Raises `InsufficientStock`, and `StoreClosed`.
        """
        if line.store.pk == to_store.pk:
            raise InvalidInput.of("to_store", _("It is there already."), "same_store")
        [line] = fresh([line])
        return _send(line, to_store, by, in_transit=in_transit, reference=reference)

    @staticmethod
    def bring_home(*, items: Iterable[Collectible], by: "User") -> None:
        """Of deleted items that are about to come back: their units in stores that were closed
        since, where nobody would get at them, go to where `by` works.

        The caller holds the items' locks.
        """
        known = {item.pk: item for item in items}
        held = StockLevel.objects.filter(item__among=[*known], on_hand__gt=0).select_related(
            "store"
        )
        levels = list(held.order_by("item", "store"))
        kept = StoreService.keep_open(ids=[level.store_id for level in levels])
        for level in levels:
            if level.store_id not in kept:
                item = known[level.item_id]
                _send(Line(item, level.store, level.on_hand), store_of(item.vendor, by), by)

    @staticmethod
    @transaction.atomic
    def receive(*, transfer: StockTransfer, by: "User") -> StockTransfer:
        """What was on its way has come. Raises `TransferEnded` the second time."""
        row = _locked(transfer)
        if row.status != TransferStatus.IN_TRANSIT:
            raise TransferEnded
        _arrive(row, by, timezone.now())
        action = f"received {row.quantity} of item “{row.item.name}” from another store"
        log_audit(AuditType.STOCK, by, action, obj=row)
        return row


def _send(
    line: Line,
    to_store: "VendorStore",
    by: "User",
    *,
    in_transit: bool = False,
    reference: str = "",
) -> StockTransfer:
    """The caller holds the item's lock."""
    require_open([to_store.pk])
    transfer = StockTransfer.objects.create(
        item=line.item, from_store=line.store, to_store=to_store, quantity=line.quantity,
        reference=reference, created_by=by, updated_by=by,
    )  # fmt: skip
    entry = Entry(MovementKind.TRANSFER_OUT, by, reference=reference)
    take([line], entry, moves=not in_transit, transfer=transfer)
    action = f"sent {line.quantity} of item “{line.item.name}” to another store"
    log_audit(AuditType.STOCK, by, action, obj=transfer, after=fields_of(transfer))
    if not in_transit:
        _arrive(transfer, by, entry.at)
    return transfer


def _locked(transfer: StockTransfer) -> StockTransfer:
    locked_items([transfer.item_id], deleted_too=True)
    rows = StockTransfer.objects.select_for_update(of=["self"], no_key=True).select_related("item")
    return get_row(rows, transfer.pk)


def _arrive(transfer: StockTransfer, by: "User", at: "datetime") -> None:
    """The caller holds the item's lock."""
    entry = Entry(MovementKind.TRANSFER_IN, by, reference=transfer.reference, occurred_at=at)
    sent = transfer.movements.filter(kind=MovementKind.TRANSFER_OUT).select_related("lot")
    for movement in sent.order_by("pk"):
        add_lots([_moved(movement, transfer)], entry, transfer=transfer, origin=movement)
    save_changes(transfer, {"status": TransferStatus.RECEIVED, "received_at": at}, by=by)


def _moved(sent: StockMovement, transfer: StockTransfer) -> StockLot:
    """As old as the lot it comes from: FIFO must not forget where the units have been."""
    lot = sent.lot
    return StockLot(
        item_id=lot.item_id,
        store=transfer.to_store,
        received=-sent.quantity,
        unit_cost=lot.unit_cost,
        cost=-sent.cost,
        currency=lot.currency,
        received_at=lot.received_at,
        reference=lot.reference,
        origin=lot,
    )
