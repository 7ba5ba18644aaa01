"""How PostgreSQL answers the calls that are made most, in shops with thousands of everything."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils.http import urlencode
from rest_framework.test import APIClient

from inventory.models import StockClosing
from inventory.services import ClosingService
from sales.models import Order
from tests.factories import CollectibleFactory, VendorFactory
from tests.flows.scale import Read, fill, plan_of, read_whole, watched
from users.models import User
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
# Tables of which a call wants a page, whatever is in them.
LONG = {
    "inventory_catalogtext", "inventory_collectible", "inventory_stocklevel",
    "inventory_stocklot", "inventory_stockmovement", "inventory_valuation", "sales_customer",
    "sales_order", "sales_orderline", "core_auditlog", "notifications_notification",
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


@pytest.fixture
def busy(owner: User, vendor: Vendor) -> Order:
    """An order of the owner's shop, which has a tenth of all there is and closed its books."""
    for _ in range(2):
        fill(VendorFactory(), 4 * ROWS)
    CollectibleFactory.create_batch(60)  # each in a shop of its own
    order = fill(vendor, ROWS)
    ClosingService.close(vendor_ids=[vendor.pk], step=1)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return order


def faults(read: Read) -> Iterator[str]:
    for node in plan_of(read):
        whole = node["Node Type"] == "Seq Scan" and node["Relation Name"] in LONG
        if whole or (node["Node Type"] == "Sort" and node["Plans"][0]["Plan Rows"] > SORTED):
            told = node.get("Relation Name", node.get("Sort Key"))
            yield f"{node['Node Type']} {told} in {read[0]}"


def look(client: APIClient, address: str, body: Any = None) -> tuple[Any, list[str]]:
    """What the call answers, and what is wrong with how it was come by."""
    answer, wrong, _indexes = carried_out(client, address, body)
    return answer, wrong


def carried_out(client: APIClient, address: str, body: Any) -> tuple[Any, list[str], set[str]]:
    """A call and a look at it: the answer, what is wrong, and by which indexes it was come by."""
    before = read_whole(LONG)
    with watched() as reads:
        answer = client.post(address, body, "json") if body else client.get(address)
    after = read_whole(LONG)
    assert answer.status_code < 300, (address, answer.content)
    assert reads
    whole = {name: rows - before.get(name, 0) for name, rows in after.items()}
    wrong = [f"{rows} of {name} read whole" for name, rows in whole.items() if rows > SORTED]
    wrong += [fault for read in reads for fault in faults(read)]
    nodes = [node for read in reads for node in plan_of(read)]
    indexes = {node["Index Name"] for node in nodes if "Index Name" in node}
    return answer.json(), [f"{address}: {fault}" for fault in wrong], indexes


def by_keys(client: APIClient, call: str) -> bool:
    """Whether of a page deep in version 1 no more is read than the keys of those before it."""
    with watched() as reads:
        page = look(client, f"/api/v1/{call}?page={ROWS // 40}")[0]
    assert len(page["results"]) == 20
    [statement] = [sql for sql, _params in reads if "OFFSET" in sql]
    passed = statement.partition("OFFSET")[0].rpartition("SELECT")[2].partition("FROM")[0]
    return passed.count(",") < 3 and '."id" AS "pk"' in passed


def wrong_with_lists(order: Order, client: APIClient) -> Iterator[str]:
    line = order.lines.get()
    for call in CALLS:
        asked = call % {"category": line.item.category_id}
        if call not in COUNTED_WHOLE:
            yield from look(client, f"/api/v1/{asked}")[1]
        page, found = look(client, f"/api/v2/{asked}")
        yield from found
        if page["next"]:
            page, found = look(client, page["next"])
            yield from found
            yield from look(client, page["previous"])[1]
    for row in (f"{ITEMS}{line.item_id}/", f"{ITEMS}{line.item_id}/availability/",
                f"orders/{order.pk}/", f"customers/{order.customer_id}/"):  # fmt: skip
        yield from look(client, f"/api/v1/{row}")[1]
    yield from (f"{call} is not found by its keys" for call in DEEP if not by_keys(client, call))


def hottest(order: Order) -> list[tuple[str, Any, set[str]]]:
    """The calls that are made most, and what each is made for: whoever drops one hears of it.

    For a new item nothing is looked up by an index that is named; what triggers and keys look up
    is seen by what they read whole.
    """
    line = order.lines.get()
    category, item = line.item.category_id, line.item_id
    ids = [*order.vendor.items.order_by("pk").values_list("pk", flat=True)[:60]]
    closed = StockClosing.objects.filter(vendor=order.vendor).earliest("at")
    past = urlencode({"as_of": (closed.at + timedelta(minutes=5)).isoformat()})
    new = {"name": "New", "category": category, "value": "1.00", "quantity": 3}
    sold = {"lines": [{"item": item, "quantity": 1, "unit_price": "19.00"}]}
    return [
        (ITEMS, None, {"item_newest"}),
        (f"{ITEMS}?ordering=-value", None, {"item_by_value"}),
        (f"{ITEMS}?ordering=quantity", None, {"item_by_quantity"}),
        (f"{ITEMS}?search=holograph", None, {"item_newest", "text_search"}),
        (f"{ITEMS}?search=holograph&category={category}", None, {"item_of_category"}),
        (f"{ITEMS}?category={category}", None, {"item_of_category"}),
        (f"{ITEMS}?is_featured=true", None, {"item_featured"}),
        (f"{ITEMS}{item}/", None, {"inventory_collectible_pkey"}),
        ("orders/", None, {"order_newest"}),
        ("orders/?ordering=total", None, {"order_by_total"}),
        ("customers/", None, {"customer_by_name"}),
        ("stock/movements/", None, {"movement_newest"}),
        ("dashboard/summary/", None, {"item_newest"}),
        (f"dashboard/valuation/?{past}", None,
         {"movement_as_of", "valuation_by_time", "valuation_newest"}),
        (ITEMS, new, set()),
        ("sales/", sold, {"inventory_collectible_pkey", "level_of_store", "lot_fifo"}),
        (f"{ITEMS}bulk_update/", {"ids": ids, "updates": {"condition": "fair"}},
         {"inventory_collectible_pkey"}),
    ]  # fmt: skip


def wrong_with_hottest(order: Order, client: APIClient) -> Iterator[str]:
    for call, body, indexes in hottest(order):
        cache.clear()  # else no more is asked than whether anything has changed
        _answer, found, used = carried_out(client, f"/api/v1/{call}", body)
        yield from found
        yield from (f"{call} is not answered by {name}" for name in indexes - used)


def wrong_with_counts(order: Order, client: APIClient) -> Iterator[str]:
    """Filters by what the index has: no row is read to count them."""
    category = order.lines.get().item.category_id
    for asked in ("condition=mint", "in_stock=true&max_value=9", "low_stock=true&is_active=true"):
        with watched() as reads:
            assert client.get(f"/api/v1/{ITEMS}?category={category}&{asked}").status_code == 200
        [count] = [read for read in reads if "COUNT(*)" in read[0]]
        ways = {(node["Node Type"], node.get("Index Name")) for node in plan_of(count)}
        if ("Index Only Scan", "item_of_category") not in ways:
            yield f"{asked} is counted by {ways}"


def wrong_with_cursors(client: APIClient) -> Iterator[str]:
    """Whoever turns pages, PostgreSQL plans once and for all."""
    following = client.get(f"/api/v2/{ITEMS}").json()["next"]
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
        connection.connection._prepared.clear()
        for turn in range(20):
            client.get(f"{following}&_={turn}")
        cursor.execute("SELECT custom_plans FROM pg_prepared_statements WHERE statement ~ 'ROW'")
        planned = cursor.fetchall()
    if not planned or max(planned) > (5,):
        yield f"A page by cursor is planned {planned} times."


def test_no_call_reads_a_long_table_whole_or_sorts_it(busy: Order, owner_client: APIClient) -> None:
    """One test: what a rollback leaves of each shop changes how tables are read afterwards."""
    wrong = [
        *wrong_with_lists(busy, owner_client),
        *wrong_with_hottest(busy, owner_client),
        *wrong_with_counts(busy, owner_client),
        *wrong_with_cursors(owner_client),
    ]
    assert wrong == []
