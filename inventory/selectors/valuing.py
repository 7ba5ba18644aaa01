"""Reading: what stock cost and is worth, at any moment. From the ledger, in one pass each.

Money is not added up over currencies: figures are in one, and `others` says what they leave out.
At any moment what came in cost what is on hand, in transit, sold and written off, to the cent.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils import timezone

from inventory.selectors.catalog import get_category_names
from inventory.selectors.stock import NOW, Moment
from vendors.selectors import get_store_names


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
        return round(self.unrealised_gain / self.valued_cost, 4) if self.valued_cost else None

    @property
    def holding_days(self) -> Decimal | None:
        """How long a unit has been held, on average; a transfer does not begin it anew."""
        return round(self.unit_days / self.units, 1) if self.units else None


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


# What each lot held at the moment, and the newest valuation of its item by then.
_HELD = """
    WITH held AS (
        SELECT movement.item_id, movement.store_id, movement.lot_id,
            SUM(movement.quantity) AS units, SUM(movement.cost) AS cost
        FROM inventory_stockmovement AS movement
        WHERE movement.vendor_id = ANY(%(vendors)s) AND movement.occurred_at <= %(as_of)s
            AND movement.recorded_at <= %(known_at)s
        GROUP BY 1, 2, 3 HAVING SUM(movement.quantity) <> 0
    ), priced AS (
        SELECT held.*, item.category_id, valuation.amount,
            EXTRACT(epoch FROM %(as_of)s - lot.received_at) / 86400 AS days
        FROM held
        JOIN inventory_stocklot AS lot ON lot.id = held.lot_id
        JOIN inventory_collectible AS item ON item.id = held.item_id
        LEFT JOIN LATERAL (
            SELECT known.amount, known.currency FROM inventory_valuation AS known
            WHERE known.item_id = held.item_id AND known.valued_at <= %(as_of)s
                AND known.recorded_at <= %(known_at)s
            ORDER BY known.valued_at DESC, known.id DESC LIMIT 1
        ) AS valuation ON valuation.currency = %(currency)s
        WHERE lot.currency = %(currency)s
    )
    SELECT GROUPING(store_id) = 0, GROUPING(category_id) = 0, store_id, category_id,
        COALESCE(SUM(units), 0), COALESCE(SUM(cost), 0), COALESCE(SUM(units * amount), 0),
        COALESCE(SUM(cost) FILTER (WHERE amount IS NOT NULL), 0),
        COALESCE(SUM(units) FILTER (WHERE amount IS NULL), 0),
        COALESCE(SUM(units * days), 0)
    FROM priced GROUP BY GROUPING SETS ((), (store_id), (category_id))
"""
# Both ends of transfers are added up, lot by lot: so nothing is missing even at a moment between
# two rows of one deed, when one lot is known to have arrived and the next is not.
_GONE = """
    SELECT
        COALESCE(-SUM(movement.quantity)
            FILTER (WHERE movement.kind IN ('transfer_out', 'transfer_in')), 0),
        COALESCE(-SUM(movement.cost)
            FILTER (WHERE movement.kind IN ('transfer_out', 'transfer_in')), 0),
        COALESCE(-SUM(movement.cost) FILTER (WHERE movement.kind IN ('sale', 'return')), 0),
        COALESCE(-SUM(movement.cost) FILTER (WHERE movement.kind = 'write_off'
            OR movement.kind = 'adjustment' AND movement.quantity < 0
            OR movement.kind = 'correction' AND origin.quantity < 0), 0)
    FROM inventory_stockmovement AS movement
    JOIN inventory_stocklot AS lot ON lot.id = movement.lot_id AND lot.currency = %(currency)s
    LEFT JOIN inventory_stockmovement AS origin ON origin.id = movement.origin_id
    WHERE movement.vendor_id = ANY(%(vendors)s) AND movement.occurred_at <= %(as_of)s
        AND movement.recorded_at <= %(known_at)s
"""
_OTHERS = """
    SELECT lot.currency FROM inventory_stocklot AS lot
    JOIN inventory_collectible AS item ON item.id = lot.item_id
    WHERE item.vendor_id = ANY(%(vendors)s) AND lot.currency <> %(currency)s AND lot.remaining > 0
    UNION
    SELECT lot.currency FROM inventory_stocktransfer AS transfer
    JOIN inventory_stockmovement AS sent ON sent.transfer_id = transfer.id
    JOIN inventory_stocklot AS lot ON lot.id = sent.lot_id
    WHERE transfer.status = 'in_transit' AND sent.vendor_id = ANY(%(vendors)s)
        AND lot.currency <> %(currency)s
    ORDER BY 1
"""
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
        SELECT LEAST(month + interval '1 month', %(as_of)s) AS until
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
    as_of = moment.as_of or timezone.now()
    given = {
        "vendors": list(vendor_ids),
        "currency": currency,
        "as_of": as_of,
        "known_at": moment.known_at or "infinity",
        "months": months,
    }
    rows = _rows(_HELD, given)
    total = next((row[4:] for row in rows if not row[0] and not row[1]), ())
    categories = {row[3]: row[4:] for row in rows if row[1]}
    stores = {row[2]: row[4:] for row in rows if row[0]}
    [(units_in_transit, cost_in_transit, sold, written_off)] = _rows(_GONE, given)
    return ValuationFigures(
        *total,
        currency=currency,
        as_of=as_of,
        known_at=moment.known_at,
        units_in_transit=units_in_transit,
        cost_in_transit=cost_in_transit,
        cost_of_goods_sold=sold,
        written_off=written_off,
        by_category=_shares(categories, get_category_names(categories)),
        by_store=_shares(stores, get_store_names(stores)),
        history=[Point(*row) for row in _rows(_HISTORY, given)],
        others=[row[0] for row in _rows(_OTHERS, given)],
    )


def _shares(rows: dict[int | None, tuple[Any, ...]], names: dict[int, str]) -> list[Share]:
    """Those that are worth most first."""
    shares = [Share(*row, id=key, name=names.get(key or 0)) for key, row in rows.items()]
    return sorted(shares, key=lambda share: (-share.market_value, share.name or ""))


def _rows(query: str, given: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, given)
        return list(cursor.fetchall())
