"""What an order comes to, to the cent. Pure: no queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from core.money import CENT, apportion


@dataclass(frozen=True)
class Terms:
    """What was agreed on a line. `discount` is off all its units, `tax_rate` is in percent."""

    quantity: int
    unit_price: Decimal
    discount: Decimal
    tax_rate: Decimal
    key: object = None

    @property
    def amount(self) -> Decimal:
        return self.quantity * self.unit_price - self.discount


@dataclass(frozen=True)
class Price:
    """A line's share of the order's discount, and the tax on what is left, half cents up."""

    order_discount: Decimal
    tax: Decimal


def price(lines: Sequence[Terms], discount: Decimal) -> list[Price]:
    """For each line its price; the shares add up to the discount.

    The odd cents of the discount go by what the lines are and not by where they stand, so that
    the order of lines changes neither a line's price nor the sum.
    """
    ranked = sorted(range(len(lines)), key=lambda i: _rank(lines[i]))
    shares = apportion(discount, [lines[i].amount for i in ranked]) if lines else []
    prices: dict[int, Price] = {}
    for i, share in zip(ranked, shares, strict=True):
        taxed = (lines[i].amount - share) * lines[i].tax_rate / 100
        prices[i] = Price(share, taxed.quantize(CENT, ROUND_HALF_UP))
    return [prices[i] for i in range(len(lines))]


def _rank(line: Terms) -> tuple[object, ...]:
    return (-line.amount, line.tax_rate, -line.quantity, line.unit_price, line.key)
