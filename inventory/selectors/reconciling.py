"""Reading: whether the ledger is whole, and what follows from it follows. Each is one query."""

from dataclasses import dataclass

from core.reading import fetch_all


@dataclass(frozen=True)
class Tampering:
    """A movement that is not as it was written, or has a gap before it."""

    item: int
    movement: int
    fault: str


@dataclass(frozen=True)
class LedgerHead:
    """How many movements there are, and one digest over the last ones of all items."""

    movements: int
    digest: str


@dataclass(frozen=True)
class Drift:
    """A derived figure that does not equal its sum."""

    what: str
    key: int
    column: str
    is_now: str
    should_be: str


_TAMPERING = """
    SELECT item_id, id,
        CASE WHEN sequence <> place THEN 'there is a gap before it' ELSE 'it was changed' END
    FROM (
        SELECT movement.*,
            row_number() OVER chain AS place,
            lag(digest, 1, '') OVER chain AS previous,
            inventory_movement_digest(movement, lag(digest, 1, '') OVER chain) AS expected
        FROM inventory_stockmovement AS movement
        WHERE %(item)s::bigint IS NULL OR item_id = %(item)s::bigint
        WINDOW chain AS (PARTITION BY item_id ORDER BY sequence)
    ) AS checked
    WHERE sequence <> place OR digest <> expected
    ORDER BY item_id, sequence
    LIMIT 1000
"""
_HEAD = """
    SELECT COALESCE(SUM(sequence), 0),
        encode(sha256(convert_to(
            COALESCE(string_agg(item_id || ':' || digest, ',' ORDER BY item_id), ''), 'UTF8'
        )), 'hex')
    FROM (
        SELECT DISTINCT ON (item_id) item_id, sequence, digest FROM inventory_stockmovement
        WHERE %(item)s::bigint IS NULL OR item_id = %(item)s::bigint
        ORDER BY item_id, sequence DESC
    ) AS heads
"""
# For each derived figure: what, key, column, as it is, as the rows behind it say. A level that is
# missing where something moved is one that should not be 0.
_FIGURES = """
    WITH moved AS (
        SELECT item_id, store_id, lot_id, SUM(quantity) AS quantity, SUM(cost) AS cost
        FROM inventory_stockmovement GROUP BY 1, 2, 3
    ), placed AS (
        SELECT item_id, store_id, SUM(quantity) AS quantity FROM moved GROUP BY 1, 2
    ), held AS (
        SELECT item_id, store_id, SUM(quantity) AS quantity
        FROM inventory_allocation WHERE status = 'open' GROUP BY 1, 2
    ), figures (what, key, name, is_now, should_be) AS (
        SELECT 'level of item', item_id, 'on hand in store ' || store_id,
            level.on_hand::numeric, placed.quantity
        FROM inventory_stocklevel AS level FULL JOIN placed USING (item_id, store_id)
        UNION ALL
        SELECT 'level of item', item_id, 'allocated in store ' || store_id,
            level.allocated, held.quantity
        FROM inventory_stocklevel AS level FULL JOIN held USING (item_id, store_id)
        UNION ALL
        SELECT 'lot', lot.id, 'remaining', lot.remaining, moved.quantity
        FROM inventory_stocklot AS lot LEFT JOIN moved ON moved.lot_id = lot.id
        UNION ALL
        SELECT 'lot', lot.id, 'remaining_cost', lot.remaining_cost, moved.cost
        FROM inventory_stocklot AS lot LEFT JOIN moved ON moved.lot_id = lot.id
        UNION ALL
        SELECT 'item', item.id, 'quantity', item.quantity, sums.quantity
        FROM inventory_collectible AS item LEFT JOIN (
            SELECT item_id, SUM(quantity) AS quantity FROM placed GROUP BY 1
        ) AS sums ON sums.item_id = item.id
        UNION ALL
        SELECT 'item', item.id, 'allocated', item.allocated, sums.quantity
        FROM inventory_collectible AS item LEFT JOIN (
            SELECT item_id, SUM(quantity) AS quantity FROM held GROUP BY 1
        ) AS sums ON sums.item_id = item.id
    )
    SELECT what, key, name, COALESCE(is_now, 0)::text, COALESCE(should_be, 0)::text FROM figures
    WHERE COALESCE(is_now, 0) <> COALESCE(should_be, 0) ORDER BY what, key, name LIMIT 1000
"""


def find_tampering(item_id: int | None = None) -> list[Tampering]:
    """The movements, a thousand at most, whose digest or number does not fit; of one item, or all.

    After a changed row its followers still fit: each covers the digest before it as it is written.
    """
    return [Tampering(*row) for row in fetch_all(_TAMPERING, {"item": item_id})]


def get_ledger_head(item_id: int | None = None) -> LedgerHead:
    """What the ledger says in one line: compared with what was kept, it shows a rewritten chain."""
    [row] = fetch_all(_HEAD, {"item": item_id})
    return LedgerHead(*row)


def find_drift() -> list[Drift]:
    """The derived figures, a thousand at most, that differ from the ledger and the allocations."""
    return [Drift(*row) for row in fetch_all(_FIGURES, {})]
