"""What was sold stays, whoever and whatever goes."""

from typing import Any

import pytest
from django.db.models import ProtectedError

from inventory.services import CollectibleService
from sales.models import Order, OrderLine, SalesEntry
from sales.services import OrderService, Returned, Wanted
from tests.factories import UserFactory
from tests.sales.till import D, Till, lines_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def sale(till: Till) -> Order:
    order = till.sold(Wanted(till.item(2), 2), customer=till.customer(), fees=D(1))
    back = Returned(lines_of(order)[0], 1)
    return OrderService.take_back(order=order, by=till.user, returns=[back])


def history(order: Order) -> list[Any]:
    return [
        list(Order.objects.filter(pk=order.pk).values("number", "status", "total", "refunded")),
        list(OrderLine.objects.filter(order=order).values()),
        list(SalesEntry.objects.filter(order=order).values()),
    ]


def test_deleted_item_stays_in_its_orders(till: Till, sale: Order) -> None:
    [line] = lines_of(sale)
    before = history(sale)
    CollectibleService.delete(collectible=line.item, by=till.user)
    assert history(sale) == before
    assert lines_of(sale)[0].item.is_deleted
    with pytest.raises(ProtectedError):
        line.item.hard_delete()
    assert history(sale) == before


def test_deleted_customer_stays_until_deleted_for_good(till: Till, sale: Order) -> None:
    before = history(sale)
    customer, version = sale.customer, sale.version
    customer.delete()
    sale.refresh_from_db()
    assert sale.customer_id == customer.pk
    customer.hard_delete()
    sale.refresh_from_db()
    assert (sale.customer_id, sale.version) == (None, version + 1)
    assert history(sale) == before


def test_deleted_user_leaves_what_they_sold(till: Till, sale: Order) -> None:
    before = history(sale)
    clerk = UserFactory()
    other = till.sold(Wanted(till.item(1), 1), by=clerk)
    theirs = history(other)
    clerk.delete()
    other.refresh_from_db()
    assert (other.created_by, other.fulfilments.get().created_by) == (None, None)
    assert (history(sale), history(other)) == (before, theirs)


def test_shop_and_store_with_orders_do_not_go(till: Till, sale: Order) -> None:
    before = history(sale)
    for row in (till.store, till.vendor):
        with pytest.raises(ProtectedError):
            row.hard_delete()
    till.vendor.delete()
    assert history(sale) == before


def test_lot_and_movement_of_a_sale_do_not_go(sale: Order) -> None:
    entry = sale.entries.filter(kind="sale").get()
    for row in (entry.movement, entry.movement.lot):
        with pytest.raises(ProtectedError):
            row.delete()


def test_draft_takes_its_lines_along(till: Till) -> None:
    order = till.draft(Wanted(till.item(), 1))
    OrderService.delete(order=order, by=till.user)
    assert not OrderLine.objects.exists()
