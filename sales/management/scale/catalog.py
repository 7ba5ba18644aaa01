"""Categories and items of the shops in `shop`, and with them what each item's past will be."""

# Twenty stems, each with a branch of its own and eight below that or below the stem.
_CATEGORIES = """
    CREATE TEMP TABLE branch ON COMMIT DROP AS
    SELECT place, depth, stem,
        CASE WHEN depth = 0 THEN stem ELSE stem || ', ' || lower(name) END AS name,
        CASE WHEN depth = 0 THEN NULL WHEN depth > 6 THEN place - depth + 1 ELSE place - depth
        END AS parent
    FROM (
        SELECT row_number() OVER (ORDER BY stems.n, branches.n) - 1 AS place,
            branches.n - 1 AS depth, stems.name AS stem, branches.name
        FROM unnest(%(stems)s::text[]) WITH ORDINALITY AS stems (name, n),
            unnest(ARRAY[''] || %(branches)s::text[]) WITH ORDINALITY AS branches (name, n)
    ) AS each
"""
_PLACES = """
    WITH sized AS (
        SELECT vendor_id, CASE WHEN place = 1 THEN 200 ELSE 10 END AS categories,
            SUM(items) OVER earlier - items AS items,
            SUM(customers) OVER earlier - customers AS customers,
            (place > 1)::int * (200 + 10 * (place - 2)) AS before
        FROM (SELECT *, row_number() OVER (ORDER BY vendor_id) AS place FROM shop) AS each
        WINDOW earlier AS (ORDER BY vendor_id)
    )
    UPDATE shop SET categories = sized.categories,
        first_category = 1 + sized.before + (SELECT COALESCE(MAX(id), 0) FROM inventory_category),
        first_item = 1 + sized.items + (SELECT COALESCE(MAX(id), 0) FROM inventory_collectible),
        first_customer = 1 + sized.customers + (SELECT COALESCE(MAX(id), 0) FROM sales_customer)
    FROM sized WHERE sized.vendor_id = shop.vendor_id
"""
_ADD_CATEGORIES = """
    INSERT INTO inventory_category (
        id, vendor_id, parent_id, name, slug, created_at, updated_at, created_by_id, updated_by_id,
        version, is_deleted
    )
    SELECT first_category + place, vendor_id, first_category + parent, name,
        trim('-' FROM regexp_replace(lower(name), '[^a-z]+', '-', 'g')) || '-' || place,
        now() - interval '3 years', now() - interval '3 years', owner_id, owner_id, 1, false
    FROM shop JOIN branch ON place < categories
"""
# One row per item: `opened` units came at first, `received` later, of the first `sold` went.
_PLAN = """
    CREATE TEMP TABLE plan ON COMMIT DROP AS
    SELECT n, id, vendor_id, owner_id, username, created_at, category, category_id,
        CASE WHEN pick < 0.7 THEN stores[1] WHEN pick < 0.9 THEN stores[2] ELSE stores[3]
        END AS store_id,
        first_value, CASE WHEN revalued THEN round(first_value * (0.7 + growth)::numeric, 2) + 0.01
        ELSE first_value END AS value, revalued,
        round(first_value * (0.3 + 0.5 * margin)::numeric, 2) AS unit_cost, opened,
        CASE WHEN opened > 0 AND selling < 0.05 THEN 1 + floor(random() * LEAST(opened, 3))::int
        ELSE 0 END AS sold,
        CASE WHEN selling BETWEEN 0.03 AND 0.10 THEN 1 + floor(random() * 24)::int ELSE 0
        END AS received,
        created_at + (now() - created_at) * (0.05 + 0.4 * random()) AS received_at,
        created_at + (now() - created_at) * (0.5 + 0.49 * random()) AS sold_at,
        created_at + (now() - created_at) * (0.05 + 0.9 * random()) AS valued_at,
        random() < 0.02 AS is_deleted
    FROM (
        SELECT row_number() OVER (ORDER BY first_item, n)::int AS n, first_item + n - 1 AS id,
            vendor_id, owner_id, username, stores, category,
            CASE WHEN random() > 0.04 THEN first_category + category END AS category_id,
            now() - interval '1 hour'
                - interval '3 years' * (1 - power((n - 1 + random()) / items, 0.8)) AS created_at,
            round(exp(1.2 + 1.6 * (random() + random() + random()))::numeric, 2) AS first_value,
            CASE WHEN random() < 0.08 THEN 0 ELSE floor(power(60, random()))::int END AS opened,
            random() < 0.08 AS revalued, random() AS pick, random() AS growth,
            random() AS margin, random() AS selling
        FROM (
            SELECT shop.*, n, floor(power(categories, random()))::int - 1 AS category
            FROM (SELECT * FROM shop ORDER BY vendor_id) AS shop
            CROSS JOIN LATERAL generate_series(1, items) AS n
        ) AS drawn
    ) AS drawn
"""
_ADD_ITEMS = """
    INSERT INTO inventory_collectible (
        id, vendor_id, category_id, name, slug, sku, description, condition, value, currency,
        quantity, allocated, low_stock_threshold, is_active, is_featured, is_bestseller, attributes,
        created_at, updated_at, created_by_id, updated_by_id, version, is_deleted, deleted_at
    )
    SELECT id, vendor_id, category_id, name,
        trim('-' FROM left(regexp_replace(plain, '[^a-z0-9]+', '-', 'g'), 60))
            || '-' || to_hex(id + 1048576),
        upper(left(plain, 3)) || '-' || year || '-' || to_char(id, 'FM000000000'),
        CASE WHEN random() < 0.1 THEN '' ELSE
            format('A %%s %%s of %%s, %%s. From the collection of %%s, %%s: %%s, %%s.', quality,
                   kind, year, maker, pg_temp.pick(%(people)s), pg_temp.pick(%(towns)s),
                   pg_temp.pick(%(states)s), pg_temp.pick(%(states)s))
        END,
        pg_temp.pick('{near_mint,good,excellent,new,mint,sealed,fair,unspecified,poor}'), value,
        'USD', opened - sold + received, 0,
        CASE WHEN random() > 0.1 THEN floor(power(20, random()))::int END, random() > 0.03,
        random() < 0.02, random() < 0.01, jsonb_build_object('year', year, 'maker', maker),
        created_at, touched_at, owner_id, owner_id,
        1 + revalued::int + (sold > 0)::int + (received > 0)::int + is_deleted::int, is_deleted,
        CASE WHEN is_deleted THEN touched_at END
    FROM (
        SELECT *, concat_ws(' ', maker, subject, CASE WHEN random() < 0.4 THEN person END, kind,
                            CASE WHEN random() < 0.7 THEN quality END, '#' || 1 + n %% 997) AS name,
            GREATEST(created_at, CASE WHEN received > 0 THEN received_at END,
                     CASE WHEN sold > 0 THEN sold_at END, CASE WHEN revalued THEN valued_at END
            ) AS touched_at
        FROM (
            SELECT plan.*, pg_temp.pick(%(makers)s) AS maker, pg_temp.pick(%(subjects)s) AS subject,
                pg_temp.pick(%(people)s) AS person, pg_temp.pick(%(qualities)s) AS quality,
                pg_temp.pick(string_to_array((%(kinds)s::text[])[1 + category / 10], ';')) AS kind,
                1880 + floor(145 * sqrt(random()))::int AS year
            FROM plan ORDER BY n
        ) AS drawn
    ) AS named, lower(public.omni_unaccent(name)) AS plain
"""
_ADD_TEXTS = """
    INSERT INTO inventory_catalogtext (id, vendor_id, category_id, created_at, search_text)
    SELECT id, item.vendor_id, item.category_id, item.created_at, search_text
    FROM plan JOIN inventory_collectible AS item USING (id)
    WHERE NOT item.is_deleted ORDER BY plan.n
"""
_ADD_AUDIT = """
    INSERT INTO core_auditlog (
        type, "user", action, timestamp, object_type, object_id, after, request_id, details,
        actor_id, vendor_id
    )
    SELECT 'catalog', plan.username, 'created item “' || item.name || '”', item.created_at,
        'collectible', item.id::text, jsonb_build_object('name', item.name, 'sku', item.sku), '',
        '', plan.owner_id, item.vendor_id
    FROM plan JOIN inventory_collectible AS item USING (id)
    WHERE plan.n %% 20 = 0 ORDER BY plan.n
"""

STEPS = (
    ("categories", _CATEGORIES, _PLACES, _ADD_CATEGORIES),
    ("what each item's past is", _PLAN, "ANALYZE plan"),
    ("items", _ADD_ITEMS, _ADD_TEXTS, _ADD_AUDIT.replace("%%", "%")),
)
