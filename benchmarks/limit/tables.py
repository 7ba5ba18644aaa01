"""The tables of the two contestants: copies without triggers, and the limit's counters.

Each contestant reads and writes rows of its own, so that nobody's writes are in another's way and
each sees what it wrote. They are filled from ours, with the same indexes and as much room in pages;
the index of words, one of another table with us, is where most would put it.
"""

from contextlib import suppress
from typing import Any

import psycopg

PLAIN = (
    "inventory_collectible", "inventory_stockmovement", "inventory_stocklevel",
    "inventory_importrow", "core_auditlog",
)  # fmt: skip
BARE = (
    "inventory_collectible", "inventory_stocklot", "inventory_stockmovement",
    "inventory_stocklevel", "inventory_valuation", "inventory_catalogversion",
    "inventory_importrow", "core_auditlog", "sales_order", "sales_orderline", "sales_fulfilment",
    "sales_salesentry", "sales_ordersequence",
)  # fmt: skip
_COLUMNS = """
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
"""
_INDEXES = """
    SELECT pg_get_indexdef(indexrelid), indisprimary FROM pg_index WHERE indrelid = %s::regclass
    ORDER BY indisprimary DESC, 1
"""
_OPTIONS = "SELECT array_to_string(reloptions, ', ') FROM pg_class WHERE oid = %s::regclass"
_SEARCHED = """
    CREATE INDEX item_search ON {copy} USING gin (search_text gin_trgm_ops)
        WITH (gin_pending_list_limit = 1024) WHERE deleted_at IS NULL
"""
_COUNTERS = """
    CREATE TABLE bare.counter AS
        SELECT vendor_id, count(*) AS items, sum(value) AS value, sum(value * quantity) AS stock,
            sum(quantity) AS units,
            count(*) FILTER (WHERE low_stock_threshold >= quantity) AS low
        FROM bare.inventory_collectible WHERE NOT is_deleted GROUP BY 1;
    ALTER TABLE bare.counter ADD PRIMARY KEY (vendor_id);
    CREATE TABLE bare.category_counter AS
        SELECT vendor_id, COALESCE(category_id, 0) AS category_id, count(*) AS items
        FROM bare.inventory_collectible WHERE NOT is_deleted GROUP BY 1, 2;
    ALTER TABLE bare.category_counter ADD PRIMARY KEY (vendor_id, category_id);
    CREATE TABLE bare.day_counter AS
        SELECT vendor_id, (created_at AT TIME ZONE 'UTC')::date AS day, count(*) AS items
        FROM bare.inventory_collectible WHERE NOT is_deleted GROUP BY 1, 2;
    ALTER TABLE bare.day_counter ADD PRIMARY KEY (vendor_id, day);
    ANALYZE bare.counter; ANALYZE bare.category_counter; ANALYZE bare.day_counter
"""


def prepare(url: str) -> None:
    """The contestants' tables, as ours are now; what an earlier run left is thrown away."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET client_min_messages = warning")
        connection.execute("SET maintenance_work_mem = '512MB'")
        for schema, tables in (("plain", PLAIN), ("bare", BARE)):
            connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
            connection.execute(f"CREATE SCHEMA {schema}")
            for table in tables:
                _copy(connection, schema, table)
        connection.execute(_COUNTERS)
        # Lots are what plain would not have.
        connection.execute("ALTER TABLE plain.inventory_stockmovement ALTER lot_id DROP NOT NULL")
        # What was written to prepare is on the disk before anybody is measured: a checkpoint in the
        # middle of it had changes wait for seconds, and what came after them.
        with suppress(psycopg.errors.InsufficientPrivilege):
            connection.execute("CHECKPOINT")


def _copy(connection: psycopg.Connection[Any], schema: str, table: str) -> None:
    copy = f"{schema}.{table}"
    connection.execute(f"CREATE TABLE {copy} (LIKE public.{table} INCLUDING ALL EXCLUDING INDEXES)")
    [(options,)] = connection.execute(_OPTIONS, [f"public.{table}"]).fetchall()
    if options:
        connection.execute(f"ALTER TABLE {copy} SET ({options})")
    [(columns,)] = connection.execute(_COLUMNS, [f"public.{table}"]).fetchall()
    connection.execute(
        f"INSERT INTO {copy} ({columns}) OVERRIDING SYSTEM VALUE"
        f" SELECT {columns} FROM public.{table}"
    )
    for statement, primary in connection.execute(_INDEXES, [f"public.{table}"]).fetchall():
        there = statement.replace(f" ON public.{table} ", f" ON {copy} ")
        connection.execute(there)
        if primary:
            name = statement.split()[3]
            connection.execute(f"ALTER TABLE {copy} ADD PRIMARY KEY USING INDEX {name}")
    if table == "inventory_collectible":
        connection.execute(_SEARCHED.format(copy=copy))
    if "id" in columns.split(", "):
        connection.execute(
            f"SELECT setval(pg_get_serial_sequence('{copy}', 'id'),"
            f" GREATEST((SELECT MAX(id) FROM {copy}), 1))"
        )
    connection.execute(f"VACUUM (ANALYZE) {copy}")
