"""Orders as plain Python says they should be: lists and integers beside the stock's replay."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.stock.replay import Lot, Replay

Place = tuple[int, int]


def pile(units: int, cents: int) -> Lot:
    """What is taken unit by unit, odd cents first."""
    return Lot(0, units, cents, 0)


@dataclass
class Piece:
    """Units of one lot that the customer has, what they cost, and what was paid for them."""

    lot: Lot
    cost: Lot
    net: Lot
    tax: Lot


@dataclass
class Ordered:
    """A line. `net` and `tax` are what was not sent yet."""

    key: int
    item: int
    net: Lot
    tax: Lot
    sent: list[Piece] = field(default_factory=list)
    fulfilled: int = 0
    returned: int = 0
    refunded: int = 0
    # What stayed with the shop of units that came back, and the tax on it.
    kept: int = 0
    kept_tax: int = 0
    cancelled: int = 0

    @property
    def figures(self) -> tuple[int, ...]:
        """Fulfilled, returned, revenue, refunded, cost, cancelled, and what all that was not
        given up comes to with tax: as the line should say."""
        revenue = sum(piece.net.cents for piece in self.sent) + self.kept
        cost = sum(piece.cost.cents for piece in self.sent)
        paid = revenue + self.kept_tax + sum(piece.tax.cents for piece in self.sent)
        total = paid + self.refunded + self.net.cents + self.tax.cents
        return (
            self.fulfilled, self.returned, revenue, self.refunded, cost, self.cancelled, total
        )  # fmt: skip

    @property
    def with_customer(self) -> int:
        return sum(piece.net.units for piece in self.sent)


@dataclass
class Bought:
    """An order."""

    key: int
    store: int
    status: str
    lines: list[Ordered]

    def send(self, stock: Replay, units: Sequence[int]) -> None:
        for line, some in zip(self.lines, units, strict=True):
            pieces = stock.take((line.item, self.store), some)
            for lot, count, cents in pieces:
                net, tax = line.net.take(count), line.tax.take(count)
                line.sent.append(Piece(lot, pile(count, cents), pile(count, net), pile(count, tax)))
                stock.sold += cents
            line.fulfilled += some
        if not any(line.net.units for line in self.lines):
            self.status = "fulfilled"

    def cancel(self) -> None:
        """All of it, or what never went, when anything is left of what did."""
        out = any(line.with_customer for line in self.lines)
        if not out and not any(line.kept or line.kept_tax for line in self.lines):
            self.status = "cancelled"
            return
        self.status = "fulfilled" if out else "returned"
        for line in self.lines:
            line.cancelled, line.net, line.tax = line.net.units, pile(0, 0), pile(0, 0)

    def take_back(self, stock: Replay, place: int, units: int, *, broken: bool, paid: bool) -> int:
        """What is paid back, in cents: what was paid, or nothing."""
        line, refund = self.lines[place], 0
        line.returned += units
        for piece in line.sent:
            some = min(piece.net.units, units)
            if some:
                cost = piece.cost.take(some)
                net, tax = piece.net.take(some), piece.tax.take(some)
                if paid:
                    refund += net + tax
                else:
                    line.kept += net
                    line.kept_tax += tax
                stock.sold -= cost
                if broken:
                    stock.lost += cost
                else:
                    piece.lot.units += some
                    piece.lot.cents += cost
                units -= some
        line.refunded += refund
        if not any(line.net.units or line.with_customer for line in self.lines):
            self.status = "returned"
        return refund

    @property
    def held(self) -> dict[Place, int]:
        """What stock should be kept for it."""
        held: dict[Place, int] = defaultdict(int)
        if self.status in {"pending", "confirmed"}:
            for line in self.lines:
                held[line.item, self.store] += line.net.units
        return held
