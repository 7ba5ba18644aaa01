"""Reading: what stock cost and is worth, at any moment. From the ledger, in one pass each.

Money is not added up over currencies: figures are in one, and `others` says what they leave out.
At any moment what came in cost what is on hand, in transit, sold and written off, to the cent.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from core.money import ratio
from core.reading import fetch_all
from inventory.selectors.catalog import get_category_names
from inventory.selectors.closings import (
    NOTHING,
    Sums,
    get_closed_vendors,
    get_gone,
    get_held,
    get_totals,
    total,
)
from inventory.selectors.stock import NOW, Moment
from vendors.selectors import get_store_names

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Holding:
    """Units, what they cost, and what those of them that were valued are worth and had cost."""

    units: int = 0
    cost_on_hand: Decimal = Decimal(0)
    market_value: Decimal = Decimal(0)
    valued_cost: Decimal = Decimal(0)
    unvalued_units: int = 0
    unit_days: Decimal = Decimal(0)

    @property
    def unrealised_gain(self) -> Decimal:
        """Of the units that were valued: a guess at the others would be neither gain nor loss."""
        return self.market_value - self.valued_cost

    @property
    def return_on_investment(self) -> Decimal | None:
        """The gain as a share of the cost: 0.25 is a quarter more; None when they cost nothing."""
        return ratio(self.unrealised_gain, self.valued_cost, Decimal("0.0001"))

    @property
    def holding_days(self) -> Decimal | None:
        """How long a unit has been held, on average; a transfer does not begin it anew."""
        return ratio(self.unit_days, self.units, Decimal("0.1"))


@dataclass(frozen=True, kw_only=True)
class Share(Holding):
    """The part of a category or a store; `id` and `name` are None for no category."""

    id: int | None
    name: str | None


@dataclass(frozen=True)
class Point:
    """The end of a month, or the moment that was asked for."""

    at: datetime
    units: int
    cost_on_hand: Decimal
    market_value: Decimal


@dataclass(frozen=True, kw_only=True)
class ValuationFigures(Holding):
    """The whole, its parts, and how it came to be: `history` by the month, the last is `as_of`.

    Units in transit are in no store, and so in none of the figures but their own.
    """

    currency: str
    as_of: datetime
    known_at: datetime | None
    units_in_transit: int
    cost_in_transit: Decimal
    cost_of_goods_sold: Decimal
    written_off: Decimal
    by_category: list[Share]
    by_store: list[Share]
    history: list[Point]
    others: list[str]


# Every change of an item's units or value changes its worth by some amount; those amounts, added
# up until the end of each month, are the series: one sort, however many months there are.
_HISTORY = """
    WITH events AS (
        SELECT movement.item_id, movement.occurred_at AS at, movement.quantity AS units,
            movement.cost, NULL::numeric AS amount
        FROM inventory_stockmovement AS movement
        JOIN inventory_stocklot AS lot ON lot.id = movement.lot_id AND lot.currency = %(currency)s
        WHERE movement.vendor_id = ANY(%(vendors)s) AND movement.occurred_at <= %(as_of)s
            AND movement.recorded_at <= %(known_at)s
        UNION ALL
        SELECT item_id, valued_at, 0, 0, CASE WHEN currency = %(currency)s THEN amount ELSE 0 END
        FROM (
            SELECT DISTINCT ON (valuation.item_id, valuation.valued_at) valuation.*
            FROM inventory_valuation AS valuation
            JOIN inventory_collectible AS item ON item.id = valuation.item_id
            WHERE item.vendor_id = ANY(%(vendors)s) AND valuation.valued_at <= %(as_of)s
                AND valuation.recorded_at <= %(known_at)s
            ORDER BY valuation.item_id, valuation.valued_at, valuation.id DESC
        ) AS newest
    ), grouped AS (
        SELECT *, SUM(units) OVER past AS on_hand, COUNT(amount) OVER past AS valuation
        FROM events
        WINDOW past AS (PARTITION BY item_id ORDER BY at RANGE UNBOUNDED PRECEDING)
    ), valued AS (
        SELECT item_id, at, units, cost,
            on_hand * COALESCE(MAX(amount) OVER (PARTITION BY item_id, valuation), 0) AS worth
        FROM grouped
    ), changes AS (
        SELECT at, units, cost,
            worth - LAG(worth, 1, 0::numeric) OVER (PARTITION BY item_id ORDER BY at) AS change
        FROM valued
    ), months AS (
        SELECT DISTINCT LEAST(month + interval '1 month', %(as_of)s) AS until
        FROM generate_series(
            GREATEST(
                date_trunc('month', %(as_of)s - make_interval(months => %(months)s - 1), 'UTC'),
                '0001-01-01T00:00:00Z'
            ),
            %(as_of)s, interval '1 month'
        ) AS month
    ), placed AS (
        SELECT COALESCE(
                (SELECT MIN(until) FROM months WHERE until >= changes.at), %(as_of)s
            ) AS until, units, cost, change
        FROM changes
    )
    SELECT months.until, SUM(COALESCE(sums.units, 0)) OVER so_far,
        SUM(COALESCE(sums.cost, 0)) OVER so_far, SUM(COALESCE(sums.change, 0)) OVER so_far
    FROM months LEFT JOIN (
        SELECT until, SUM(units) AS units, SUM(cost) AS cost, SUM(change) AS change
        FROM placed GROUP BY 1
    ) AS sums USING (until)
    WINDOW so_far AS (ORDER BY months.until)
    ORDER BY 1
"""


def get_valuation_figures(
    vendor_ids: Iterable[int], currency: str, moment: Moment = NOW, months: int = 12
) -> ValuationFigures:
    """What these vendors' stock cost and is worth; `history` ends with the moment itself."""
    ids, as_of = list(vendor_ids), moment.as_of or timezone.now()
    closings = get_closed_vendors(ids)
    closed = set() if moment.known_at else closings
    held = get_held(ids, closed, as_of, moment.known_at)
    parts = {key[1:]: sums for key, sums in held.items() if key[0] == currency and sums[0]}
    stores, categories = _by(0, parts), _by(1, parts)
    gone = get_gone(ids, closed, as_of, moment.known_at).get((currency,), NOTHING)
    return ValuationFigures(
        *_holding(total(parts), as_of),
        currency=currency,
        as_of=as_of,
        known_at=moment.known_at,
        units_in_transit=int(gone[0]),
        cost_in_transit=gone[1],
        cost_of_goods_sold=gone[2],
        written_off=gone[3],
        by_category=_shares(categories, get_category_names(categories), as_of),
        by_store=_shares(stores, get_store_names(stores), as_of),
        history=_history(ids, closed, currency, replace(moment, as_of=as_of), months),
        others=_others(ids, closings, currency),
    )


def _history(
    vendor_ids: list[int], closed: set[int], currency: str, moment: Moment, months: int
) -> list[Point]:
    """Of `closed` vendors from their closings, of the others in one pass over all there was."""
    given = {
        "vendors": [vendor_id for vendor_id in vendor_ids if vendor_id not in closed],
        "currency": currency,
        "as_of": moment.as_of,
        "known_at": moment.known_at or "infinity",
        "months": months,
    }
    rows = fetch_all(_HISTORY, given)
    ends = [row[0] for row in rows]
    known = [get_totals(vendor_id, currency, ends) for vendor_id in closed]
    sums = zip((row[1:] for row in rows), *known, strict=True)
    points = [tuple(map(sum, zip(*each, strict=True))) for each in sums]
    return [Point(end, *point) for end, point in zip(ends, points, strict=True)]  # type: ignore[arg-type]


def _others(vendor_ids: list[int], closed: set[int], currency: str) -> list[str]:
    """The other currencies of what is on hand or in transit now."""
    there = get_gone(vendor_ids, closed, timezone.now()).items()
    found = {key[0] for key, (in_transit, *_gone, on_hand) in there if in_transit or on_hand}
    return sorted(found - {currency})


def _by(place: int, parts: dict[Any, Sums]) -> dict[int | None, Sums]:
    """Added up by the store, or by the category."""
    groups: dict[int | None, dict[Any, Sums]] = defaultdict(dict)
    for key, sums in parts.items():
        groups[key[place]][key] = sums
    return {key: total(group) for key, group in groups.items()}


def _holding(sums: Sums, as_of: datetime) -> tuple[Any, ...]:
    """The figures of a `Holding`: the last of the sums is when the units came, all together."""
    *figures, received = sums
    return *figures, (sums[0] * _seconds(as_of) - received) / 86400


def _seconds(moment: datetime) -> Decimal:
    return Decimal((moment - _EPOCH) // timedelta(microseconds=1)) / 10**6


def _shares(groups: dict[int | None, Sums], names: dict[int, str], as_of: datetime) -> list[Share]:
    """Those that are worth most first."""
    shares = [
        Share(*_holding(sums, as_of), id=key, name=names.get(key or 0))
        for key, sums in groups.items()
    ]
    return sorted(shares, key=lambda share: (-share.market_value, share.name or ""))
