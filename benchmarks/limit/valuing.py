"""The limit's valuation as of a moment: in one pass of the ledger each, and the same fields."""

from datetime import datetime
from typing import Any

from benchmarks.limit.answers import Asked

# What each lot held at the moment, and the newest valuation of its item by then.
HELD = """
    WITH held AS (
        SELECT movement.item_id, movement.store_id, movement.lot_id,
            SUM(movement.quantity) AS units, SUM(movement.cost) AS cost
        FROM bare.inventory_stockmovement AS movement
        WHERE movement.vendor_id = %(vendor)s AND movement.occurred_at <= %(as_of)s
        GROUP BY 1, 2, 3 HAVING SUM(movement.quantity) <> 0
    ), priced AS (
        SELECT held.*, item.category_id, valuation.amount,
            EXTRACT(epoch FROM %(as_of)s - lot.received_at) / 86400 AS days
        FROM held
        JOIN bare.inventory_stocklot AS lot ON lot.id = held.lot_id
        JOIN bare.inventory_collectible AS item ON item.id = held.item_id
        LEFT JOIN LATERAL (
            SELECT known.amount, known.currency FROM bare.inventory_valuation AS known
            WHERE known.item_id = held.item_id AND known.valued_at <= %(as_of)s
            ORDER BY known.valued_at DESC, known.id DESC LIMIT 1
        ) AS valuation ON valuation.currency = 'USD'
        WHERE lot.currency = 'USD'
    )
    SELECT GROUPING(store_id) = 0, GROUPING(category_id) = 0, store_id, category_id,
        COALESCE(SUM(units), 0), COALESCE(SUM(cost), 0), COALESCE(SUM(units * amount), 0),
        COALESCE(SUM(cost) FILTER (WHERE amount IS NOT NULL), 0),
        COALESCE(SUM(units) FILTER (WHERE amount IS NULL), 0),
        COALESCE(SUM(units * days), 0)
    FROM priced GROUP BY GROUPING SETS ((), (store_id), (category_id))
"""
GONE = """
    SELECT
        COALESCE(-SUM(movement.quantity)
            FILTER (WHERE movement.kind IN ('transfer_out', 'transfer_in')), 0),
        COALESCE(-SUM(movement.cost)
            FILTER (WHERE movement.kind IN ('transfer_out', 'transfer_in')), 0),
        COALESCE(-SUM(movement.cost) FILTER (WHERE movement.kind IN ('sale', 'return')), 0),
        COALESCE(-SUM(movement.cost) FILTER (WHERE movement.kind = 'write_off'
            OR movement.kind = 'adjustment' AND movement.quantity < 0
            OR movement.kind = 'correction' AND origin.quantity < 0), 0)
    FROM bare.inventory_stockmovement AS movement
    JOIN bare.inventory_stocklot AS lot ON lot.id = movement.lot_id AND lot.currency = 'USD'
    LEFT JOIN bare.inventory_stockmovement AS origin ON origin.id = movement.origin_id
    WHERE movement.vendor_id = %(vendor)s AND movement.occurred_at <= %(as_of)s
"""
OTHERS = """
    SELECT lot.currency FROM bare.inventory_stocklot AS lot
    JOIN bare.inventory_collectible AS item ON item.id = lot.item_id
    WHERE item.vendor_id = %(vendor)s AND lot.currency <> 'USD' AND lot.remaining > 0
    UNION
    SELECT lot.currency FROM inventory_stocktransfer AS transfer
    JOIN bare.inventory_stockmovement AS sent ON sent.transfer_id = transfer.id
    JOIN bare.inventory_stocklot AS lot ON lot.id = sent.lot_id
    WHERE transfer.status = 'in_transit' AND sent.vendor_id = %(vendor)s
        AND lot.currency <> 'USD'
    ORDER BY 1
"""
# The changes of units and worth, added up until the end of each month.
HISTORY = """
    WITH events AS (
        SELECT movement.item_id, movement.occurred_at AS at, movement.quantity AS units,
            movement.cost, NULL::numeric AS amount
        FROM bare.inventory_stockmovement AS movement
        JOIN bare.inventory_stocklot AS lot ON lot.id = movement.lot_id AND lot.currency = 'USD'
        WHERE movement.vendor_id = %(vendor)s AND movement.occurred_at <= %(as_of)s
        UNION ALL
        SELECT item_id, valued_at, 0, 0, CASE WHEN currency = 'USD' THEN amount ELSE 0 END
        FROM (
            SELECT DISTINCT ON (valuation.item_id, valuation.valued_at) valuation.*
            FROM bare.inventory_valuation AS valuation
            JOIN bare.inventory_collectible AS item ON item.id = valuation.item_id
            WHERE item.vendor_id = %(vendor)s AND valuation.valued_at <= %(as_of)s
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
                date_trunc('month', %(as_of)s - make_interval(months => 12 - 1), 'UTC'),
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
GAIN = """
    SELECT COALESCE(SUM(revenue - cost - fees - postage), 0) FROM bare.sales_salesentry
    WHERE vendor_id = %(vendor)s AND occurred_at <= %(as_of)s
"""
NAMES = """
    SELECT 'category', id, name FROM inventory_category WHERE vendor_id = %(vendor)s
    UNION ALL SELECT 'store', id, name FROM vendors_vendorstore WHERE vendor_id = %(vendor)s
"""


def figures(asked: Asked) -> dict[str, Any]:
    as_of = datetime.fromisoformat(asked.query["as_of"])
    held = asked.rows(HELD, prepare=False, as_of=as_of)
    names = {(kind, key): name for kind, key, name in asked.rows(NAMES)}
    [(transit, transit_cost, sold, written_off)] = asked.rows(GONE, prepare=False, as_of=as_of)
    [(gain,)] = asked.rows(GAIN, as_of=as_of)
    return {
        **next(_holding(row[4:]) for row in held if not row[0] and not row[1]),
        "currency": "USD",
        "as_of": as_of,
        "known_at": None,
        "units_in_transit": int(transit),
        "cost_in_transit": _money(transit_cost),
        "cost_of_goods_sold": _money(sold),
        "realised_gain": _money(gain),
        "written_off": _money(written_off),
        "by_category": _shares(names, "category", {row[3]: row[4:] for row in held if row[1]}),
        "by_store": _shares(names, "store", {row[2]: row[4:] for row in held if row[0]}),
        "history": [
            {
                "at": at,
                "units": int(units),
                "cost_on_hand": _money(cost),
                "market_value": _money(value),
            }
            for at, units, cost, value in asked.rows(HISTORY, prepare=False, as_of=as_of)
        ],
        "others": [code for (code,) in asked.rows(OTHERS, as_of=as_of)],
    }


def _holding(row: Any) -> dict[str, Any]:
    units, cost, value, valued_cost, unvalued, days = row
    gain = value - valued_cost
    return {
        "units": int(units),
        "cost_on_hand": _money(cost),
        "market_value": _money(value),
        "unrealised_gain": _money(gain),
        "return_on_investment": f"{gain / valued_cost:.4f}" if valued_cost else None,
        "unvalued_units": int(unvalued),
        "holding_days": f"{days / units:.1f}" if units else None,
    }


def _shares(names: Any, kind: str, rows: dict[int | None, Any]) -> list[dict[str, Any]]:
    """Those that are worth most first."""
    ranked = sorted(rows.items(), key=lambda pair: -pair[1][2])
    return [{**_holding(row), "id": key, "name": names.get((kind, key))} for key, row in ranked]


def _money(amount: Any) -> str:
    return f"{amount:.2f}"
