"""What the limit writes when it sells, and for a thousand items at once, by hand."""

# The item's row is the lock of its stock, as it is with us; only then is the stock looked at.
LOCK = """
    SELECT id, sku, name, quantity, value, low_stock_threshold FROM bare.inventory_collectible
    WHERE id = %(item)s AND vendor_id = %(vendor)s AND NOT is_deleted FOR NO KEY UPDATE
"""
STOCK = """
    SELECT lot.id, lot.remaining, lot.remaining_cost, last.sequence, last.digest
    FROM bare.inventory_stocklot AS lot, LATERAL (
        SELECT sequence, digest FROM bare.inventory_stockmovement
        WHERE item_id = lot.item_id ORDER BY sequence DESC LIMIT 1
    ) AS last
    WHERE lot.item_id = %(item)s AND lot.store_id = %(store)s AND lot.remaining > 0
    ORDER BY lot.received_at, lot.id LIMIT 1
"""
SELL = """
    WITH numbered AS (
        INSERT INTO bare.sales_ordersequence AS known (vendor_id, year, last)
        VALUES (%(vendor)s, extract(year FROM now()), 1)
        ON CONFLICT (vendor_id, year) DO UPDATE SET last = known.last + 1
        RETURNING 'ORD-' || year || '-' || lpad(last::text, GREATEST(6, length(last::text)), '0')
            AS number
    ), sold AS (
        INSERT INTO bare.sales_order (
            created_at, updated_at, version, number, status, currency, channel, notes, is_gift,
            gift_message, discount, subtotal, tax, total, refunded, fees, postage, cancel_reason,
            placed_at, confirmed_at, fulfilled_at, completed_at, created_by_id, store_id,
            updated_by_id, vendor_id
        ) SELECT now(), now(), 1, number, 'completed', 'USD', '', '', false, '', 0, %(total)s, 0,
            %(total)s, 0, 0, 0, '', now(), now(), now(), now(), %(user)s, %(store)s, %(user)s,
            %(vendor)s FROM numbered RETURNING id, number, total
    ), line AS (
        INSERT INTO bare.sales_orderline (
            order_id, item_id, sku, name, quantity, cancelled, unit_price, discount, order_discount,
            tax_rate, tax, fulfilled, returned, revenue, refunded, cost, fees, postage
        ) SELECT id, %(item)s, %(sku)s, %(name)s, %(units)s, 0, %(price)s, 0, 0, 0, 0, %(units)s, 0,
            %(total)s, 0, %(cost)s, 0, 0 FROM sold RETURNING id, order_id
    ), fulfilment AS (
        INSERT INTO bare.sales_fulfilment (
            order_id, carrier, tracking_number, fulfilled_at, created_by_id
        ) SELECT id, '', '', now(), %(user)s FROM sold RETURNING id
    ), movement AS (
        INSERT INTO bare.inventory_stockmovement (
            item_id, store_id, lot_id, vendor_id, actor_id, kind, quantity, cost, reason, reference,
            note, occurred_at, recorded_at, sequence, digest
        ) SELECT %(item)s, %(store)s, %(lot)s, %(vendor)s, %(user)s, 'sale', -%(units)s::int,
            -%(cost)s::numeric, '', number, '', now(), clock_timestamp(), %(sequence)s,
            encode(sha256(convert_to(jsonb_build_array(
                %(digest)s::text, %(sequence)s::int, %(item)s::bigint, %(store)s::bigint,
                %(lot)s::bigint, 'sale', %(units)s::int, %(cost)s::numeric, number,
                extract(epoch FROM now()), extract(epoch FROM clock_timestamp())
            )::text, 'UTF8')), 'hex')
        FROM sold RETURNING id
    ), entry AS (
        INSERT INTO bare.sales_salesentry (
            vendor_id, order_id, line_id, kind, units, revenue, tax, cost, fees, postage,
            movement_id, fulfilment_id, occurred_at, recorded_at
        ) SELECT %(vendor)s, line.order_id, line.id, 'sale', %(units)s, %(total)s, 0, %(cost)s, 0,
            0, movement.id, fulfilment.id, now(), now() FROM line, movement, fulfilment
    ), lot AS (
        UPDATE bare.inventory_stocklot SET remaining = remaining - %(units)s,
            remaining_cost = remaining_cost - %(cost)s WHERE id = %(lot)s
    ), level AS (
        UPDATE bare.inventory_stocklevel SET on_hand = on_hand - %(units)s, updated_at = now()
        WHERE item_id = %(item)s AND store_id = %(store)s
    ), item AS (
        UPDATE bare.inventory_collectible SET quantity = quantity - %(units)s,
            updated_at = now(), version = version + 1 WHERE id = %(item)s
    ), audit AS (
        INSERT INTO bare.core_auditlog (
            type, "user", action, timestamp, ip_address, object_type, object_id, after, request_id,
            details, actor_id, vendor_id
        ) SELECT 'sales', %(username)s, 'sold order ' || number, now(), '127.0.0.1', 'order',
            id::text, jsonb_build_object('status', 'completed', 'total', total), %(request)s, '',
            %(user)s, %(vendor)s FROM sold
    ), version AS (
        UPDATE bare.inventory_catalogversion SET version = version + 1
        WHERE vendor_id = %(vendor)s
    ), counted AS (
        UPDATE bare.counter SET units = units - %(units)s, stock = stock - %(units)s * %(value)s,
            low = low + %(crossed)s WHERE vendor_id = %(vendor)s
    )
    SELECT sold.id, sold.number, line.id FROM sold, line
"""

_VERSION = """
    UPDATE bare.inventory_catalogversion SET version = version + 1 WHERE vendor_id = %(vendor)s
"""
_CHOSEN = """
    SELECT id, condition, quantity FROM bare.inventory_collectible
    WHERE id = ANY(%(ids)s) AND vendor_id = %(vendor)s AND NOT is_deleted
    ORDER BY id FOR NO KEY UPDATE
"""
_AUDIT = """
    INSERT INTO bare.core_auditlog (
        type, "user", action, timestamp, ip_address, object_type, object_id, before, after,
        request_id, details, actor_id, vendor_id
    ) SELECT 'catalog', %(username)s, '{verb} item “' || name || '”', now(), '127.0.0.1',
        'collectible', id::text, {before}, {after}, %(request)s, '', %(user)s, vendor_id FROM item
"""
BULK_UPDATE = f"""
    WITH old AS ({_CHOSEN}), item AS (
        UPDATE bare.inventory_collectible AS item SET condition = %(condition)s, updated_at = now(),
            updated_by_id = %(user)s, version = version + 1
        FROM old WHERE item.id = old.id
        RETURNING item.id, item.name, item.vendor_id, item.condition, old.condition AS before
    ), audit AS ({
    _AUDIT.format(
        verb="changed",
        before="jsonb_build_object('condition', before)",
        after="jsonb_build_object('condition', condition)",
    )
}), version AS ({_VERSION})
    SELECT count(*) FROM item
"""
BULK_DELETE = f"""
    WITH old AS ({_CHOSEN}), item AS (
        UPDATE bare.inventory_collectible AS item SET is_deleted = true, deleted_at = now(),
            updated_at = now(), updated_by_id = %(user)s, version = version + 1
        FROM old WHERE item.id = old.id RETURNING item.*
    ), audit AS ({_AUDIT.format(verb="deleted", before="NULL", after="NULL")}),
    version AS ({_VERSION}), counted AS (
        UPDATE bare.counter SET items = counter.items - gone.items,
            value = counter.value - gone.value, stock = counter.stock - gone.stock,
            units = counter.units - gone.units, low = counter.low - gone.low
        FROM (
            SELECT count(*) AS items, SUM(value) AS value, SUM(value * quantity) AS stock,
                SUM(quantity) AS units,
                count(*) FILTER (WHERE low_stock_threshold >= quantity) AS low FROM item
        ) AS gone WHERE vendor_id = %(vendor)s AND gone.items > 0
    ), by_category AS (
        UPDATE bare.category_counter AS known SET items = known.items - gone.items
        FROM (
            SELECT COALESCE(category_id, 0) AS category_id, count(*) AS items FROM item GROUP BY 1
        ) AS gone
        WHERE known.vendor_id = %(vendor)s AND known.category_id = gone.category_id
    ), by_day AS (
        UPDATE bare.day_counter AS known SET items = known.items - gone.items
        FROM (
            SELECT (created_at AT TIME ZONE 'UTC')::date AS day, count(*) AS items FROM item
            GROUP BY 1
        ) AS gone WHERE known.vendor_id = %(vendor)s AND known.day = gone.day
    )
    SELECT count(*) FROM item
"""

EXPORT = """
    COPY (
        SELECT item.name AS "Name", sku AS "SKU", category.name AS "Category", value AS "Value",
            quantity AS "Quantity"
        FROM bare.inventory_collectible AS item
        LEFT JOIN inventory_category AS category ON category.id = category_id
        WHERE item.vendor_id = {vendor} AND NOT item.is_deleted
        ORDER BY item.created_at DESC, item.id DESC
    ) TO STDOUT (FORMAT csv, HEADER)
"""
STAGE = """
    CREATE TEMP TABLE staged (
        line int, name text, sku text, category text, value numeric, quantity int
    ) ON COMMIT DROP
"""
STAGED = "COPY staged FROM STDIN"
# Rows whose SKU is known would be updates; what is measured has none.
TAKE = """
    WITH item AS (
        INSERT INTO bare.inventory_collectible (
            created_at, updated_at, version, is_deleted, name, slug, sku, description, condition,
            value, currency, quantity, allocated, low_stock_threshold, is_active, is_featured,
            is_bestseller, attributes, category_id, created_by_id, updated_by_id, vendor_id
        ) SELECT now(), now(), 1, false, staged.name, lower(staged.sku), staged.sku, '',
            'unspecified', staged.value, 'USD', staged.quantity, 0, 10, true, false, false, '{}',
            category.id, %(user)s, %(user)s, %(vendor)s
        FROM staged LEFT JOIN inventory_category AS category
            ON category.vendor_id = %(vendor)s AND lower(category.name) = lower(staged.category)
                AND NOT category.is_deleted
        WHERE NOT EXISTS (
            SELECT FROM bare.inventory_collectible AS known WHERE known.vendor_id = %(vendor)s
                AND known.sku = staged.sku AND NOT known.is_deleted
        ) RETURNING id, sku, quantity, value, category_id
    ), lot AS (
        INSERT INTO bare.inventory_stocklot (
            item_id, store_id, received, unit_cost, landed_costs, cost, currency, remaining,
            remaining_cost, received_at, reference
        ) SELECT id, %(store)s, quantity, 0, '[]', 0, 'USD', quantity, 0, now(), '' FROM item
        WHERE quantity > 0 RETURNING id, item_id, received
    ), movement AS (
        INSERT INTO bare.inventory_stockmovement (
            item_id, store_id, lot_id, vendor_id, actor_id, kind, quantity, cost, reason, reference,
            note, occurred_at, recorded_at, sequence, digest
        ) SELECT item_id, %(store)s, id, %(vendor)s, %(user)s, 'opening', received, 0, '', '', '',
            now(), now(), 1, encode(sha256(convert_to(jsonb_build_array(
                '', item_id, %(store)s::bigint, id, received, 'opening', extract(epoch FROM now())
            )::text, 'UTF8')), 'hex')
        FROM lot
    ), level AS (
        INSERT INTO bare.inventory_stocklevel (item_id, store_id, on_hand, allocated, updated_at)
        SELECT item_id, %(store)s, received, 0, now() FROM lot
    ), valuation AS (
        INSERT INTO bare.inventory_valuation (
            item_id, amount, currency, source, valued_at, recorded_at, actor_id
        ) SELECT id, value, 'USD', 'catalog', now(), now(), %(user)s FROM item WHERE value > 0
    ), outcome AS (
        INSERT INTO bare.inventory_importrow (
            line, sku, outcome, errors, collectible_id, job_id, found
        )
        SELECT line, staged.sku, 'created', '[]', item.id, txid_current(), ''
        FROM staged JOIN item ON item.sku = staged.sku
    ), version AS (
        UPDATE bare.inventory_catalogversion SET version = version + 1
        WHERE vendor_id = %(vendor)s
    ), counted AS (
        UPDATE bare.counter SET items = counter.items + made.items,
            value = counter.value + made.value, stock = counter.stock + made.stock,
            units = counter.units + made.units, low = counter.low + made.low
        FROM (
            SELECT count(*) AS items, SUM(value) AS value, SUM(value * quantity) AS stock,
                SUM(quantity) AS units, count(*) FILTER (WHERE quantity <= 10) AS low FROM item
        ) AS made WHERE vendor_id = %(vendor)s AND made.items > 0
    ), by_category AS (
        INSERT INTO bare.category_counter AS known (vendor_id, category_id, items)
        SELECT %(vendor)s, COALESCE(category_id, 0), count(*) FROM item GROUP BY 2
        ON CONFLICT (vendor_id, category_id) DO UPDATE SET items = known.items + EXCLUDED.items
    ), by_day AS (
        INSERT INTO bare.day_counter AS known (vendor_id, day, items)
        SELECT %(vendor)s, (now() AT TIME ZONE 'UTC')::date, count(*) FROM item
        ON CONFLICT (vendor_id, day) DO UPDATE SET items = known.items + EXCLUDED.items
    )
    SELECT count(*) FROM item
"""
