"""Numbers: one to n of a shop and a year, without gaps, and nobody takes one away again."""

from datetime import UTC, datetime, timedelta, timezone
from functools import partial

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone as clock

from inventory.exceptions import InsufficientStock
from sales.exceptions import EmptyOrder
from sales.models import Order, OrderSequence
from sales.services import OrderService, Wanted
from tests.races import at_once
from tests.sales.till import Till

YEAR = clock.now().year


def numbers(till: Till) -> list[str]:
    orders = Order.objects.filter(vendor=till.vendor, number__isnull=False)
    return sorted(str(number) for number in orders.values_list("number", flat=True))


def named(count: int, year: int = YEAR) -> list[str]:
    return [f"ORD-{year}-{number:06}" for number in range(1, count + 1)]


@pytest.mark.django_db
def test_numbers_are_counted_by_shop(till: Till) -> None:
    other = Till.opened()
    for here in (till, other, till):
        here.sold(Wanted(here.item(1), 1))
    till.placed(Wanted(till.item(1), 1))
    assert (numbers(till), numbers(other)) == (named(3), named(1))


@pytest.mark.django_db
def test_what_is_refused_takes_no_number(till: Till) -> None:
    item = till.item(2)
    till.placed(Wanted(item, 1))
    for sell in (till.sold, till.placed):
        with pytest.raises(InsufficientStock):
            sell(Wanted(item, 2))
        with pytest.raises(EmptyOrder):
            sell()
    till.sold(Wanted(item, 1))
    assert numbers(till) == named(2)


@pytest.mark.django_db
def test_cancelled_order_keeps_its_number(till: Till) -> None:
    item = till.item(1)
    OrderService.cancel(order=till.placed(Wanted(item, 1)), by=till.user)
    OrderService.cancel(order=till.draft(Wanted(item, 1)), by=till.user)
    till.sold(Wanted(item, 1))
    assert numbers(till) == named(2)


@pytest.mark.django_db
def test_sale_of_the_past_is_counted_in_its_own_year(till: Till) -> None:
    long_ago = datetime(YEAR - 2, 6, 1, tzinfo=UTC)
    item = till.item()
    till.receive(item, 9, occurred_at=long_ago)
    for at in (None, long_ago + timedelta(days=1), long_ago + timedelta(days=2), None):
        order = till.sold(Wanted(item, 1), sold_at=at)
        assert order.placed_at == (at or order.completed_at)
    assert numbers(till) == named(2, YEAR - 2) + named(2)


@pytest.mark.django_db
def test_year_is_that_of_the_time_that_is_kept(till: Till) -> None:
    """Half an hour into the year on Kiritimati it is still the old one where times are kept."""
    item = till.item()
    eve = datetime(YEAR, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=14)))
    till.receive(item, 1, occurred_at=eve - timedelta(days=1))
    till.sold(Wanted(item, 1), sold_at=eve)
    assert numbers(till) == named(1, YEAR - 1)


@pytest.mark.django_db
def test_numbered_order_keeps_its_number_and_does_not_go(till: Till) -> None:
    order, draft = till.placed(Wanted(till.item(1), 1)), till.draft()
    rows = Order.objects.filter(pk=order.pk)
    for deed in (rows.delete, order.delete, partial(rows.update, number="ORD-1")):
        with pytest.raises(DatabaseError), transaction.atomic():
            deed()
    with pytest.raises(DatabaseError), transaction.atomic():
        rows.update(number=None, status="draft")
    assert draft.delete()[0] == 1
    assert numbers(till) == named(1)


@pytest.mark.chaos
@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_leave_no_gap() -> None:
    """Half of them find no stock, at the counter and by order."""
    till = Till.opened()
    for units in (3, 7):
        item = till.item(units)
        drafts = [till.draft(Wanted(item, 1)) for _ in range(10)]
        places = [partial(OrderService.place, order=order, by=till.user) for order in drafts]
        deeds = [*places, *[partial(till.sold, Wanted(item, 1))] * 10]
        assert at_once(deeds).count("insufficient_stock") == 20 - units
    assert numbers(till) == named(10)
    assert OrderSequence.objects.get().last == 10
