"""Money to the cent: what is divided adds up again."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal

CENT, ZERO = Decimal("0.01"), Decimal(0)
# All the shops' goods, divided by a cent.
_WIDE = Context(prec=50, rounding=ROUND_HALF_UP)


def apportion(amount: Decimal, weights: Sequence[Decimal | int]) -> list[Decimal]:
    """Divide an amount in proportion to the weights, in whole cents that sum to it.

    By the largest remainder (Hamilton's method): each part is rounded down, and the cents left
    go to the parts that lost most by it, of equals to the first. Without any weight all are equal.
    """
    shares = [Decimal(weight) for weight in weights]
    total = sum(shares, Decimal(0))
    if not total:
        shares, total = [Decimal(1)] * len(shares), Decimal(len(shares))
    cents = int(amount / CENT)
    # As whole numbers and what is left over: a quotient of 28 digits may tell equals apart.
    parts = [divmod(cents * share, total) for share in shares]
    left = cents - sum(int(part) for part, _lost in parts)
    losers = sorted(range(len(parts)), key=lambda i: (-parts[i][1], i))[:left]
    return [CENT * (part + (i in losers)) for i, (part, _lost) in enumerate(parts)]


def share_of(cost: Decimal, units: int, taken: int) -> Decimal:
    """What `taken` of `units` cost when all of them cost `cost`: odd cents leave first.

    The rest costs the rest, so that any series of takings adds up to `cost`.
    """
    each, odd = divmod(int(cost / CENT), units)
    return CENT * (each * taken + min(odd, taken))


def ratio(part: Decimal, whole: Decimal | int, to: Decimal) -> Decimal | None:
    """The part as a share of the whole, rounded to a multiple of `to`; None of nothing."""
    return _WIDE.divide(part, whole).quantize(to, context=_WIDE) if whole else None


def percentage(part: Decimal | None, whole: Decimal) -> Decimal | None:
    """To two places; None of nothing."""
    return None if part is None else ratio(_WIDE.multiply(part, 100), whole, CENT)
