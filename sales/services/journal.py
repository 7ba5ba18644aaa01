"""How the sales journal is written: one entry for each movement of the ledger, to the cent.

The caller holds the order's lock, so that lines and entries belong to one transaction alone.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from django.db.models import F, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from core.adding import add
from core.exceptions import InvalidInput
from core.money import CENT, ZERO, apportion, share_of
from inventory.services import Line, Return, StockService
from sales.enums import EntryKind
from sales.exceptions import RefundExceedsPaid, ReturnExceedsLine
from sales.models import Fulfilment, Order, OrderLine, OrderReturn, SalesEntry

if TYPE_CHECKING:
    from inventory.models import StockMovement
    from users.models import User


@dataclass(frozen=True)
class Part:
    """So many units of a line."""

    line: OrderLine
    quantity: int


@dataclass(frozen=True)
class Returned(Part):
    """Units that come back, into stock unless they are `written_off` (for that reason).

    `refund` is what is paid back for them, with tax; what was paid for them unless told.
    """

    written_off: str = ""
    refund: Decimal | None = None


def book_sale(
    order: Order, parts: Sequence[Part], fulfilment: Fulfilment, *, by: "User | None",
    occurred_at: datetime | None = None,
) -> None:  # fmt: skip
    """Take the parts' units from stock; there is one part at least. Raises `InsufficientStock`."""
    taken = StockService.sell(
        lines=[Line(part.line.item, order.store, part.quantity, part.line.lot) for part in parts],
        by=by,
        reference=str(order.number),
        occurred_at=occurred_at,
    )
    unbooked = _unbooked(order)
    entries = [
        entry
        for part, movements in zip(parts, taken, strict=True)
        for entry in _sold_entries(part.line, unbooked[part.line.pk], movements, fulfilment)
    ]
    SalesEntry.objects.bulk_create(entries)
    book_charges(order, occurred_at=entries[0].occurred_at)


def book_new(
    order: Order, lines: Sequence[OrderLine], fulfilment: Fulfilment, *, by: "User | None",
    occurred_at: datetime | None,
) -> list[SalesEntry]:  # fmt: skip
    """The same of an order that is being added and goes at once, whole; its items are locked."""
    taken = StockService.sell_locked(
        lines=[Line(line.item, order.store, line.quantity, line.lot) for line in lines],
        by=by,
        reference=cast("str", order.number),
        occurred_at=occurred_at,
    )
    entries = [
        entry
        for line, movements in zip(lines, taken, strict=True)
        for entry in _sold_entries(line, _whole(line), movements, fulfilment)
    ]
    if order.fees or order.postage:
        entries += _charges(order, lines, entries[0].occurred_at)
    add(*entries)
    return entries


def _sold_entries(
    line: OrderLine, rest: "_Rest", movements: "Sequence[StockMovement]", fulfilment: Fulfilment
) -> list[SalesEntry]:
    return [
        _entry(
            fulfilment.order, line, EntryKind.SALE, movement, fulfilment=fulfilment,
            **rest.take(-movement.quantity),
        )
        for movement in movements
    ]  # fmt: skip


def count_in(entries: Iterable[SalesEntry]) -> None:
    """What lines of a new order say, as the database adds it up (`sales.triggers.BOOKED`)."""
    for entry in entries:
        line, cost = entry.line, entry.cost
        line.fulfilled += entry.units
        line.revenue += entry.revenue
        line.cost = None if cost is None or line.cost is None else line.cost + cost
        line.fees += entry.fees
        line.postage += entry.postage


def book_charges(order: Order, occurred_at: datetime | None = None) -> None:
    """Divide fees and postage among the lines by what they came to, once something was sold.

    They are of the day of the sale; what is changed later is a correction by the difference.
    """
    lines = list(order.lines.order_by("pk"))
    if any(line.fulfilled for line in lines):
        SalesEntry.objects.bulk_create(_charges(order, lines, occurred_at or timezone.now()))


def _charges(order: Order, lines: Sequence[OrderLine], occurred_at: datetime) -> list[SalesEntry]:
    """Free lines bear alike what nobody paid for; a line that was given up bears nothing."""
    weights: list[Decimal | int] = [line.net for line in lines]
    if not any(weights):
        weights = [bool(line.wanted) for line in lines]
    fees, postage = apportion(order.fees, weights), apportion(order.postage, weights)
    return [
        _entry(
            order, line, EntryKind.CHARGE, fees=fee - line.fees, postage=cost - line.postage,
            occurred_at=occurred_at,
        )
        for line, fee, cost in zip(lines, fees, postage, strict=True)
        if (fee, cost) != (line.fees, line.postage)
    ]  # fmt: skip


def book_return(
    order: Order, parts: Sequence[Returned], order_return: OrderReturn, *, by: "User | None"
) -> Decimal:
    """Put the parts' units back, or write them off; returns what is paid back in all.

    Raises `ReturnExceedsLine`, `RefundExceedsPaid`, and `InvalidInput` for what came back before
    it was sold.
    """
    sold = _sold(order)
    pieces = [piece for part in parts for piece in _pieces(part, sold[part.line.pk])]
    if any(order_return.returned_at < piece.sale.occurred_at for piece in pieces):
        raise InvalidInput.of("returned_at", _("This was not sold yet."), "before_sale")
    movements = StockService.give_back(
        returns=[Return(piece.movement, piece.units, piece.part.written_off) for piece in pieces],
        by=by,
        reference=str(order.number),
        occurred_at=order_return.returned_at,
    )
    entries = [
        _entry(
            order, piece.part.line, EntryKind.RETURN, movement, units=-piece.units,
            revenue=-piece.revenue, tax=-piece.tax, origin=piece.sale, order_return=order_return,
        )
        for piece, movement in zip(pieces, movements, strict=True)
    ]  # fmt: skip
    SalesEntry.objects.bulk_create(entries)
    return sum((piece.revenue + piece.tax for piece in pieces), ZERO)


class Booked(NamedTuple):
    """What went of a line, and what for: without tax, and the tax."""

    units: int
    revenue: Decimal
    tax: Decimal


NOTHING = Booked(0, ZERO, ZERO)


def booked_sales(order: Order) -> dict[int, Booked]:
    """By line, whatever of it came back; lines of which nothing went are missing."""
    rows = SalesEntry.objects.filter(order=order, kind=EntryKind.SALE).values_list("line")
    sums = rows.annotate(Sum("units"), Sum("revenue"), Sum("tax"))
    return {line: Booked(*booked) for line, *booked in sums}


def leaves_something(order: Order) -> bool:
    """Whether of what went units are with the customer, or money that was paid with the shop."""
    left = SalesEntry.objects.filter(order=order).aggregate(
        units=Sum("units"), paid=Sum(F("revenue") + F("tax"))
    )
    return any(left.values())


def _entry(
    order: Order, line: OrderLine, kind: str, movement: "StockMovement | None" = None,
    **values: Any,
) -> SalesEntry:  # fmt: skip
    if movement is not None:
        values["occurred_at"] = movement.occurred_at
        known = movement.lot.currency == order.currency
        values["cost"] = -movement.cost if known else None
    else:
        values["cost"] = ZERO
    return SalesEntry(
        vendor_id=order.vendor_id, order=order, line=line, kind=kind, movement=movement, **values
    )


@dataclass
class _Rest:
    """What of a line has not been sold yet: shares of it add up to the whole."""

    units: int
    revenue: Decimal
    tax: Decimal

    def take(self, units: int) -> dict[str, Any]:
        revenue = share_of(self.revenue, self.units, units)
        tax = share_of(self.tax, self.units, units)
        self.units -= units
        self.revenue -= revenue
        self.tax -= tax
        return {"units": units, "revenue": revenue, "tax": tax}


def _whole(line: OrderLine) -> _Rest:
    return _Rest(line.wanted, line.net, line.tax)


def _unbooked(order: Order) -> dict[int, _Rest]:
    rests = {line.pk: _whole(line) for line in order.lines.all()}
    for key, went in booked_sales(order).items():
        rest = rests[key]
        rest.units -= went.units
        rest.revenue -= went.revenue
        rest.tax -= went.tax
    return rests


@dataclass
class _Sale:
    """An entry of a sale, and how many of its units came back."""

    entry: SalesEntry
    back: int

    @property
    def left(self) -> int:
        return self.entry.units - self.back

    def take(self, units: int) -> tuple[Decimal, Decimal]:
        """What was paid for the next units that come back: without tax, and the tax."""
        entry, after = self.entry, self.back + units
        shares = [
            share_of(paid, entry.units, after) - share_of(paid, entry.units, self.back)
            for paid in (entry.revenue, entry.tax)
        ]
        self.back = after
        return shares[0], shares[1]


@dataclass
class _Sold:
    """What was sold of a line, the oldest first, and what of it has not been paid back."""

    sales: list[_Sale]
    revenue: Decimal
    tax: Decimal

    @property
    def left(self) -> int:
        return sum(sale.left for sale in self.sales)


@dataclass
class _Piece:
    """Units of one sale that come back, and what is paid back for them."""

    part: Returned
    sale: SalesEntry
    units: int
    revenue: Decimal
    tax: Decimal

    @property
    def movement(self) -> "StockMovement":
        """Every sale has one: the database says so."""
        return cast("StockMovement", self.sale.movement)


def _sold(order: Order) -> dict[int, _Sold]:
    sales = SalesEntry.objects.filter(order=order, kind=EntryKind.SALE).order_by("pk")
    rows = sales.select_related("movement__lot").annotate(
        back=Coalesce(-Sum("answers__units"), 0),
        paid_back=Coalesce(-Sum("answers__revenue"), ZERO),
        tax_back=Coalesce(-Sum("answers__tax"), ZERO),
    )
    sold: dict[int, _Sold] = defaultdict(lambda: _Sold([], ZERO, ZERO))
    for row in rows:
        line = sold[row.line_id]
        line.sales.append(_Sale(row, row.back))
        line.revenue += row.revenue - row.paid_back
        line.tax += row.tax - row.tax_back
    return sold


def _pieces(part: Returned, sold: _Sold) -> list[_Piece]:
    """The next part of the same line sees what this one took."""
    if part.quantity > sold.left:
        raise ReturnExceedsLine(part.line.pk, sold.left)
    pieces, wanted = [], part.quantity
    for sale in sold.sales:
        if units := min(sale.left, wanted):
            pieces.append(_Piece(part, sale.entry, units, *sale.take(units)))
            wanted -= units
    _set_refund(part, pieces, sold)
    sold.revenue -= sum((piece.revenue for piece in pieces), ZERO)
    sold.tax -= sum((piece.tax for piece in pieces), ZERO)
    return pieces


def _set_refund(part: Returned, pieces: Sequence[_Piece], sold: _Sold) -> None:
    """What was paid for the units, unless another sum was agreed; never more than is left."""
    left = sold.revenue + sold.tax
    revenue = sum((piece.revenue for piece in pieces), ZERO)
    tax = sum((piece.tax for piece in pieces), ZERO)
    refund = revenue + tax if part.refund is None else part.refund
    if refund == revenue + tax and revenue <= sold.revenue and tax <= sold.tax:
        return
    if part.refund is None:
        # Less, where more than these units' price was paid back for others before.
        refund = min(refund, left)
    if refund > left:
        raise RefundExceedsPaid(part.line.pk, str(left))
    tax = (refund * sold.tax / left).quantize(CENT, ROUND_HALF_UP) if left else ZERO
    net = refund - tax
    units = [piece.units for piece in pieces]
    for piece, its_net, its_tax in zip(
        pieces, apportion(net, units), apportion(tax, units), strict=True
    ):
        piece.revenue, piece.tax = its_net, its_tax
