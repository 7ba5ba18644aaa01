"""Sales over the counter, in one call."""

from datetime import timedelta

import pytest
from django.utils import timezone

from core.enums import AuditType
from core.exceptions import InvalidInput
from core.models import AuditLog
from inventory.exceptions import InsufficientStock
from sales.exceptions import EmptyOrder
from sales.models import Fulfilment, Order
from sales.selectors import get_orders_for_user, get_sales_for_user
from sales.services import Wanted
from tests.sales.till import D, Till, assert_true_to_the_journal, lines_of

pytestmark = pytest.mark.django_db


def test_sale_is_a_completed_order(till: Till) -> None:
    item, customer = till.item(3, "4.00", name="Galaxy Explorer"), till.customer()
    order = till.sold(Wanted(item, 2, D(9)), customer=customer, channel="eBay", fees=D(1))
    order.refresh_from_db()
    assert (order.status, order.customer, order.channel) == ("completed", customer, "eBay")
    moments = {order.placed_at, order.confirmed_at, order.fulfilled_at, order.completed_at}
    assert moments == {Fulfilment.objects.get(order=order).fulfilled_at}
    [line] = lines_of(order)
    assert (line.name, line.sku, line.fulfilled) == ("Galaxy Explorer", item.sku, 2)
    assert (line.revenue, line.cost, line.profit) == (D(18), D(8), D(9))
    assert till.level(item) == (1, 0)
    assert_true_to_the_journal()


def test_sale_is_told_once(till: Till) -> None:
    item = till.item(1)
    seen = AuditLog.objects.count()
    order = till.sold(Wanted(item, 1), channel="Flohmarkt")
    row = AuditLog.objects.latest("pk")
    assert AuditLog.objects.count() == seen + 1
    assert (row.type, row.object_id, row.action) == (
        AuditType.SALES, str(order.pk), f"sold order {order.number}"
    )  # fmt: skip
    assert (row.after["status"], row.after["total"]) == ("completed", "10.00")


def test_sale_without_stock_leaves_nothing(till: Till) -> None:
    one, other = till.item(5), till.item(1)
    before = till.world()
    with pytest.raises(InsufficientStock):
        till.sold(Wanted(one, 5), Wanted(other, 2))
    with pytest.raises(InsufficientStock):
        till.sold(Wanted(one, 3), Wanted(one, 3))
    with pytest.raises(EmptyOrder):
        till.sold()
    assert till.world() == before


def test_sale_of_the_past_must_have_been_possible_then(till: Till) -> None:
    now = timezone.now()
    item = till.item()
    till.receive(item, 2, occurred_at=now - timedelta(days=5))
    for days, refusal in [(-6, InsufficientStock), (1, InvalidInput)]:
        with pytest.raises(refusal) as refused:
            till.sold(Wanted(item, 1), sold_at=now + timedelta(days=days))
        assert [error.field for error in refused.value.errors] == ["sold_at"] * (days > 0)
    order = till.sold(Wanted(item, 1), sold_at=now - timedelta(days=4))
    assert order.entries.get().movement.occurred_at == now - timedelta(days=4)


def test_sales_are_what_was_sent_of_ones_own_shops(till: Till) -> None:
    sold = till.sold(Wanted(till.item(1), 1))
    placed = till.placed(Wanted(till.item(1), 1))
    foreign = Till.opened()
    theirs = foreign.sold(Wanted(foreign.item(1), 1))
    assert list(get_sales_for_user(till.user)) == [sold]
    assert list(get_orders_for_user(till.user)) == [placed, sold]
    assert list(get_sales_for_user(foreign.user)) == [theirs]


def test_orders_are_found_by_number_and_customer(till: Till) -> None:
    order = till.sold(Wanted(till.item(1), 1), customer=till.customer())
    till.sold(Wanted(till.item(1), 1))
    for text in ("000001", "ada f", "ADA@example"):
        assert list(Order.objects.search(text)) == [order]
