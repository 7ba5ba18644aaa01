"""What comes back: never more than went, at its own cost, for what was paid for it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from core.exceptions import InvalidInput
from inventory.models import StockMovement
from inventory.services import CollectibleService
from sales.exceptions import RefundExceedsPaid, ReturnExceedsLine
from sales.models import Order, OrderLine, OrderReturn, SalesEntry
from sales.services import OrderService, Returned, Wanted
from tests.sales.till import D, Till, assert_true_to_the_journal, lines_of

pytestmark = pytest.mark.django_db


def back(till: Till, order: Order, *returns: Returned, **said: Any) -> Order:
    return OrderService.take_back(order=order, by=till.user, returns=returns, **said)


def paid_back(order: Order) -> list[Decimal]:
    return list(order.returns.order_by("pk").values_list("refund", flat=True))


@pytest.fixture
def sale(till: Till) -> Order:
    """Three units of two lots for 10.00 each and 3.33 % of tax; and one for 5.00."""
    item = till.item(1, "1.00")
    till.receive(item, 2, "2.00")
    return till.sold(
        Wanted(item, 3, D(10), tax_rate=D("3.33")), Wanted(till.item(1, "4.00"), 1, D(5)),
        fees=D(1), postage=D(2),
    )  # fmt: skip


@pytest.fixture
def line(sale: Order) -> OrderLine:
    return lines_of(sale)[0]


def test_all_comes_back_and_nothing_is_left_but_what_selling_cost(till: Till, sale: Order) -> None:
    """P5."""
    first, second = lines_of(sale)
    costs = {lot.pk: lot.cost for lot in first.item.lots.all()}
    order = back(till, sale, Returned(first, 3), Returned(second, 1))
    assert (order.status, order.refunded) == ("returned", order.total)
    for line, units in zip(lines_of(order), (3, 1), strict=True):
        assert (line.revenue, line.cost, line.refunded) == (D(0), D(0), line.total)
        assert (line.profit, till.level(line.item)) == (-line.fees - line.postage, (units, 0))
    for lot in first.item.lots.all():
        assert (lot.remaining, lot.remaining_cost) == (lot.received, costs[lot.pk])
    tax = SalesEntry.objects.filter(order=order).values_list("tax", flat=True)
    assert sum(tax) == 0
    assert_true_to_the_journal()


def test_units_come_back_to_the_lots_they_left(till: Till, sale: Order, line: OrderLine) -> None:
    back(till, sale, Returned(line, 2))
    movements = StockMovement.objects.filter(kind="return").order_by("pk")
    assert [(m.quantity, m.cost) for m in movements] == [(1, D(1)), (1, D(2))]
    line.refresh_from_db()
    assert (line.returned, line.cost) == (2, D(2))


def test_what_is_broken_is_written_off_at_its_cost(
    till: Till, sale: Order, line: OrderLine
) -> None:
    back(till, sale, Returned(line, 1, "damaged"), Returned(line, 1))
    assert till.level(line.item) == (1, 0)
    lost = StockMovement.objects.get(kind="write_off")
    assert (lost.quantity, lost.cost, lost.reason) == (-1, D(-1), "damaged")
    line.refresh_from_db()
    assert (line.returned, line.cost, line.refunded) == (2, D(2), D("20.67"))
    assert_true_to_the_journal()


def test_no_more_comes_back_than_went(till: Till, sale: Order, line: OrderLine) -> None:
    """P10; two entries for one line are judged on their sum."""
    back(till, sale, Returned(line, 1))
    before = till.world()
    for returns in ([Returned(line, 3)], [Returned(line, 1), Returned(line, 2)]):
        with pytest.raises(ReturnExceedsLine) as refused:
            back(till, sale, *returns)
        left = 2 if len(returns) == 1 else 1
        assert refused.value.extra == {"line": line.pk, "left": left}
    assert till.world() == before
    back(till, sale, Returned(line, 1), Returned(line, 1))
    with pytest.raises(ReturnExceedsLine):
        back(till, sale, Returned(line, 1))


def test_note_of_a_return_stays_out_of_the_ledger(till: Till, sale: Order, line: OrderLine) -> None:
    """People write names into it, and what the ledger says is for ever."""
    back(till, sale, Returned(line, 1), Returned(line, 1, "damaged"), note="Ann was angry")
    assert OrderReturn.objects.get().note == "Ann was angry"
    assert set(StockMovement.objects.values_list("note", flat=True)) == {""}


def test_what_was_not_sent_does_not_come_back(till: Till) -> None:
    order = till.confirmed(Wanted(till.item(3), 3))
    [line] = lines_of(order)
    with pytest.raises(ReturnExceedsLine):
        back(till, order, Returned(line, 1))
    OrderService.fulfil(order=order, by=till.user, units={line.pk: 1})
    assert back(till, order, Returned(line, 1)).status == "confirmed"


def test_lines_of_other_orders_do_not_come_back(till: Till, sale: Order) -> None:
    other = till.sold(Wanted(till.item(1), 1))
    with pytest.raises(ReturnExceedsLine):
        back(till, sale, Returned(lines_of(other)[0], 1))


@pytest.mark.parametrize("units", [(1, 1, 1), (2, 1), (1, 2), (3,)])
def test_refunds_add_up_to_what_was_paid(
    till: Till, sale: Order, line: OrderLine, units: tuple[int, ...]
) -> None:
    for some in units:
        back(till, sale, Returned(line, some))
    assert sum(paid_back(sale)) == line.total == D("31.00")
    line.refresh_from_db()
    assert (line.revenue, line.refunded) == (D(0), line.total)


def test_refund_as_it_would_be_anyway_leaves_the_rest_as_it_would_be(
    till: Till, sale: Order, line: OrderLine
) -> None:
    """A client that fills in the default must not move a cent from the tax to the price."""
    back(till, sale, Returned(line, 1, refund=D("10.34")))
    back(till, sale, Returned(line, 2))
    assert paid_back(sale) == [D("10.34"), D("20.66")]
    tax = SalesEntry.objects.filter(line=line, kind="return").order_by("pk")
    assert [entry.tax for entry in tax] == [D("-0.34"), D("-0.66")]


@pytest.mark.parametrize("refund", [D("10.33"), D("10.35"), D("15.50"), D("0.01"), D(0), D(31)])
def test_other_refunds_leave_the_rest_to_be_paid_back(
    till: Till, sale: Order, line: OrderLine, refund: Decimal
) -> None:
    back(till, sale, Returned(line, 1, refund=refund))
    order = back(till, sale, Returned(line, 2))
    assert order.refunded == min(D(31), refund + D("20.66"))
    line.refresh_from_db()
    assert line.revenue >= 0
    assert_true_to_the_journal()


def test_no_more_is_paid_back_than_was_paid(till: Till, sale: Order, line: OrderLine) -> None:
    back(till, sale, Returned(line, 1, refund=D("30.99")))
    before = till.world()
    with pytest.raises(RefundExceedsPaid) as refused:
        back(till, sale, Returned(line, 1, refund=D("0.02")))
    assert refused.value.extra == {"line": line.pk, "left": "0.01"}
    with pytest.raises(RefundExceedsPaid):
        back(till, sale, Returned(line, 1, refund=D(0)), Returned(line, 1, refund=D("0.02")))
    assert till.world() == before
    back(till, sale, Returned(line, 1))
    back(till, sale, Returned(line, 1))
    assert paid_back(sale) == [D("30.99"), D("0.01"), D(0)]


def test_free_units_come_back_for_nothing(till: Till) -> None:
    order = till.sold(Wanted(till.item(1), 1, D(0)))
    [line] = lines_of(order)
    with pytest.raises(RefundExceedsPaid):
        back(till, order, Returned(line, 1, refund=D("0.01")))
    order = back(till, order, Returned(line, 1))
    assert (order.status, order.refunded) == ("returned", D(0))


@pytest.mark.parametrize("said", [
    {"quantity": 0}, {"quantity": -1}, {"quantity": 10**10}, {"refund": D("-0.01")},
    {"refund": D("0.001")}, {"refund": D(10**18)},
])  # fmt: skip
def test_return_that_makes_no_sense_is_refused_by_its_name(
    till: Till, sale: Order, line: OrderLine, said: dict[str, Any]
) -> None:
    before = till.world()
    with pytest.raises(InvalidInput) as refused:
        back(till, sale, Returned(line, 1), Returned(**{"line": line, "quantity": 1, **said}))
    assert [error.field for error in refused.value.errors] == [f"lines.1.{next(iter(said))}"]
    with pytest.raises(InvalidInput):
        back(till, sale)
    assert till.world() == before
    assert not OrderReturn.objects.exists()


def test_return_is_after_the_sale_and_before_tomorrow(till: Till) -> None:
    now = timezone.now()
    item = till.item()
    till.receive(item, 2, occurred_at=now - timedelta(days=9))
    order = till.sold(Wanted(item, 2), sold_at=now - timedelta(days=5))
    [line] = lines_of(order)
    before = till.world()
    for days in (-6, 1):
        with pytest.raises(InvalidInput) as refused:
            back(till, order, Returned(line, 1), returned_at=now + timedelta(days=days))
        assert refused.value.errors[0].field == "returned_at"
    assert till.world() == before
    at = now - timedelta(days=2)
    back(till, order, Returned(line, 1, "damaged"), Returned(line, 1), returned_at=at)
    answers = SalesEntry.objects.filter(kind="return")
    assert set(answers.values_list("occurred_at", flat=True)) == {at}
    moved = StockMovement.objects.filter(kind__in=["return", "write_off"])
    assert set(moved.values_list("occurred_at", flat=True)) == {at}


def test_deleted_item_can_come_back(till: Till, sale: Order, line: OrderLine) -> None:
    CollectibleService.delete(collectible=line.item, by=till.user)
    back(till, sale, Returned(line, 1))
    assert till.level(line.item) == (1, 0)
