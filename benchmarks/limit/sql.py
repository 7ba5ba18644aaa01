"""What the limit asks of its tables, by hand; each statement is one round trip."""

# An item as the API shows it, from `item` and `category`.
ITEM = """
    item.id, item.vendor_id, item.name, item.slug, item.sku, item.description, category.name,
    item.category_id, item.condition, item.value::text, item.currency, item.quantity,
    item.quantity - item.allocated, item.low_stock_threshold, item.is_active, item.is_featured,
    item.is_bestseller, (
        SELECT jsonb_agg(jsonb_build_object('id', id, 'file', file, 'alt_text', alt_text))::text
        FROM inventory_collectibleimage WHERE collectible_id = item.id AND NOT is_deleted
    ), item.attributes::text, (item.attributes -> 'card')::text, item.created_at, item.updated_at,
    item.created_by_id, item.updated_by_id, item.version
"""
_JOINED = f"""
    SELECT {{count}}, {ITEM} FROM page
    JOIN bare.inventory_collectible AS item USING (id)
    LEFT JOIN inventory_category AS category ON category.id = item.category_id
    ORDER BY item.created_at DESC, item.id DESC
"""
PAGE = """
    WITH page AS MATERIALIZED (
        SELECT id FROM bare.inventory_collectible
        WHERE vendor_id = %(vendor)s AND NOT is_deleted
        ORDER BY created_at DESC, id DESC LIMIT %(size)s OFFSET %(offset)s
    )
""" + _JOINED.format(count="(SELECT items FROM bare.counter WHERE vendor_id = %(vendor)s)")
FOUND = """
    WITH found AS MATERIALIZED (
        SELECT id, created_at FROM bare.inventory_collectible
        WHERE vendor_id = %(vendor)s AND NOT is_deleted {conditions}
    ), page AS MATERIALIZED (
        SELECT id FROM found ORDER BY created_at DESC, id DESC LIMIT %(size)s OFFSET %(offset)s
    )
""" + _JOINED.format(count="(SELECT count(*) FROM found)")
# With the condition of the index of words.
WORD = (
    " AND deleted_at IS NULL AND search_text LIKE '%%' || omni_unaccent(lower(%(word{n})s)) || '%%'"
)
CATEGORY = " AND category_id = %(category)s"
# The rows after a row.
AFTER = """
    WITH page AS MATERIALIZED (
        SELECT id FROM bare.inventory_collectible
        WHERE vendor_id = %(vendor)s AND NOT is_deleted
            AND (created_at, id) < (%(created_at)s::timestamptz, %(id)s)
        ORDER BY created_at DESC, id DESC LIMIT %(size)s + 1
    )
""" + _JOINED.format(count="0")
ONE = f"""
    SELECT 0, {ITEM} FROM bare.inventory_collectible AS item
    LEFT JOIN inventory_category AS category ON category.id = item.category_id
    WHERE item.id = %(id)s AND item.vendor_id = %(vendor)s AND NOT item.is_deleted
"""
# Whole days from the counter, the one that is cut from the index.
TOTALS = """
    SELECT items, value::text, stock::text, units, low, (
        SELECT count(*) FROM vendors_vendor WHERE owner_id = %(user)s AND NOT is_deleted
    ), (
        SELECT COALESCE(SUM(items), 0) FROM bare.day_counter WHERE vendor_id = %(vendor)s
            AND day > ((now() - interval '30 days') AT TIME ZONE 'UTC')::date
    )::bigint + (
        SELECT count(*) FROM bare.inventory_collectible
        WHERE vendor_id = %(vendor)s AND NOT is_deleted AND created_at >= now() - interval '30 days'
            AND created_at < date_trunc('day', now() - interval '30 days', 'UTC') + interval '1 day'
    )
    FROM bare.counter WHERE vendor_id = %(vendor)s
"""
CATEGORIES = """
    SELECT category.name, items FROM bare.category_counter AS counter
    LEFT JOIN inventory_category AS category ON category.id = counter.category_id
    WHERE counter.vendor_id = %(vendor)s AND items > 0 ORDER BY items DESC, category.name
"""

_VERSION = """
    UPDATE bare.inventory_catalogversion SET version = version + 1 WHERE vendor_id = %(vendor)s
"""
_DIGEST = """
    encode(sha256(convert_to(jsonb_build_array(
        {previous}, {values}, extract(epoch FROM now()), extract(epoch FROM clock_timestamp())
    )::text, 'UTF8')), 'hex')
"""
CREATE = f"""
    WITH item AS (
        INSERT INTO bare.inventory_collectible (
            created_at, updated_at, version, is_deleted, name, slug, sku, description, condition,
            value, currency, quantity, allocated, low_stock_threshold, is_active, is_featured,
            is_bestseller, attributes, category_id, created_by_id, updated_by_id, vendor_id
        ) VALUES (
            now(), now(), 1, false, %(name)s, %(slug)s, %(sku)s, %(description)s, %(condition)s,
            %(value)s, 'USD', %(quantity)s, 0, 10, true, false, false, '{{}}', %(category)s,
            %(user)s, %(user)s, %(vendor)s
        ) RETURNING *
    ), lot AS (
        INSERT INTO bare.inventory_stocklot (
            item_id, store_id, received, unit_cost, landed_costs, cost, currency, remaining,
            remaining_cost, received_at, reference
        ) SELECT id, %(store)s, quantity, 0, '[]', 0, currency, quantity, 0, now(), '' FROM item
        RETURNING *
    ), movement AS (
        INSERT INTO bare.inventory_stockmovement (
            item_id, store_id, lot_id, vendor_id, actor_id, kind, quantity, cost, reason, reference,
            note, occurred_at, recorded_at, sequence, digest
        ) SELECT item_id, store_id, id, %(vendor)s, %(user)s, 'opening', received, 0, '', '', '',
            now(), clock_timestamp(), 1,
            {_DIGEST.format(previous="''", values="item_id, store_id, id, received, 'opening'")}
        FROM lot
    ), level AS (
        INSERT INTO bare.inventory_stocklevel (item_id, store_id, on_hand, allocated, updated_at)
        SELECT item_id, store_id, received, 0, now() FROM lot
    ), valuation AS (
        INSERT INTO bare.inventory_valuation (
            item_id, amount, currency, source, valued_at, recorded_at, actor_id
        ) SELECT id, value, currency, 'catalog', now(), now(), %(user)s FROM item
    ), audit AS (
        INSERT INTO bare.core_auditlog (
            type, "user", action, timestamp, ip_address, object_type, object_id, after, request_id,
            details, actor_id, vendor_id
        ) SELECT 'catalog', %(username)s, 'created item “' || name || '”', now(), '127.0.0.1',
            'collectible', id::text, to_jsonb(item) - 'search_text', %(request)s, '', %(user)s,
            vendor_id FROM item
    ), version AS ({_VERSION}), counted AS (
        UPDATE bare.counter SET items = counter.items + 1, value = counter.value + item.value,
            stock = counter.stock + item.value * item.quantity,
            units = counter.units + item.quantity,
            low = counter.low + (item.low_stock_threshold >= item.quantity)::int
        FROM item WHERE counter.vendor_id = item.vendor_id
    ), by_category AS (
        INSERT INTO bare.category_counter AS known (vendor_id, category_id, items)
        SELECT vendor_id, COALESCE(category_id, 0), 1 FROM item
        ON CONFLICT (vendor_id, category_id) DO UPDATE SET items = known.items + 1
    ), by_day AS (
        INSERT INTO bare.day_counter AS known (vendor_id, day, items)
        SELECT vendor_id, (now() AT TIME ZONE 'UTC')::date, 1 FROM item
        ON CONFLICT (vendor_id, day) DO UPDATE SET items = known.items + 1
    )
    SELECT 0, {ITEM} FROM item
    LEFT JOIN inventory_category AS category ON category.id = item.category_id
"""
REVALUE = f"""
    WITH old AS (
        SELECT id, value, quantity FROM bare.inventory_collectible
        WHERE id = %(id)s AND vendor_id = %(vendor)s AND NOT is_deleted FOR NO KEY UPDATE
    ), item AS (
        UPDATE bare.inventory_collectible AS item SET value = %(value)s, updated_at = now(),
            updated_by_id = %(user)s, version = version + 1
        FROM old WHERE item.id = old.id RETURNING item.*, old.value AS before
    ), valuation AS (
        INSERT INTO bare.inventory_valuation (
            item_id, amount, currency, source, valued_at, recorded_at, actor_id
        ) SELECT id, value, currency, 'catalog', now(), now(), %(user)s FROM item
    ), audit AS (
        INSERT INTO bare.core_auditlog (
            type, "user", action, timestamp, ip_address, object_type, object_id, before, after,
            request_id, details, actor_id, vendor_id
        ) SELECT 'catalog', %(username)s, 'changed item “' || name || '”', now(), '127.0.0.1',
            'collectible', id::text, jsonb_build_object('value', before::text),
            jsonb_build_object('value', value::text), %(request)s, '', %(user)s, vendor_id
        FROM item
    ), version AS ({_VERSION}), counted AS (
        UPDATE bare.counter SET value = counter.value + item.value - before,
            stock = counter.stock + (item.value - before) * item.quantity
        FROM item WHERE counter.vendor_id = item.vendor_id
    )
    SELECT 0, {ITEM} FROM item
    LEFT JOIN inventory_category AS category ON category.id = item.category_id
"""
