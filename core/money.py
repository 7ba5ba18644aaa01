"""Money to the cent: what is divided adds up again."""

from collections.abc import Sequence
from decimal import ROUND_DOWN, Decimal

CENT, ZERO = Decimal("0.01"), Decimal(0)


def apportion(amount: Decimal, weights: Sequence[Decimal | int]) -> list[Decimal]:
    """Divide an amount in proportion to the weights, in whole cents that sum to it.

    By the largest remainder (Hamilton's method): each part is rounded down, and the cents left
    go to the parts that lost most by it, of equals to the first. Without any weight all are equal.
    """
    shares = [Decimal(weight) for weight in weights]
    total = sum(shares, Decimal(0))
    if not total:
        shares, total = [Decimal(1)] * len(shares), Decimal(len(shares))
    exact = [amount * share / total for share in shares]
    parts = [part.quantize(CENT, ROUND_DOWN) for part in exact]
    left = int((amount - sum(parts, Decimal(0))) / CENT)
    losers = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for index in losers[:left]:
        parts[index] += CENT
    return parts


def share_of(cost: Decimal, units: int, taken: int) -> Decimal:
    """What `taken` of `units` cost when all of them cost `cost`: odd cents leave first.

    The rest costs the rest, so that any series of takings adds up to `cost`.
    """
    each, odd = divmod(int(cost / CENT), units)
    return CENT * (each * taken + min(odd, taken))
