"""Of an order a part was sent, and the rest never will be: it ends with what went, to the cent."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import integers, just, lists, one_of, tuples

from core.models import AuditLog
from inventory.models import Allocation
from sales.exceptions import InvalidTransition
from sales.models import Order, OrderLine
from sales.selectors import get_customers_for_user, get_realised_gain
from sales.services import OrderService, Returned, Wanted
from tests.sales.test_lifecycle import VERBS, refreshed
from tests.sales.till import D, Till, assert_true_to_the_journal, lines_of

pytestmark = pytest.mark.django_db


def give_up(till: Till, order: Order, **said: Any) -> Order:
    return OrderService.cancel(order=order, by=till.user, **said)


def send(till: Till, order: Order, *units: int, **parcel: Any) -> Order:
    """So many of each line."""
    sent = {line.pk: some for line, some in zip(lines_of(order), units, strict=True) if some}
    return OrderService.fulfil(order=order, by=till.user, units=sent, **parcel)


@pytest.fixture
def order(till: Till) -> Order:
    """Three lines with discounts and tax that do not divide; of the first two of three were sent,
    of the second all, of the third nothing."""
    order = till.confirmed(
        Wanted(till.item(3, "4.00"), 3, D("9.99"), D("0.50"), D(19)),
        Wanted(till.item(5, "0.33"), 5, D(1)), Wanted(till.item(2), 2, D(4), D(1), D(7)),
        discount=D(3), fees=D("2.01"), postage=D("4.99"),
    )  # fmt: skip
    return send(till, order, 2, 5, 0)


def test_order_is_fulfilled_with_what_went(till: Till, order: Order) -> None:
    revenue = [line.revenue for line in lines_of(order)]
    after = give_up(till, order, reason="out_of_stock")
    assert (after.status, after.cancel_reason, after.cancelled_at) == ("fulfilled", "", None)
    first, second, third = lines_of(order)
    # 29.47 + 5.00 + 7.00 less 3.00: 27.34, 4.64 and 6.49; of the first two thirds.
    assert [line.quantity for line in (first, second, third)] == [3, 5, 2]
    assert [line.cancelled for line in (first, second, third)] == [1, 0, 2]
    assert (first.discount, first.order_discount) == (D("0.33"), D("1.42"))
    assert (first.net, first.tax) == (D("18.23"), D("3.46"))
    assert (second.discount, second.order_discount, second.net) == (D(0), D("0.36"), D("4.64"))
    assert (third.discount, third.order_discount, third.net, third.tax) == (D(0),) * 4
    assert (after.subtotal, after.discount, after.tax, after.total) == (
        D("24.65"), D("1.78"), D("3.46"), D("26.33")
    )  # fmt: skip
    assert after.net_proceeds == D("26.33") - D("2.01") - D("4.99")
    assert [line.revenue for line in (first, second, third)] == revenue
    assert_true_to_the_journal()


@pytest.mark.parametrize("sent", [1, 2])
def test_odd_cent_of_a_discount_stays_with_what_costs_less(till: Till, sent: int) -> None:
    """Three for 2.99: 1.00, 1.00 and 0.99, whatever their shares of the discount would be."""
    order = till.confirmed(Wanted(till.item(3), 3, D(1)), discount=D("0.01"))
    after = give_up(till, send(till, order, sent))
    assert (after.subtotal, after.discount, after.total) == (D(sent), D(0), D(sent))


def test_what_selling_cost_is_borne_by_what_went(till: Till, order: Order) -> None:
    third = lines_of(order)[2]
    assert third.fees > 0
    give_up(till, order)
    first, second, third = lines_of(order)
    assert (first.fees, second.fees, third.fees) == (D("1.60"), D("0.41"), D(0))
    assert (first.postage, second.postage, third.postage) == (D("3.98"), D("1.01"), D(0))
    OrderService.update(order=order, by=till.user, fees=D(1))
    assert lines_of(order)[2].fees == 0
    assert_true_to_the_journal()
    profit = refreshed(order).profit
    assert get_realised_gain([till.vendor.pk], "USD") == profit == D("7.23")


def test_line_that_was_given_up_bears_nothing_beside_a_free_one(till: Till) -> None:
    item = till.item(9)
    order = till.confirmed(Wanted(item, 2, D(0)), Wanted(item, 1, D(9)), fees=D("0.03"))
    give_up(till, send(till, order, 1, 0))
    assert [line.fees for line in lines_of(order)] == [D("0.03"), D(0)]


def test_stock_that_was_held_is_for_others(till: Till, order: Order) -> None:
    held = [till.level(line.item) for line in lines_of(order)]
    assert held == [(1, 1), (0, 0), (2, 2)]
    give_up(till, order)
    assert [till.level(line.item) for line in lines_of(order)] == [(1, 0), (0, 0), (2, 0)]
    assert not Allocation.objects.filter(reference=f"order {order.pk}", status="open").exists()


def test_giving_up_is_told_once_and_to_auditors_alone(
    till: Till, order: Order, heard: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    seen = set(AuditLog.objects.values_list("pk", flat=True))
    with django_capture_on_commit_callbacks(execute=True):
        give_up(till, order)
    row = AuditLog.objects.exclude(pk__in=seen).get()
    assert row.action == f"gave up the rest of order {order.number}"
    assert row.before == {"status": "confirmed", "total": str(order.total)}
    assert row.after == {"status": "fulfilled", "total": "26.33", "refunded": "0.00"}
    assert heard == []


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in {"complete", "return"}])
def test_twice_is_once_and_nothing_more_goes(till: Till, order: Order, verb: str) -> None:
    give_up(till, order)
    before = till.world()
    with pytest.raises(InvalidTransition) as refused:
        VERBS[verb](till, order)
    assert refused.value.extra == {"verb": verb, "order_status": "fulfilled"}
    assert till.world() == before


def test_life_goes_on_until_all_that_went_is_back(till: Till, order: Order) -> None:
    OrderService.complete(order=give_up(till, order), by=till.user)
    first, second, third = lines_of(order)

    def back(*returns: Returned) -> Order:
        return OrderService.take_back(order=order, by=till.user, returns=returns)

    assert back(Returned(first, 2), Returned(second, 4)).status == "completed"
    after = back(Returned(second, 1))
    assert (after.status, after.refunded) == ("returned", after.total)
    assert [till.level(line.item) for line in (first, second, third)] == [(3, 0), (5, 0), (2, 0)]
    assert_true_to_the_journal()


def test_what_came_back_of_a_part_still_went(till: Till, order: Order) -> None:
    """With some of it still with the customer."""
    back = [Returned(lines_of(order)[0], 1, refund=D(10))]
    OrderService.take_back(order=order, by=till.user, returns=back)
    after = give_up(till, order)
    assert (after.status, after.total, after.refunded) == ("fulfilled", D("26.33"), D(10))
    assert_true_to_the_journal()


def test_order_is_cancelled_when_all_that_went_is_back_and_paid_back(till: Till) -> None:
    order = send(till, till.confirmed(Wanted(till.item(5), 2, D(10))), 1)
    [line] = lines_of(order)
    OrderService.take_back(order=order, by=till.user, returns=[Returned(line, 1)])
    assert till.level(line.item) == (5, 1)
    after = give_up(till, order, reason="out_of_stock")
    assert (after.status, after.cancel_reason) == ("cancelled", "out_of_stock")
    assert (after.total, lines_of(order)[0].cancelled) == (D(20), 0)
    assert till.level(line.item) == (5, 0)


def test_what_was_kept_of_a_return_was_sold(till: Till) -> None:
    """All that went is back, and not all that was paid for it: the order is no less sold for it."""
    customer = till.customer()
    wanted = Wanted(till.item(2), 2, D(100), tax_rate=D(19))
    order = send(till, till.confirmed(wanted, customer=customer, fees=D(3)), 1)
    [line] = lines_of(order)
    OrderService.take_back(order=order, by=till.user, returns=[Returned(line, 1, refund=D(60))])
    after = give_up(till, order, reason="out_of_stock")
    assert (after.status, after.cancel_reason, after.cancelled_at) == ("returned", "", None)
    assert (after.total, after.refunded, after.net_proceeds) == (D(119), D(60), D(56))
    assert (after.fulfilled_at, till.level(line.item)) == (sent_at(order), (2, 0))
    assert_true_to_the_journal()
    [row] = get_customers_for_user(till.user)
    assert (row.orders_count, row.total_spent) == (1, D(59))
    with pytest.raises(InvalidTransition):
        give_up(till, order)


def test_a_cent_of_tax_that_was_kept_was_sold_too(till: Till) -> None:
    order = send(till, till.confirmed(Wanted(till.item(4), 4, D(1), tax_rate=D("1.25"))), 2)
    [line] = lines_of(order)
    assert booked(line) == (D(2), D("0.03"))
    for refund in (D("1.01"), None):
        back = [Returned(line, 1, refund=refund)]
        OrderService.take_back(order=order, by=till.user, returns=back)
    assert lines_of(order)[0].revenue == 0
    after = give_up(till, order)
    assert (after.status, after.total - after.refunded) == ("returned", D("0.01"))


@pytest.mark.parametrize("units", [2, 3])
def test_order_is_fulfilled_as_of_its_latest_parcel(till: Till, units: int) -> None:
    """Whichever was recorded last; when all went, and when the rest was given up."""
    now = timezone.now()
    item = till.item()
    till.receive(item, 3, occurred_at=now - timedelta(days=9))
    order = till.confirmed(Wanted(item, units))
    Order.objects.filter(pk=order.pk).update(placed_at=now - timedelta(days=8))
    late, early = now - timedelta(days=2), now - timedelta(days=5)
    for moment in (late, early):
        order = send(till, order, 1, fulfilled_at=moment)
    after = order if units == 2 else give_up(till, order)
    assert (after.status, after.fulfilled_at) == ("fulfilled", late)


LESS = one_of(just(0), integers(0, 999))
TERMS = tuples(integers(1, 7), integers(0, 999), LESS, integers(0, 2500))
PARCELS = lists(lists(integers(0, 3), min_size=3, max_size=3), min_size=1, max_size=3)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    terms=lists(TERMS, min_size=1, max_size=3), off=integers(0, 3000), fees=integers(0, 500),
    parcels=PARCELS,
)  # fmt: skip
def test_any_part_of_any_order_comes_to_what_was_booked(
    terms: list[tuple[int, int, int, int]], off: int, fees: int, parcels: list[list[int]]
) -> None:
    """And all of it can be paid back."""
    till = Till.opened()
    item, wanted, worth = till.item(21), [], D(0)
    for units, price, discount, rate in terms:
        amount = units * D(price) / 100
        less = min(D(discount) / 100, amount)
        wanted.append(Wanted(item, units, D(price) / 100, less, D(rate) / 100))
        worth += amount - less
    order = till.confirmed(*wanted, discount=min(D(off) / 100, worth), fees=D(fees) / 100)
    for parcel in parcels:
        left = [line.quantity - line.fulfilled for line in lines_of(order)]
        some = [min(pair) for pair in zip(left, parcel, strict=False)]
        if any(some) and some != left:
            send(till, order, *some)
    sent = {line.pk: line.fulfilled for line in lines_of(order)}
    after = give_up(till, order)
    if not any(sent.values()):
        assert after.status == "cancelled"
        return
    assert after.status == "fulfilled"
    for line in lines_of(order):
        assert (line.fulfilled, line.cancelled) == (sent[line.pk], line.quantity - sent[line.pk])
        assert (line.net, line.tax) == booked(line)
    assert_true_to_the_journal()
    back = [Returned(line, line.fulfilled) for line in lines_of(order) if line.fulfilled]
    after = OrderService.take_back(order=order, by=till.user, returns=back)
    assert (after.status, after.refunded) == ("returned", after.total)
    assert till.level(item) == (21, 0)


def sent_at(order: Order) -> datetime:
    at: datetime = order.fulfilments.get().fulfilled_at
    return at


def booked(line: OrderLine) -> tuple[Decimal, Decimal]:
    sums = line.entries.filter(kind="sale").aggregate(net=Sum("revenue"), tax=Sum("tax"))
    return sums["net"] or D(0), sums["tax"] or D(0)
