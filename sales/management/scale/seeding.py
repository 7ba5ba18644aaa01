"""Shops of any size with a past of three years: who opens them, and what happens around the rows.

Rows are made by set-based SQL, the triggers that would derive and check them one by one are
switched off meanwhile, and what they derive is written as they would write it: in the end
`reconcile_stock` and `verify_ledger` find nothing.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

from django.db import connection, transaction

from inventory.services import ClosingService, CounterService
from sales.management.scale import catalog, ledger, trade, words
from users.services import UserService
from vendors.enums import StoreType
from vendors.services import StoreService, VendorService

OWNER = ("scale@omni-stock.example", "scale-collector-2026")
OTHERS = "others@omni-stock.example"
NEIGHBOURS = 20
TABLES = (
    "inventory_category", "inventory_collectible", "inventory_stocklot", "inventory_stockmovement",
    "inventory_stocklevel", "inventory_valuation", "inventory_catalogversion",
    "inventory_catalogtext", "sales_customer", "sales_order", "sales_orderline", "sales_fulfilment",
    "sales_salesentry", "sales_ordersequence", "core_auditlog",
)  # fmt: skip
STEPS = (*catalog.STEPS, *ledger.STEPS, *trade.STEPS)

_SHOPS = """
    CREATE TEMP TABLE shop (
        vendor_id bigint, owner_id bigint, username text, stores bigint[], items int,
        customers int, first_item bigint, first_category bigint, categories int,
        first_customer bigint
    ) ON COMMIT DROP
"""
# A power law: most picks are among the first, and each is met now and then.
_PICK = """
    CREATE OR REPLACE FUNCTION pg_temp.pick(words text[]) RETURNS text LANGUAGE sql VOLATILE AS
        'SELECT words[floor(power(cardinality(words) + 1, random()))::int]'
"""
_INDEXES = """
    SELECT format('DROP INDEX %%s', indexrelid::regclass), pg_get_indexdef(indexrelid)
    FROM pg_index WHERE indrelid = %s::regclass
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
"""
_KEYS = """
    SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname),
        format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', conrelid::regclass, conname,
               pg_get_constraintdef(oid))
    FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f'
"""
_NUMBERED = """
    SELECT pg_get_serial_sequence(%(table)s, 'id') FROM pg_attribute
    WHERE attrelid = %(table)s::regclass AND attname = 'id' AND NOT attisdropped
        AND attidentity <> ''
"""


def seed(items: int, say: Callable[[str], Any]) -> list[int]:
    """The shops' ids, the big one first; tells what it does. All or nothing."""
    with transaction.atomic():
        shops = _open_shops(items)
        _run(say, "shops", _SHOPS, _PICK, "SELECT setseed(0.20251120)")
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL maintenance_work_mem = '512MB'; SET LOCAL work_mem = '64MB'")
            cursor.executemany(
                "INSERT INTO shop (vendor_id, owner_id, username, stores, items, customers)"
                " VALUES (%s, %s, %s, %s, %s, %s)",
                shops,
            )
        with _set_aside(say):
            for what, *statements in STEPS:
                _run(say, what, *statements)
        CounterService.rebuild()
    _run(say, "statistics", f"VACUUM (ANALYZE) {', '.join(TABLES)}")
    say(f"{ClosingService.close()} closings")
    return [shop[0] for shop in shops]


def _open_shops(items: int) -> list[tuple[Any, ...]]:
    email, password = OWNER
    owner = UserService.register(
        email=email, password=password, username="scale", company_name="Scale & Sons"
    )
    shops: list[tuple[Any, Any, int]] = [(owner.active_vendor, owner, items)]
    other = UserService.register(
        email=OTHERS, password=secrets.token_urlsafe(), username="others", company_name="Other 1"
    )
    weights = [1 / place for place in range(1, NEIGHBOURS + 1)]
    for place, weight in enumerate(weights, 1):
        vendor = other.active_vendor if place == 1 else None
        vendor = vendor or VendorService.create(name=f"Other {place}", owner=other)
        shops.append((vendor, other, int(items / 5 * weight / sum(weights))))
    return [
        (vendor.pk, by.pk, by.username, _open_stores(vendor, by), size, max(5, size // 200))
        for vendor, by, size in shops
    ]


def _open_stores(vendor: Any, by: Any) -> list[int]:
    main = VendorService.open_default_store(vendor=vendor, by=by)
    fair = StoreService.create(vendor=vendor, name="Fair", type=StoreType.POPUP, by=by)
    hall = StoreService.create(vendor=vendor, name="Hall", type=StoreType.WAREHOUSE, by=by)
    return [main.pk, hall.pk, fair.pk]


@contextmanager
def _set_aside(say: Callable[[str], Any]) -> Iterator[None]:
    """Without triggers, foreign keys and indexes: keys and indexes come back, and check, at once.

    The triggers are the tables' own: those that hold deferred keys have nothing to wait for.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        again = []
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            for query in (_KEYS, _INDEXES):
                cursor.execute(query, [table])
                again += list(cursor.fetchall())
        for take_off, _ in again:
            cursor.execute(take_off)
    yield
    _run(say, "indexes and keys", *(put_back for _, put_back in reversed(again)))
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            cursor.execute(_NUMBERED, {"table": table})
            for (sequence,) in cursor.fetchall():
                cursor.execute(
                    f"SELECT setval(%s, GREATEST((SELECT MAX(id) FROM {table}), 1))",  # noqa: S608
                    [sequence],
                )


def _run(say: Callable[[str], Any], what: str, *statements: str) -> None:
    start = monotonic()
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, WORDS if "%(" in statement else None)
    say(f"{what}: {monotonic() - start:.1f} s")


WORDS = {
    "makers": words.MAKERS,
    "subjects": words.SUBJECTS,
    "qualities": words.QUALITIES,
    "people": words.surnames(30_000),
    "towns": words.TOWNS,
    "states": words.STATES,
    "stems": list(words.KINDS),
    "branches": words.BRANCHES,
    "kinds": [";".join(kinds) for kinds in words.KINDS.values()],
}
