"""A page of version 2 costs the same at any depth: so much is read for it, whatever lies before.

What PostgreSQL looks at is counted, by `EXPLAIN (ANALYZE, BUFFERS)`, for the first page of each
list in each of its orders, and for pages from its middle, either way.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pgtrigger
import pytest
import yaml
from django.conf import settings
from django.core.signing import Signer
from django.db import connection
from django.http import QueryDict
from rest_framework.test import APIClient

from core.audit import log_audit
from core.enums import AuditType
from core.models import AuditLog
from inventory.models import ImportJob, ImportRow, StockMovement, StockTransfer, Valuation
from sales.models import Order
from tests.factories import CategoryFactory, StoreFactory, VendorFactory
from tests.flows.scale import MOMENT, Read, copies, fill, plan_of, read_by, watched
from users.models import User
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
ROWS = 1600
# So much is let pass before it is growth: rows may lie less close together, or in another shop.
TIMES, MORE = 1.5, 60
# So many rows at most are looked at for any page; of customers it tells all that one bought, and a
# category is looked up by its name among all of them.
MOST, MOST_OF = ROWS / 2, {"customers": 1.5 * ROWS, "catalog/items": 1.5 * ROWS}
# Of what was sold of an item PostgreSQL may read all, and sort it: of most items that is little.
SORTED = {"item=%(item)s"}
SCHEMA = Path(settings.BASE_DIR, "docs", "api", "schema-v2.yml")
# The orders of lists that offer none.
FIXED = {
    "stock/levels": ["item_id", "store_id", "pk"],
    "catalog/items/*/valuations": ["-valued_at", "-pk"],
}
# By nature of these nobody has more than some pages (docs/decisions/0023-orders-that-hold.md).
FEW = {
    "vendors", "vendor-members", "vendor-invites", "vendor-stores", "access-tokens",
    "auth/sessions", "catalog/items/*/images",
}  # fmt: skip
# What these are ordered by is added up when it is asked for (the same document).
SUMS = {"item_count", "orders_count", "total_spent", "last_order_at"}
ADDED_UP = {"reports/sales"}
# What is asked for most besides: of a shop with another one beside it; of what only the small shop
# has, which the large one is not to be looked through for; of words without an index.
FILTERED = {
    "catalog/items": [
        "vendor=%(vendor)s", "search=card", "is_active=true", "min_quantity=1",
        "category=%(category)s",
    ],
    "catalog/categories": ["search=branch"],
    "catalog/imports/*/rows": ["outcome=updated"],
    "orders": [
        "vendor=%(vendor)s", "status=completed", "customer=%(customer)s", "store=%(store)s",
        "search=n-",
    ],
    "sales": [
        "vendor=%(vendor)s", "customer=%(customer)s", "store=%(store)s", "item=%(item)s",
        "search=n-",
    ],
    "stock/levels": ["vendor=%(vendor)s", "low_stock=true", "as_of=2026-01-01T00:00:00Z",
                     "store=%(store)s"],
    "stock/lots": ["vendor=%(vendor)s", "is_empty=false", "store=%(store)s"],
    "stock/movements": ["vendor=%(vendor)s", "store=%(store)s"],
    "stock/transfers": ["vendor=%(vendor)s", "status=in_transit"],
    "audit-logs": ["vendor=%(vendor)s", "user=%(user)s", "search=sold"],
    "notifications": ["is_read=false"],
}  # fmt: skip


@pytest.fixture
def busy(owner: User, vendor: Vendor) -> dict[str, Any]:
    """What to ask for in the large one of somebody's two shops, and of what only the small one has,
    beside a stranger's."""
    order, small = fill(vendor, ROWS), fill(VendorFactory(owner=owner), ROWS // 4)
    fill(VendorFactory(), ROWS // 4)
    branch = CategoryFactory(vendor=small.vendor)
    small.vendor.categories.exclude(pk=branch.pk).update(parent=branch)
    _fill_the_rest(order)
    with connection.cursor() as cursor:
        # Tables as short as these PostgreSQL would read whole, for that costs little; of long ones
        # it would not.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL cpu_tuple_cost = 0.1; ANALYZE")
    return {
        "catalog/items": order.lines.get().item_id,
        "catalog/imports": ImportRow.objects.latest("pk").job_id,
        "customers": order.customer_id,
        "vendor": vendor.pk,
        "user": owner.username,
        "customer": small.customer_id,
        "store": small.store_id,
        "item": small.lines.get().item_id,
        "category": branch.pk,
    }


def _fill_the_rest(order: Order) -> None:
    """Of what `fill` makes none: transfers, imports, values, and what is done to accounts."""
    item, many = order.lines.get().item, f"generate_series(1, {ROWS}) AS n"
    stores = {
        "from_store": order.store,
        "to_store": StoreFactory(vendor=order.vendor, is_default=False),
    }
    transfer = StockTransfer.objects.create(item=item, quantity=1, **stores)
    job = ImportJob.objects.create(vendor=order.vendor, filename="table.csv")
    row = ImportRow.objects.create(job=job, line=1, outcome="updated")
    log_audit(AuditType.ACCOUNT, order.vendor.owner, "signed in")
    own = AuditLog.objects.filter(vendor=None).latest("pk")
    with pgtrigger.ignore():
        copies(transfer, many, created_at=MOMENT)
        copies(job, many, created_at=MOMENT)
        copies(row, many, line="n + 1")
        copies(Valuation.objects.filter(item=item).latest("pk"), many, valued_at=MOMENT)
        copies(CategoryFactory(vendor=order.vendor), many, created_at=MOMENT,
               name="'Branch ' || n", slug="'branch-' || n")  # fmt: skip
        # Of late by the owner, before that by others.
        copies(own, many, timestamp=MOMENT, actor_id=f"CASE WHEN n < 50 THEN {own.actor_id} END")
        connection.check_constraints()


def lists() -> Iterator[tuple[str, list[str]]]:
    """Every list of version 2, as the contract has it, with what it can be ordered by."""
    for path, calls in yaml.safe_load(SCHEMA.read_text())["paths"].items():
        told = {each["name"]: each for each in calls.get("get", {}).get("parameters", ())}
        if "cursor" in told:
            words = told.get("ordering", {}).get("description", "").partition(";")[0]
            names = words.partition(": ")[2].split(", ") if words else []
            yield re.sub(r"\{\w+\}", "*", path.removeprefix("/api/v2/").strip("/")), names


def calls() -> Iterator[tuple[str, str, list[str]]]:
    """Each list in each of its orders, and with filters: its name, what is asked, and the order."""
    for name, orders in lists():
        if name in FEW | ADDED_UP:
            continue
        ways = [f"{sign}{order}" for order in orders if order not in SUMS for sign in ("", "-")]
        for way in ways:
            yield name, f"ordering={way}", [way, "-pk" if way[0] == "-" else "pk"]
        asked, terms = (f"&ordering={ways[1]}", [ways[1], "-pk"]) if ways else ("", FIXED[name])
        for words in FILTERED.get(name, []) + ([] if ways else [""]):
            yield name, f"{words}{asked}", terms


def at(address: str, query: str, terms: list[str], *place: Any) -> str:
    """The page that begins there, as a link to it would tell."""
    given = sorted((name, texts) for name, texts in QueryDict(query).lists())
    signer = Signer(salt=json.dumps([address, terms, given]), sep="~")
    return f"{address}?{query}&cursor={signer.sign_object(place)}"


def middle(client: APIClient, address: str, query: str, terms: list[str]) -> list[Any]:
    """The place of a row half way down the list, as version 1 counts them."""
    numbered = f"{address.replace('v2', 'v1')}?{query}"
    pages = client.get(numbered).json()["total_pages"]
    assert pages > ROWS // 100, numbered
    row = client.get(f"{numbered}&page={pages // 2}").json()["results"][0]
    told = {"pk": "id", "item_id": "item", "store_id": "store"}
    names = [term.removeprefix("-") for term in terms]
    return [row.get(told.get(name, name), 0) for name in names]


def cost(client: APIClient, address: str) -> tuple[int, int]:
    """The blocks and the rows that are looked at for a page of twenty."""
    with watched() as reads:
        answer = client.get(f"{address}&_={id(reads)}")
    assert answer.status_code == 200, (address, answer.content)
    assert len(answer.json()["results"]) == 20, address
    costs = [read_by(read) for read in reads if not read[0].startswith("INSERT")]
    return sum(blocks for blocks, _ in costs), sum(rows for _, rows in costs)


def grown(
    client: APIClient, address: str, query: str, terms: list[str], most: float, times: float
) -> Iterator[str]:
    """What is read for pages half way down the list, on the way there and back."""
    place = middle(client, address, query, terms)
    first, end = f"{address}?{query}", at(address, query, terms, True)
    there, back = (at(address, query, terms, backwards, *place) for backwards in (False, True))
    for begin, deep in ((first, there), (end, back)):
        before, now = cost(client, begin), cost(client, deep)
        more = any(much > times * few + MORE for few, much in zip(before, now, strict=True))
        if more or max(before[1], now[1]) > most:
            yield f"{first}: {before} blocks and rows became {now}"


def taken_for_rare(shop: Vendor) -> Iterator[str]:
    """What the shop has and PostgreSQL takes for less than half of it: others have none."""
    order = shop.orders.latest("pk")
    for rows in (
        shop.orders.filter(store=order.store_id),
        shop.orders.filter(customer=order.customer_id),
        shop.items.filter(category=order.lines.get().item.category_id),
        StockMovement.objects.filter(vendor=shop, store=order.store_id),
    ):
        read: Read = rows.query.sql_with_params()
        if plan_of(read)[0]["Plan Rows"] < rows.count() / 2:
            yield read[0]


def test_page_costs_the_same_at_any_depth(busy: dict[str, Any], owner_client: APIClient) -> None:
    """One test: what a rollback leaves of each shop changes how tables are read afterwards."""
    wrong = [*taken_for_rare(Vendor.objects.get(stores=busy["store"]))]
    for name, query, terms in calls():
        above, _, below = name.partition("/*/")
        address = f"/api/v2/{above}/{busy[above]}/{below}/" if below else f"/api/v2/{name}/"
        times = MOST if query.partition("&")[0] in SORTED else TIMES
        most = MOST_OF.get(name, MOST)
        wrong += grown(owner_client, address, query % busy, terms, most, times)
    assert wrong == []
