"""Customers, and an order of one line for each sale of the ledger in `deal`, with its journal."""

_CUSTOMERS = """
    INSERT INTO sales_customer (
        id, vendor_id, name, email, phone, address, notes, created_at, updated_at, created_by_id,
        updated_by_id, version, is_deleted
    )
    SELECT first_customer + n - 1, vendor_id, person || ' ' || n,
        public.omni_unaccent(lower(person)) || '.' || n || '@example.com', '', '', '',
        now() - interval '3 years', now() - interval '3 years', owner_id, owner_id, 1, false
    FROM (SELECT * FROM shop ORDER BY vendor_id) AS shop
    CROSS JOIN LATERAL generate_series(1, customers) AS n
    CROSS JOIN LATERAL (SELECT pg_temp.pick(%(people)s) AS person WHERE n > 0) AS named
"""
# Three of four customers are known; who bought first buys most.
_TERMS = """
    CREATE TEMP TABLE term ON COMMIT DROP AS
    SELECT deal.*, round(value * 1.2, 2) AS price,
        CASE WHEN channel = 'eBay' THEN round(sold * value * 0.12, 2) ELSE 0 END AS fees,
        CASE WHEN channel = 'Market stall' THEN 0 ELSE 6.90 END AS postage,
        CASE WHEN known THEN first_customer + floor(power(customers, luck))::int - 1
        END AS customer_id
    FROM (
        SELECT deal.*, pg_temp.pick('{eBay,Web shop,Market stall}') AS channel,
            random() < 0.75 AS known, random() AS luck
        FROM deal ORDER BY place
    ) AS deal
    JOIN (SELECT vendor_id, first_customer, customers FROM shop) AS shop USING (vendor_id);
    ANALYZE term
"""
_ORDERS = """
    INSERT INTO sales_order (
        id, vendor_id, number, status, customer_id, store_id, currency, channel, notes, is_gift,
        gift_message, discount, subtotal, tax, total, refunded, fees, postage, cancel_reason,
        placed_at, confirmed_at, fulfilled_at, completed_at, created_at, updated_at,
        created_by_id, updated_by_id, version
    )
    SELECT "order" + place, vendor_id, number, 'completed', customer_id, store_id, 'USD', channel,
        '', false, '', 0, sold * price, 0, sold * price, 0, fees, postage, '', sold_at, sold_at,
        sold_at, sold_at, sold_at, sold_at, owner_id, owner_id, 1
    FROM term, firsts ORDER BY place
"""
_LINES = """
    INSERT INTO sales_orderline (
        id, order_id, item_id, sku, name, quantity, cancelled, unit_price, discount, order_discount,
        tax_rate, tax, fulfilled, returned, revenue, refunded, cost, fees, postage
    )
    SELECT line + place, "order" + place, item.id, item.sku, item.name, sold, 0, price, 0, 0, 0, 0,
        sold, 0, sold * price, 0, sold * unit_cost, fees, postage
    FROM term JOIN inventory_collectible AS item USING (id), firsts ORDER BY place
"""
_FULFILMENTS = """
    INSERT INTO sales_fulfilment (
        id, order_id, carrier, tracking_number, fulfilled_at, created_by_id
    )
    SELECT fulfilment + place, "order" + place, '', '', sold_at, owner_id
    FROM term, firsts ORDER BY place
"""
_JOURNAL = """
    INSERT INTO sales_salesentry (
        id, vendor_id, order_id, line_id, kind, units, revenue, tax, cost, fees, postage,
        movement_id, fulfilment_id, occurred_at, recorded_at
    )
    SELECT entry + 2 * place - 1, vendor_id, "order" + place, line + place, 'sale', sold,
        sold * price, 0, sold * unit_cost, 0, 0, movement + 3 * n, fulfilment + place, sold_at,
        sold_at
    FROM term, firsts
    UNION ALL
    SELECT entry + 2 * place, vendor_id, "order" + place, line + place, 'charge', 0, 0, 0, 0, fees,
        postage, NULL, NULL, sold_at, sold_at
    FROM term, firsts WHERE fees > 0 OR postage > 0
"""
_NUMBERS = """
    INSERT INTO sales_ordersequence AS known (vendor_id, year, last)
    SELECT vendor_id, year, MAX(nth) FROM deal GROUP BY 1, 2
"""

STEPS = (
    ("customers", _CUSTOMERS),
    ("orders", _TERMS, _ORDERS, _LINES, _FULFILMENTS),
    ("journal", _JOURNAL, _NUMBERS),
)
