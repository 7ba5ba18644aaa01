"""What is done with stock: each deed locks its items, decides, adds movements, and is audited."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from core.audit import AuditEntry, log_audit, log_many
from core.bulk import FEW
from core.enums import AuditType
from core.exceptions import InvalidInput
from core.money import apportion, share_of
from core.writing import constraint_as, require_past
from inventory.enums import MovementKind, Reason
from inventory.exceptions import (
    AlreadyCorrected,
    LotUsed,
    NotCorrectable,
    ReturnExceedsSale,
    StaleQuantity,
)
from inventory.models import Collectible, StockLevel, StockLot, StockMovement
from inventory.services.ledger import (
    Entry,
    Line,
    NewLot,
    add_lots,
    fresh,
    locked_items,
    locked_named,
    lowest_since,
    open_stock,
    post,
    require_open,
    take,
)

if TYPE_CHECKING:
    from datetime import datetime

    from users.models import User
    from vendors.models import VendorStore

CORRECTABLE = {
    MovementKind.OPENING,
    MovementKind.RECEIPT,
    MovementKind.ADJUSTMENT,
    MovementKind.WRITE_OFF,
}


class Said(TypedDict, total=False):
    """What may be said of any deed. `occurred_at` is when it was: now, or in the past."""

    reference: str
    note: str
    occurred_at: "datetime | None"


@dataclass(frozen=True)
class Receipt:
    """Units that come in at one cost; in the vendor's currency unless told."""

    item: Collectible
    store: "VendorStore"
    quantity: int
    unit_cost: Decimal = Decimal(0)
    currency: str = ""


@dataclass(frozen=True)
class Return:
    """Units of a sale that come back, into stock or straight to the write-offs."""

    sale: StockMovement
    quantity: int
    written_off: str = ""


class StockService:
    @staticmethod
    @transaction.atomic(savepoint=False)
    def open(*, receipts: Sequence[Receipt], by: "User | None", **said: Unpack[Said]) -> None:
        """What was there when the items were added. Writes no audit: adding them did."""
        entry = _entry(MovementKind.OPENING, by, said)
        if len(receipts) <= FEW:
            add_lots([_lot(each, entry, []) for each in receipts], entry)
            return
        lots = [
            NewLot(each.item.pk, each.store.pk, each.quantity, each.unit_cost, _currency(each))
            for each in receipts
        ]
        open_stock(lots, entry)

    @staticmethod
    @transaction.atomic
    def receive(
        *,
        receipts: Sequence[Receipt],
        by: "User",
        landed_costs: Sequence[Mapping[str, Any]] = (),
        **said: Unpack[Said],
    ) -> list[StockMovement]:
        """One lot and one movement for each receipt, in their order.

        `landed_costs` (`{kind, amount}`) are divided among the receipts by what the goods cost,
        to the cent. Raises `InvalidInput` when they would be divided between currencies, and
        `StoreClosed`.
        """
        items = locked_items(receipt.item.pk for receipt in receipts)
        require_open(receipt.store.pk for receipt in receipts)
        entry = _entry(MovementKind.RECEIPT, by, said)
        if landed_costs and len({_currency(receipt) for receipt in receipts}) > 1:
            detail = _("Costs cannot be divided between receipts in different currencies.")
            raise InvalidInput.of("landed_costs", detail, "mixed_currencies")
        shares = _shares(receipts, landed_costs)
        lots = [_lot(r, entry, costs) for r, costs in zip(receipts, shares, strict=True)]
        movements = add_lots(lots, entry)
        entries = [_audit_entry("received", items[m.item_id], m) for m in movements]
        log_many(AuditType.STOCK, by, entries)
        return movements

    @staticmethod
    @transaction.atomic
    def adjust(
        *,
        line: Line,
        reason: str,
        by: "User",
        unit_cost: Decimal = Decimal(0),
        **said: Unpack[Said],
    ) -> list[StockMovement]:
        """Add `line.quantity` units, or take them if it is negative.

        Units found cost `unit_cost` each; units lost cost what their lots say. Raises
        `InsufficientStock`, and `StoreClosed`.
        """
        [line] = fresh([line])
        entry = _entry(MovementKind.ADJUSTMENT, by, said, reason)
        return _adjusted(line, entry, unit_cost)

    @staticmethod
    @transaction.atomic
    def set(
        *,
        item: Collectible,
        store: "VendorStore",
        quantity: int,
        expected: int,
        by: "User",
        **said: Unpack[Said],
    ) -> list[StockMovement]:
        """Correct a level to what was counted; no movement when that is what it is.

        Raises `StaleQuantity` when it is not `expected` any more, `InsufficientStock` when more is
        allocated than was counted, and `StoreClosed`.
        """
        item = locked_items([item.pk])[item.pk]
        level = StockLevel.objects.filter(item=item, store=store).first()
        on_hand = level.on_hand if level else 0
        if on_hand != expected:
            raise StaleQuantity(on_hand)
        entry = _entry(MovementKind.ADJUSTMENT, by, said, Reason.COUNT)
        return _adjusted(Line(item, store, quantity - on_hand), entry)

    @staticmethod
    @transaction.atomic
    def count(*, changes: Sequence[Receipt], by: "User | None") -> None:
        """Correct levels by what counting showed: each quantity is a difference, up or down.

        Units found cost what the change says. Raises `InsufficientStock`, and `StoreClosed` where
        some would come in. Writes no audit: whoever counted does.
        """
        items = locked_items(change.item.pk for change in changes)
        require_open(change.store.pk for change in changes if change.quantity > 0)
        entry = _entry(MovementKind.ADJUSTMENT, by, {}, Reason.COUNT)
        add_lots([_lot(change, entry, []) for change in changes if change.quantity > 0], entry)
        lost = [Line(items[c.item.pk], c.store, -c.quantity) for c in changes if c.quantity < 0]
        take(lost, entry)

    @staticmethod
    @transaction.atomic
    def write_off(
        *, line: Line, reason: str, by: "User", **said: Unpack[Said]
    ) -> list[StockMovement]:
        """Take units out for good, at their cost. Raises `InsufficientStock`."""
        [line] = fresh([line])
        [movements] = take([line], _entry(MovementKind.WRITE_OFF, by, said, reason))
        _log("wrote off", line, movements, by)
        return movements

    @staticmethod
    @transaction.atomic
    def sell(
        *, lines: Sequence[Line], by: "User | None", **said: Unpack[Said]
    ) -> list[list[StockMovement]]:
        """Take what is sold, for each line its movements: their cost is the cost of goods sold.

        All or nothing: raises `InsufficientStock`. Who sells writes the audit entry.
        """
        return StockService.sell_locked(lines=fresh(lines), by=by, **said)

    @staticmethod
    def sell_locked(
        *, lines: Sequence[Line], by: "User | None", **said: Unpack[Said]
    ) -> list[list[StockMovement]]:
        """The same of items as `lock` returned them, in the transaction that did."""
        return take(lines, _entry(MovementKind.SALE, by, said))

    @staticmethod
    @transaction.atomic
    def give_back(
        *, returns: Sequence[Return], by: "User | None", **said: Unpack[Said]
    ) -> list[StockMovement]:
        """Put units of sales back into their lots at the cost at which they left.

        Those that are `written_off` (for that reason) leave again at once; the others need their
        store: raises `StoreClosed`. Raises `ReturnExceedsSale`, for the sum of what came back
        before and comes now.
        """
        locked_items((each.sale.item_id for each in returns), deleted_too=True)
        require_open(each.sale.store_id for each in returns if not each.written_off)
        back = _entry(MovementKind.RETURN, by, said)
        rest = _not_returned([each.sale for each in returns])
        movements = [_returned(each, back, rest[each.sale.pk]) for each in returns]
        out = replace(back, kind=MovementKind.WRITE_OFF, occurred_at=back.at)
        lost = [
            replace(out, reason=each.written_off).movement(
                movement.lot, -movement.quantity, movement.cost
            )
            for each, movement in zip(returns, movements, strict=True)
            if each.written_off
        ]
        # Together: what comes in and leaves at once makes nothing run low.
        post([*movements, *lost], {}, since=back.occurred_at)
        return movements

    @staticmethod
    def lock(*, items: Iterable[Collectible]) -> dict[int, Collectible]:
        """For who has other locks to take after these: until the transaction ends, nobody else
        moves the items' stock. As they are now, by key. Raises `NotFoundError`."""
        return locked_items(item.pk for item in items)

    @staticmethod
    def lock_named(*, vendor_id: int, ids: list[int], skus: list[str]) -> list[Collectible]:
        """Those of the shop's living items that have one of the ids or SKUs, in the same way."""
        return locked_named(vendor_id, ids, skus)

    @staticmethod
    @transaction.atomic
    def correct(*, movement: StockMovement, by: "User", note: str = "") -> StockMovement:
        """The counter-movement of one that should not have been, at the time that one has.

        Raises `NotCorrectable`, `AlreadyCorrected`, `LotUsed` when its units have moved on, even if
        they came back: they were there to be moved; and `StoreClosed` where they would come back.
        """
        item = locked_items([movement.item_id])[movement.item_id]
        if movement.kind not in CORRECTABLE:
            raise NotCorrectable
        if movement.answers.filter(kind=MovementKind.CORRECTION).exists():
            raise AlreadyCorrected
        there = lowest_since(movement.lot.movements.all(), movement.occurred_at)
        if movement.quantity > there:
            raise LotUsed
        if movement.quantity < 0:
            require_open([movement.store_id])
        entry = Entry(
            MovementKind.CORRECTION, by, reference=movement.reference, note=note,
            occurred_at=movement.occurred_at,
        )  # fmt: skip
        counter = entry.movement(
            movement.lot, -movement.quantity, abs(movement.cost), origin=movement
        )
        with constraint_as({"level_not_overpromised": LotUsed()}):
            post([counter], {item.pk: item}, since=movement.occurred_at)
        log_audit(AuditType.STOCK, by, f"corrected stock of item “{item.name}”", obj=counter)
        return counter


def _entry(kind: MovementKind, by: "User | None", said: Said, reason: str = "") -> Entry:
    require_past("occurred_at", said.get("occurred_at"))
    return Entry(kind, by, reason, **said)


def _currency(receipt: Receipt) -> str:
    return receipt.currency or receipt.item.vendor.currency


def _shares(
    receipts: Sequence[Receipt], landed_costs: Sequence[Mapping[str, Any]]
) -> list[list[dict[str, Any]]]:
    """For each receipt its part of each landed cost: by value, without any value by quantity."""
    values = [receipt.unit_cost * receipt.quantity for receipt in receipts]
    weights = values if any(values) else [receipt.quantity for receipt in receipts]
    shares: list[list[dict[str, Any]]] = [[] for _receipt in receipts]
    for landed in landed_costs:
        for costs, part in zip(shares, apportion(landed["amount"], weights), strict=True):
            costs.append({"kind": landed["kind"], "amount": str(part)})
    return shares


def _lot(receipt: Receipt, entry: Entry, landed_costs: list[dict[str, Any]]) -> StockLot:
    landed = sum((Decimal(cost["amount"]) for cost in landed_costs), Decimal(0))
    return StockLot(
        item=receipt.item,
        store=receipt.store,
        received=receipt.quantity,
        unit_cost=receipt.unit_cost,
        landed_costs=landed_costs,
        cost=receipt.unit_cost * receipt.quantity + landed,
        currency=_currency(receipt),
        received_at=entry.at,
        reference=entry.reference,
    )


def _adjusted(line: Line, entry: Entry, unit_cost: Decimal = Decimal(0)) -> list[StockMovement]:
    """More or fewer. The caller holds the item's lock; nothing to change changes nothing."""
    movements: list[StockMovement] = []
    if line.quantity > 0:
        require_open([line.store.pk])
        found = Receipt(line.item, line.store, line.quantity, unit_cost, line.item.currency)
        movements = add_lots([_lot(found, entry, [])], entry)
    elif line.quantity < 0:
        lost = Line(line.item, line.store, -line.quantity, line.lot)
        [movements] = take([lost], entry)
    if movements and entry.by:
        _log("adjusted", line, movements, entry.by)
    return movements


@dataclass
class _NotReturned:
    """What of a sale is with the customer. A second return of the same sale sees the first."""

    units: int
    cost: Decimal


def _not_returned(sales: Sequence[StockMovement]) -> dict[int, _NotReturned]:
    rest = {sale.pk: _NotReturned(-sale.quantity, -sale.cost) for sale in sales}
    answers = StockMovement.objects.filter(origin__in=rest, kind=MovementKind.RETURN)
    for row in answers.values("origin").annotate(units=Sum("quantity"), paid=Sum("cost")):
        rest[row["origin"]].units -= row["units"]
        rest[row["origin"]].cost -= row["paid"]
    return rest


def _returned(each: Return, entry: Entry, rest: _NotReturned) -> StockMovement:
    sale = each.sale
    if sale.kind != MovementKind.SALE or each.quantity > rest.units:
        raise ReturnExceedsSale(max(rest.units, 0))
    cost = share_of(rest.cost, rest.units, each.quantity)
    rest.units -= each.quantity
    rest.cost -= cost
    return entry.movement(sale.lot, each.quantity, cost, origin=sale)


def _audit_entry(verb: str, item: Collectible, movement: StockMovement) -> AuditEntry:
    said = {
        "store": movement.store_id,
        "quantity": movement.quantity,
        "cost": movement.cost,
        "reason": movement.reason,
    }
    return AuditEntry(f"{verb} {abs(movement.quantity)} of item “{item.name}”", item, after=said)


def _log(verb: str, line: Line, movements: Sequence[StockMovement], by: "User") -> None:
    log_many(AuditType.STOCK, by, [_audit_entry(verb, line.item, each) for each in movements])
