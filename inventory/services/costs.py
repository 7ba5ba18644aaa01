"""What units cost that leave their lots. Pure: no queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from core.money import share_of
from inventory.models import StockLot


@dataclass(frozen=True)
class Piece:
    """So many units of one lot, and what they cost."""

    lot: StockLot
    units: int
    cost: Decimal


@dataclass
class Holding:
    """A lot, and how many of its units may be taken."""

    lot: StockLot
    free: int


def consume(holdings: Sequence[Holding], quantity: int) -> list[Piece]:
    """Take units from the lots in their order; what is taken is gone from these objects too.

    They hold enough: the caller has looked.
    """
    pieces: list[Piece] = []
    for holding in holdings:
        lot, units = holding.lot, min(holding.free, quantity)
        if units:
            cost = share_of(lot.remaining_cost, lot.remaining, units)
            pieces.append(Piece(lot, units, cost))
            lot.remaining -= units
            lot.remaining_cost -= cost
            holding.free -= units
            quantity -= units
    return pieces
