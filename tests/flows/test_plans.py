"""How PostgreSQL answers the calls that are made most, in shops with thousands of everything."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from rest_framework.test import APIClient

from sales.models import Order
from tests.factories import VendorFactory
from tests.flows.scale import Read, fill, plan_of, watched_reads
from users.models import User
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
# Tables of which a call wants a page, whatever is in them.
LONG = {
    "inventory_collectible", "inventory_stocklevel", "inventory_stocklot",
    "inventory_stockmovement", "inventory_valuation", "sales_customer", "sales_order",
    "sales_orderline", "core_auditlog", "notifications_notification",
}  # fmt: skip
ROWS = 1500
SORTED = ROWS // 3
ITEMS = "catalog/items/"
# Each in both versions; in version 2 the second page too, and back.
CALLS = [
    ITEMS, f"{ITEMS}?ordering=-value", f"{ITEMS}?ordering=sku", f"{ITEMS}?ordering=quantity",
    f"{ITEMS}?search=holograph", f"{ITEMS}?search=holograph&category=%(category)s",
    f"{ITEMS}?category=%(category)s", f"{ITEMS}?is_featured=true", f"{ITEMS}?is_deleted=true",
    f"{ITEMS}?search=c4ca", "stock/levels/", "stock/movements/", "stock/lots/", "customers/",
    "orders/", "orders/?status=completed", "orders/?ordering=total", "sales/", "audit-logs/",
    "notifications/",
]  # fmt: skip

# Version 1 says how many levels there are of living items: each is asked for.
COUNTED_WHOLE = {"stock/levels/"}
DEEP = [ITEMS, "orders/", "sales/", "customers/", "stock/movements/"]


# What was made for a call is what it is answered by: whoever drops one of these hears of it.
MADE_FOR = {
    ITEMS: "item_newest", f"{ITEMS}?ordering=-value": "item_by_value",
    f"{ITEMS}?ordering=quantity": "item_by_quantity", f"{ITEMS}?search=c4ca": "item_search",
    f"{ITEMS}?category=%(category)s": "item_of_category",
    f"{ITEMS}?is_featured=true": "item_featured", "stock/movements/": "movement_newest",
    "orders/": "order_newest", "orders/?ordering=total": "order_by_total",
    "customers/": "customer_by_name",
}  # fmt: skip


@pytest.fixture
def busy(owner: User, vendor: Vendor) -> Order:
    """An order of the owner's shop, which has a tenth of all there is."""
    for _ in range(2):
        fill(VendorFactory(), 4 * ROWS)
    order = fill(vendor, ROWS)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return order


def faults(read: Read) -> Iterator[str]:
    for node in plan_of(read):
        whole = node["Node Type"] == "Seq Scan" and node["Relation Name"] in LONG
        if whole or (node["Node Type"] == "Sort" and node["Plans"][0]["Plan Rows"] > SORTED):
            told = node.get("Relation Name", node.get("Sort Key"))
            yield f"{node['Node Type']} {told} in {read[0]}"


def look(client: APIClient, address: str) -> tuple[Any, list[str]]:
    """What the call answers, and what is wrong with how it was come by."""
    with watched_reads() as reads:
        answer = client.get(address)
    assert answer.status_code == 200, (address, answer.content)
    assert reads
    return answer.json(), [f"{address}: {fault}" for read in reads for fault in faults(read)]


def indexes_of(client: APIClient, address: str) -> set[str]:
    """By which indexes the call is answered."""
    with watched_reads() as reads:
        client.get(address)
    return {node["Index Name"] for read in reads for node in plan_of(read) if "Index Name" in node}


def by_keys(client: APIClient, call: str) -> bool:
    """Whether of a page deep in version 1 no more is read than the keys of those before it."""
    with watched_reads() as reads:
        page = look(client, f"/api/v1/{call}?page={ROWS // 40}")[0]
    assert len(page["results"]) == 20
    [statement] = [sql for sql, _params in reads if "OFFSET" in sql]
    passed = statement.partition("OFFSET")[0].rpartition("SELECT")[2].partition("FROM")[0]
    return passed.count(",") < 3 and '."id" AS "pk"' in passed


def test_no_call_reads_a_long_table_whole_or_sorts_it(busy: Order, owner_client: APIClient) -> None:
    line = busy.lines.get()
    given = {"category": line.item.category_id}
    wrong = []
    for call in CALLS:
        if call not in COUNTED_WHOLE:
            wrong += look(owner_client, f"/api/v1/{call % given}")[1]
        page, found = look(owner_client, f"/api/v2/{call % given}")
        wrong += found
        if page["next"]:
            page, found = look(owner_client, page["next"])
            wrong += found
            wrong += look(owner_client, page["previous"])[1]
    for row in (f"{ITEMS}{line.item_id}/", f"{ITEMS}{line.item_id}/availability/",
                f"orders/{busy.pk}/", f"customers/{busy.customer_id}/"):  # fmt: skip
        wrong += look(owner_client, f"/api/v1/{row}")[1]
    wrong += [
        f"{call} is not found by its keys" for call in DEEP if not by_keys(owner_client, call)
    ]
    cache.clear()  # else no more is asked than whether anything has changed
    wrong += [
        f"{call} is not answered by {index}"
        for call, index in MADE_FOR.items()
        if index not in indexes_of(owner_client, f"/api/v1/{call % given}")
    ]
    assert wrong == []
