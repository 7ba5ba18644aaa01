"""What nobody confirmed in time: each order is cancelled by itself, found without reading all."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inventory.models import Collectible
from sales.models import Order
from sales.services import OrderService, Wanted
from tests.races import impatient
from tests.sales.till import Till


def late(till: Till) -> tuple[Order, Collectible]:
    item = till.item(5)
    order = till.placed(Wanted(item, 2))
    Order.objects.filter(pk=order.pk).update(expires_at=timezone.now())
    return order, item


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("held", [Order, Collectible])
def test_order_that_somebody_holds_keeps_none_of_the_others(
    till: Till, caplog: Any, held: Any
) -> None:
    """The order itself, or what it must give back; it is the first of three."""
    waiting = [late(till) for _ in range(3)]

    def state() -> list[tuple[str, tuple[int, int]]]:
        return [
            (Order.objects.get(pk=order.pk).status, till.level(item)) for order, item in waiting
        ]

    kept, gone = ("pending", (5, 2)), ("cancelled", (5, 0))
    first = next(row for row in waiting[0] if isinstance(row, held))
    with transaction.atomic():
        held.objects.select_for_update().get(pk=first.pk)
        assert impatient(OrderService.expire) == 2
    assert state() == [kept, gone, gone]
    [line] = [entry.msg for entry in caplog.records if entry.name == "sales.services.orders"]
    assert (line["event"], line["level"]) == ("order_not_expired", "error")
    assert line["order"] == waiting[0][0].pk
    assert impatient(OrderService.expire) == 1
    assert state() == [gone, gone, gone]


@pytest.mark.django_db
def test_late_orders_are_read_off_their_index(till: Till) -> None:
    """Of three thousand that wait, and as many that nobody waits for any more."""
    soon, long_ago = (timezone.now() + timedelta(days=days) for days in (1, -1))
    Order.objects.bulk_create(
        Order(vendor=till.vendor, store=till.store, number=f"N{n}", status=status,
              placed_at=long_ago, expires_at=soon if status == "pending" else long_ago)
        for n, status in enumerate(["pending", "completed"] * 3000)
    )  # fmt: skip
    order, _item = late(till)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE sales_order")
    with CaptureQueriesContext(connection) as asked:
        assert OrderService.expire() == 1
    assert Order.objects.get(pk=order.pk).status == "cancelled"
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {asked.captured_queries[0]['sql']}")
        plan = "\n".join(line for [line] in cursor.fetchall())
    assert "order_expiring" in plan
    assert "Seq Scan" not in plan
