"""What an order holds, and what of it is sent: exactly its lines, all or none."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.exceptions import InvalidInput, NotFoundError
from inventory.exceptions import InsufficientStock
from inventory.services import CollectibleService, Line, StockService
from sales.exceptions import EmptyOrder, ExceedsOrder, ItemDeleted
from sales.models import Fulfilment, Order
from sales.services import OrderService, Returned, Wanted
from tests.sales.till import D, Till, assert_true_to_the_journal, lines_of

pytestmark = pytest.mark.django_db


def test_draft_holds_nothing_and_has_no_number(till: Till) -> None:
    item = till.item(5)
    order = till.draft(Wanted(item, 3))
    assert (order.number, order.placed_at, till.level(item)) == (None, None, (5, 0))


def test_placing_holds_the_lines_units(till: Till) -> None:
    one, other = till.item(5), till.item(4)
    order = till.placed(Wanted(one, 2), Wanted(other, 4), Wanted(one, 3))
    assert (till.level(one), till.level(other)) == ((5, 5), (4, 4))
    assert order.expires_at is not None
    assert order.placed_at is not None
    assert order.expires_at > order.placed_at


def test_two_lines_for_one_item_are_judged_on_their_sum(till: Till) -> None:
    """P12."""
    one, other = till.item(5), till.item(4)
    order = till.draft(Wanted(other, 4), Wanted(one, 3), Wanted(one, 3))
    before = till.world()
    with pytest.raises(InsufficientStock) as refused:
        OrderService.place(order=order, by=till.user)
    assert refused.value.extra == {"available": 5, "item": one.pk, "store": till.store.pk}
    assert till.world() == before


def test_what_others_hold_is_not_there(till: Till) -> None:
    item = till.item(5)
    till.placed(Wanted(item, 4))
    for sell in (till.placed, till.sold):
        with pytest.raises(InsufficientStock):
            sell(Wanted(item, 2))
    till.sold(Wanted(item, 1))
    assert till.level(item) == (4, 4)


def test_order_of_nothing_is_not_placed(till: Till) -> None:
    order = till.draft()
    with pytest.raises(EmptyOrder):
        OrderService.place(order=order, by=till.user)


def test_item_that_was_deleted_meanwhile_is_not_promised(till: Till) -> None:
    item = till.item(1)
    order = till.draft(Wanted(item, 1))
    CollectibleService.delete(collectible=item, by=till.user)
    with pytest.raises(ItemDeleted):
        OrderService.place(order=order, by=till.user)
    assert Order.objects.get().number is None


def test_cancelling_gives_back_exactly_what_was_held(till: Till) -> None:
    """P6."""
    item = till.item(10)
    till.placed(Wanted(item, 2))
    mine = [till.placed(Wanted(item, 3)), till.confirmed(Wanted(item, 1), Wanted(item, 4))]
    for order, held in zip(mine, (7, 2), strict=True):
        OrderService.cancel(order=order, by=till.user)
        assert till.level(item) == (10, held)


def test_what_is_not_sent_yet_stays_held(till: Till) -> None:
    item, other = till.item(5), till.item(5)
    order = till.confirmed(Wanted(item, 3), Wanted(other, 4), Wanted(item, 2))
    first, second, third = lines_of(order)
    order = OrderService.fulfil(order=order, by=till.user, units={first.pk: 1, second.pk: 4})
    assert order.status == "confirmed"
    assert (till.level(item), till.level(other)) == ((4, 4), (1, 0))
    order = OrderService.fulfil(
        order=order, by=till.user, units={third.pk: 2}, carrier="DHL", tracking_number="00340"
    )
    assert (order.status, till.level(item)) == ("confirmed", (2, 2))
    order = OrderService.fulfil(order=order, by=till.user)
    assert (order.status, till.level(item)) == ("fulfilled", (0, 0))
    assert order.fulfilled_at == Fulfilment.objects.latest("pk").fulfilled_at
    assert [line.fulfilled for line in lines_of(order)] == [3, 4, 2]
    assert_true_to_the_journal()


def test_rest_stays_held_when_a_part_comes_back(till: Till) -> None:
    item = till.item(5)
    order = till.confirmed(Wanted(item, 4))
    [line] = lines_of(order)
    OrderService.fulfil(order=order, by=till.user, units={line.pk: 3})
    OrderService.take_back(order=order, by=till.user, returns=[Returned(line, 2)])
    assert till.level(item) == (4, 1)
    OrderService.take_back(order=order, by=till.user, returns=[Returned(line, 1)])
    order = OrderService.fulfil(order=order, by=till.user)
    assert (order.status, till.level(item)) == ("fulfilled", (4, 0))
    order = OrderService.take_back(order=order, by=till.user, returns=[Returned(line, 1)])
    assert (order.status, till.level(item), order.refunded) == ("returned", (5, 0), order.total)
    assert_true_to_the_journal()


def test_no_more_is_sent_than_was_ordered(till: Till) -> None:
    order = till.confirmed(Wanted(till.item(9), 3), Wanted(till.item(9), 1))
    first, second = lines_of(order)
    OrderService.fulfil(order=order, by=till.user, units={first.pk: 2})
    before = till.world()
    for units, line, left in [({first.pk: 2}, first, 1), ({first.pk: 1, second.pk: 2}, second, 1)]:
        with pytest.raises(ExceedsOrder) as refused:
            OrderService.fulfil(order=order, by=till.user, units=units)
        assert refused.value.extra == {"line": line.pk, "left": left}
    assert till.world() == before


def test_parcel_of_nothing_is_refused(till: Till) -> None:
    order, others = till.confirmed(Wanted(till.item(3), 3)), till.confirmed(Wanted(till.item(1), 1))
    [line], [foreign] = lines_of(order), lines_of(others)
    before = till.world()
    for units in ({}, {line.pk: 0}, {line.pk: -1}):
        with pytest.raises(InvalidInput):
            OrderService.fulfil(order=order, by=till.user, units=units)
    with pytest.raises(NotFoundError):
        OrderService.fulfil(order=order, by=till.user, units={line.pk: 1, foreign.pk: 1})
    assert till.world() == before
    assert not Fulfilment.objects.exists()


def test_named_lot_is_taken_and_no_other(till: Till) -> None:
    item = till.item(2, "1.00")
    lot = till.receive(item, 2, "5.00")
    order = till.confirmed(Wanted(item, 1, lot=lot))
    OrderService.fulfil(order=order, by=till.user)
    lot.refresh_from_db()
    assert (lot.remaining, lines_of(order)[0].cost) == (1, D(5))


def test_line_that_names_its_lot_goes_before_one_that_takes_any(till: Till) -> None:
    """Else the first would take the oldest lot from the second, and the other way round not."""
    item = till.item()
    oldest = till.receive(item, 1, "1.00")
    till.receive(item, 1, "5.00")
    order = till.sold(Wanted(item, 1), Wanted(item, 1, lot=oldest))
    assert [line.cost for line in lines_of(order)] == [D(5), D(1)]


def test_lot_that_was_sold_otherwise_is_missed_when_it_is_sent(till: Till) -> None:
    item = till.item()
    lot = till.receive(item, 1, "1.00")
    order = till.confirmed(Wanted(item, 1, lot=lot))
    till.receive(item, 1, "5.00")
    StockService.write_off(line=Line(item, till.store, 1), reason="lost", by=till.user)
    before = till.world()
    with pytest.raises(InsufficientStock):
        OrderService.fulfil(order=order, by=till.user)
    assert till.world() == before


def queries_of(deed: Any) -> int:
    with CaptureQueriesContext(connection) as caught:
        deed()
    return len(caught)


def test_number_of_queries_does_not_grow_with_the_lines(till: Till) -> None:
    counted = []
    for size in (1, 50):
        items = [till.item(4, "1.10") for _ in range(size)]
        wanted = [Wanted(item, 2, tax_rate=D(19)) for item in items]
        order = till.draft(*wanted, discount=D(1), fees=D(1), postage=D(1))

        def fulfil(order: Order = order) -> None:
            OrderService.fulfil(order=order, by=till.user)

        def take_back(order: Order = order) -> None:
            lines = lines_of(order)
            back = [Returned(line, 1, "damaged") for line in lines]
            OrderService.take_back(order=order, by=till.user, returns=back)

        def sell(wanted: list[Wanted] = wanted) -> None:
            till.sold(*wanted, fees=D(1))

        def place(order: Order = order) -> None:
            OrderService.place(order=order, by=till.user)

        def confirm(order: Order = order) -> None:
            OrderService.confirm(order=order, by=till.user)

        deeds = (place, confirm, fulfil, take_back, sell)
        counted.append({deed.__name__: queries_of(deed) for deed in deeds})
    assert counted[0] == counted[1]
    assert max(counted[0].values()) <= 32
