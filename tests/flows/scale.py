"""Shops with thousands of everything, by statements that copy one row thousands of times."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pgtrigger
from django.db import connection, models

from core.models import AuditLog
from inventory.models import StockLevel, StockLot, StockMovement, Valuation
from inventory.services import CounterService
from sales.models import Order
from tests.factories import CategoryFactory, CustomerFactory, NotificationFactory
from tests.factories.orders import sale, stocked
from vendors.models import Vendor

Read = tuple[str, Any]
# Not of today: what happened since the books were closed last is the same at every hour.
MOMENT = "date_trunc('day', now()) - n * interval '1 minute'"


def copies(row: models.Model, source: str, **expressions: str) -> None:
    """The row once more for each row of `source`, with these columns otherwise."""
    table, own = row._meta.db_table, row._meta.concrete_fields
    names = [f.column for f in own if not (f.primary_key or isinstance(f, models.GeneratedField))]
    given = ", ".join(expressions.get(name, f'one."{name}"') for name in names)
    columns = ", ".join(f'"{name}"' for name in names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({columns}) SELECT {given} "  # noqa: S608 (ours, all of it)
            f"FROM {table} AS one, {source} WHERE one.id = {row.pk}"
        )


def fill(vendor: Vendor, rows: int) -> Order:
    """One of each by the services, then so many like it; the words are found at any depth."""
    many = f"generate_series(1, {rows}) AS n"
    categories = [CategoryFactory(vendor=vendor).pk for _ in range(20)]
    item, customer = stocked(vendor, category_id=categories[0]), CustomerFactory(vendor=vendor)
    order = sale(vendor, item, customer=customer)
    told = NotificationFactory(user=vendor.owner)
    [level], [lot] = StockLevel.objects.filter(item=item), StockLot.objects.filter(item=item)
    receipt = StockMovement.objects.filter(item=item).earliest("pk")
    value = Valuation.objects.get(item=item)
    with pgtrigger.ignore():
        copies(
            item, many, created_at=MOMENT, updated_at=MOMENT, value="mod(n, 700)",
            quantity="mod(n, 60)",
            name="'Card ' || md5(n::text)", sku="'S-' || n", slug="'card-' || n",
            description="CASE WHEN mod(n, 60) = 0 THEN 'Holographic' ELSE md5((-n)::text) END",
            category_id=f"(ARRAY{categories})[1 + mod(n, 20)]", is_featured="mod(n, 50) = 0",
        )  # fmt: skip
        items = _of(vendor, "inventory_collectible", item.pk)
        copies(level, items, item_id="key")
        copies(lot, items, item_id="key", received_at=MOMENT)
        copies(receipt, items, item_id="key", occurred_at=MOMENT, recorded_at=MOMENT)
        copies(value, items, item_id="key", valued_at=MOMENT)
        copies(customer, many, created_at=MOMENT, name="md5(n::text)", email="n || '@example.com'")
        copies(
            order, many, created_at=MOMENT, placed_at=MOMENT, number="'N-' || n", discount="0",
            subtotal="mod(n, 900)", total="mod(n, 900)", tax="0",
        )  # fmt: skip
        orders = _of(vendor, "sales_order", order.pk)
        copies(order.lines.get(), orders, order_id="key")
        copies(AuditLog.objects.filter(vendor=vendor).latest("pk"), many, timestamp=MOMENT)
        copies(told, many, created_at=MOMENT, event_id="gen_random_uuid()")
        connection.check_constraints()  # what is deferred is asked while the triggers are off
    CounterService.rebuild(vendor_ids=[vendor.pk])
    with connection.cursor() as cursor:
        # As PostgreSQL does by itself a minute after so many rows. Until then it may take tables
        # for empty, of which tests before took all rows back, and read them once for each row.
        cursor.execute("ANALYZE")
        cursor.execute("SELECT gin_clean_pending_list('text_search')")
    return order


def _of(vendor: Vendor, table: str, but: int) -> str:
    """The keys of the vendor's rows, numbered."""
    keys = f"SELECT id AS key, row_number() OVER () AS n FROM {table}"  # noqa: S608
    return f"({keys} WHERE vendor_id = {vendor.pk} AND id <> {but}) AS each"


@contextmanager
def watched() -> Iterator[list[Read]]:
    """What is asked of the database meanwhile, and told it, each with its values."""
    reads: list[Read] = []

    def keep(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip().startswith(("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")):
            reads.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(keep):
        yield reads


def plan_of(read: Read) -> list[dict[str, Any]]:
    """Every node of the plan by which PostgreSQL carries it out."""
    sql, params = read
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        [[[found]]] = cursor.fetchall()
    nodes = [found["Plan"]]
    for node in nodes:  # grows while it is walked
        nodes += node.get("Plans", [])
    return nodes


def read_whole(tables: Iterable[str]) -> dict[str, int]:
    """How many rows of these were read without an index, in this transaction, also by triggers and
    for keys, of which no client hears."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = ANY(%s)",
            [[*tables]],
        )
        return dict(cursor.fetchall())


def read_by(read: Read) -> tuple[int, int]:
    """The blocks and the rows that PostgreSQL looks at to answer it: counted, not estimated."""
    sql, params = read
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {sql}", params)
        [[[found]]] = cursor.fetchall()
    nodes = [found["Plan"]]
    for node in nodes:  # grows while it is walked
        nodes += node.get("Plans", [])
    blocks = nodes[0]["Shared Hit Blocks"] + nodes[0]["Shared Read Blocks"]
    # What a bitmap names is looked at where it is read.
    scans = [node for node in nodes if re.fullmatch(r"(?!Bitmap Index).* Scan", node["Node Type"])]
    return blocks, sum(map(_looked_at, scans))


def _looked_at(node: dict[str, Any]) -> int:
    passed_over = sum(node[name] for name in node if name.startswith("Rows Removed by"))
    looked_at: int = node["Actual Loops"] * (node["Actual Rows"] + passed_over)
    return looked_at
