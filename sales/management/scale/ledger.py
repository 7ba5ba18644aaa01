"""Lots, movements, levels and valuations of the items in `plan`, and the sales they belong to."""

_FIRSTS = """
    CREATE TEMP TABLE firsts ON COMMIT DROP AS SELECT
        (SELECT COALESCE(MAX(id), 0) FROM inventory_stocklot) AS lot,
        (SELECT COALESCE(MAX(id), 0) FROM inventory_stockmovement) AS movement,
        (SELECT COALESCE(MAX(id), 0) FROM inventory_valuation) AS valuation,
        (SELECT COALESCE(MAX(id), 0) FROM sales_order) AS "order",
        (SELECT COALESCE(MAX(id), 0) FROM sales_orderline) AS line,
        (SELECT COALESCE(MAX(id), 0) FROM sales_fulfilment) AS fulfilment,
        (SELECT COALESCE(MAX(id), 0) FROM sales_salesentry) AS entry
"""
# What was sold, each with its number in the shop's year.
_DEALS = """
    CREATE TEMP TABLE deal ON COMMIT DROP AS
    SELECT *, format('ORD-%s-%s', year, lpad(nth::text, GREATEST(6, length(nth::text)), '0'))
        AS number
    FROM (
        SELECT plan.*, year, row_number() OVER (ORDER BY sold_at, id) AS place,
            row_number() OVER (PARTITION BY vendor_id, year ORDER BY sold_at, id) AS nth
        FROM plan, extract(year FROM sold_at AT TIME ZONE 'UTC') AS year WHERE sold > 0
    ) AS numbered
"""
_LOTS = """
    INSERT INTO inventory_stocklot (
        id, item_id, store_id, received, unit_cost, landed_costs, cost, currency, remaining,
        remaining_cost, received_at, reference
    )
    SELECT lot + 2 * n - 1, id, store_id, opened, unit_cost, '[]'::jsonb, opened * unit_cost, 'USD',
        opened - sold, (opened - sold) * unit_cost, created_at, ''
    FROM plan, firsts WHERE opened > 0
    UNION ALL
    SELECT lot + 2 * n, id, store_id, received, unit_cost, '[]', received * unit_cost, 'USD',
        received, received * unit_cost, received_at, 'PO-' || n
    FROM plan, firsts WHERE received > 0
"""
# The item's first movement, its second, its third: each digest covers the one before.
_DRAFT = """
    CREATE TEMP TABLE draft (LIKE inventory_stockmovement) ON COMMIT DROP;
    INSERT INTO draft (
        id, item_id, store_id, vendor_id, actor_id, lot_id, kind, quantity, cost, reason, reference,
        note, occurred_at, recorded_at, sequence, digest
    )
    SELECT movement + 3 * n - 2, id, store_id, vendor_id, owner_id, lot + 2 * n - 1, 'opening',
        opened, opened * unit_cost, '', '', '', created_at, created_at, 1, ''
    FROM plan, firsts WHERE opened > 0
    UNION ALL
    SELECT movement + 3 * n - 1, id, store_id, vendor_id, owner_id, lot + 2 * n, 'receipt',
        received, received * unit_cost, '', 'PO-' || n, '', received_at, received_at,
        1 + (opened > 0)::int, ''
    FROM plan, firsts WHERE received > 0
    UNION ALL
    SELECT movement + 3 * n, id, store_id, vendor_id, owner_id, lot + 2 * n - 1, 'sale',
        -sold, -sold * unit_cost, '', number, '', sold_at, sold_at,
        2 + (received > 0)::int, ''
    FROM deal, firsts;
    ANALYZE draft
"""
_SEALED = """
    INSERT INTO inventory_stockmovement (
        id, item_id, store_id, vendor_id, actor_id, lot_id, kind, quantity, cost, reason, reference,
        note, occurred_at, recorded_at, sequence, digest
    )
    SELECT draft.id, draft.item_id, draft.store_id, draft.vendor_id, draft.actor_id, draft.lot_id,
        draft.kind, draft.quantity, draft.cost, draft.reason, draft.reference, draft.note,
        draft.occurred_at, draft.recorded_at, draft.sequence,
        inventory_movement_digest(
            ROW(draft.*)::inventory_stockmovement, COALESCE(before.digest, '')
        )
    FROM draft LEFT JOIN inventory_stockmovement AS before
        ON before.item_id = draft.item_id AND before.sequence = draft.sequence - 1
    WHERE draft.sequence = {place} ORDER BY draft.item_id
"""
_LEVELS = """
    INSERT INTO inventory_stocklevel (item_id, store_id, on_hand, allocated, updated_at)
    SELECT item_id, store_id, SUM(quantity), 0, MAX(recorded_at) FROM draft GROUP BY 1, 2 ORDER BY 1
"""
_VALUATIONS = """
    INSERT INTO inventory_valuation (
        id, item_id, amount, currency, source, valued_at, recorded_at, actor_id
    )
    SELECT valuation + 2 * n - 1, id, first_value, 'USD', 'catalog', created_at, created_at,
        owner_id
    FROM plan, firsts
    UNION ALL
    SELECT valuation + 2 * n, id, value, 'USD', 'Price guide', valued_at, valued_at, owner_id
    FROM plan, firsts WHERE revalued
"""
_VERSIONS = """
    INSERT INTO inventory_catalogversion AS known (vendor_id, version)
    SELECT vendor_id, 1 FROM shop ORDER BY 1
    ON CONFLICT (vendor_id) DO UPDATE SET version = known.version + 1
"""

STEPS = (
    ("lots", _FIRSTS, _DEALS, _LOTS),
    ("movements", _DRAFT, *(_SEALED.format(place=place) for place in (1, 2, 3))),
    ("levels", _LEVELS, _VERSIONS),
    ("valuations", _VALUATIONS),
)
