"""At the same moment: what two do to one order is done once, and nobody waits for ever."""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from inventory.models import Collectible
from inventory.selectors import find_drift
from inventory.services import AllocationService, Line, TransferService
from sales.models import Order, OrderLine
from sales.services import OrderService, Returned, Wanted
from tests.factories import StoreFactory
from tests.races import ROUNDS, at_once, in_turn
from tests.sales.till import D, Till, assert_true_to_the_journal, lines_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.chaos]
FEW = max(5, ROUNDS // 20)
Deed = Callable[[], Any]


@pytest.fixture(autouse=True)
def _all_is_sound(till: Till) -> Iterator[None]:
    yield
    assert_true_to_the_journal()
    assert find_drift() == []


def refusals(outcomes: Sequence[Any]) -> list[str]:
    return sorted(outcome for outcome in outcomes if isinstance(outcome, str))


def verb(name: str, till: Till, order: Order, **said: Any) -> Deed:
    return partial(getattr(OrderService, name), order=order, by=till.user, **said)


def status_of(order: Order) -> str:
    return str(Order.objects.get(pk=order.pk).status)


def test_order_is_cancelled_or_fulfilled(till: Till) -> None:
    for _ in range(FEW):
        item = till.item(5)
        order = till.confirmed(Wanted(item, 3))
        outcomes = at_once([verb("cancel", till, order), verb("fulfil", till, order)])
        assert refusals(outcomes) == ["invalid_transition"]
        status = status_of(order)
        assert till.level(item) == {"cancelled": (5, 0), "fulfilled": (2, 0)}[status]


def test_part_is_sent_and_the_rest_given_up_or_the_order_cancelled(till: Till) -> None:
    for _ in range(FEW):
        item = till.item(5)
        order = till.confirmed(Wanted(item, 3))
        [line] = lines_of(order)
        part = verb("fulfil", till, order, units={line.pk: 1})
        refused = refusals(at_once([verb("cancel", till, order), part]))
        status = status_of(order)
        assert refused == ["invalid_transition"] * (status == "cancelled")
        assert till.level(item) == {"cancelled": (5, 0), "fulfilled": (4, 0)}[status]


def test_rest_is_sent_or_given_up_once(till: Till) -> None:
    for _ in range(FEW):
        item = till.item(5)
        order = till.confirmed(Wanted(item, 3), fees=D(1))
        [line] = lines_of(order)
        OrderService.fulfil(order=order, by=till.user, units={line.pk: 1})
        deeds = [verb("cancel", till, order), verb("fulfil", till, order)] * 2
        assert refusals(at_once(deeds)) == ["invalid_transition"] * 3
        [line] = lines_of(order)
        assert status_of(order) == "fulfilled"
        assert (line.fulfilled, line.cancelled) in {(1, 2), (3, 0)}
        assert till.level(item) == (5 - line.fulfilled, 0)


def test_last_unit_comes_back_before_or_after_the_rest_is_given_up(till: Till) -> None:
    for _ in range(FEW):
        item = till.item(5)
        order = till.confirmed(Wanted(item, 3))
        [line] = lines_of(order)
        OrderService.fulfil(order=order, by=till.user, units={line.pk: 1})
        back = verb("take_back", till, order, returns=[Returned(line, 1)])
        assert refusals(at_once([verb("cancel", till, order), back])) == []
        assert status_of(order) in {"cancelled", "returned"}
        assert till.level(item) == (5, 0)


def test_no_more_is_sent_than_was_ordered(till: Till) -> None:
    for _ in range(FEW):
        item = till.item(9)
        order = till.confirmed(Wanted(item, 3))
        [line] = lines_of(order)
        assert (
            refusals(at_once([verb("fulfil", till, order, units={line.pk: 2})] * 3))
            == ["exceeds_order"] * 2
        )
        assert till.level(item) == (7, 1)
        assert refusals(at_once([verb("fulfil", till, order)] * 2)) == ["invalid_transition"]
        assert till.level(item) == (6, 0)


@pytest.mark.parametrize("whole", [True, False])
def test_unit_comes_back_once(till: Till, whole: bool) -> None:
    """The order is returned by the first, or has another line to come back."""
    for _ in range(FEW):
        item = till.item(2)
        others = [] if whole else [Wanted(till.item(1), 1)]
        order = till.sold(Wanted(item, 2), *others)
        back = verb("take_back", till, order, returns=[Returned(lines_of(order)[0], 2)])
        wanted = "invalid_transition" if whole else "return_exceeds_sale"
        assert refusals(at_once([back, back])) == [wanted]
        assert till.level(item) == (2, 0)
        assert Order.objects.get(pk=order.pk).refunded == D(20)


def test_last_unit_is_promised_once(till: Till) -> None:
    for _ in range(FEW):
        item = till.item(1)
        places = [verb("place", till, till.draft(Wanted(item, 1))) for _ in range(3)]
        assert refusals(at_once(places)) == ["insufficient_stock"] * 2
        assert till.level(item) == (1, 1)


def test_same_order_is_placed_once(till: Till) -> None:
    for _ in range(FEW):
        item = till.item(9)
        order = till.draft(Wanted(item, 2))
        assert refusals(at_once([verb("place", till, order)] * 3)) == ["invalid_transition"] * 2
        assert till.level(item) == (9, 2)


def test_many_hands_take_what_there_is(till: Till) -> None:
    other = StoreFactory(vendor=till.vendor, is_default=False)
    for _ in range(FEW):
        item = till.item(5)
        line = Line(item, till.store, 1)
        drafts = [till.draft(Wanted(item, 1)) for _ in range(2)]
        deeds: list[Deed] = [
            *[partial(till.sold, Wanted(item, 1))] * 2,
            *[verb("place", till, draft) for draft in drafts],
            *[partial(TransferService.send, line=line, to_store=other, by=till.user)] * 2,
            *[partial(AllocationService.allocate, lines=[line], reference="gift")] * 2,
        ]
        assert refusals(at_once(deeds)) == ["insufficient_stock"] * 3
        on_hand, allocated = till.level(item)
        assert on_hand == allocated


def test_order_is_confirmed_or_expires(till: Till) -> None:
    for number in range(FEW):
        item = till.item(2)
        order = till.placed(Wanted(item, 2))
        soon = timezone.now() + timedelta(milliseconds=number)
        Order.objects.filter(pk=order.pk).update(expires_at=soon)
        expired, confirmed = at_once([OrderService.expire, verb("confirm", till, order)])
        status = status_of(order)
        assert confirmed in {"order_expired", "invalid_transition"} or status == "confirmed"
        assert expired == (status == "cancelled")
        assert till.level(item) == (2, 0 if expired else 2)
        OrderService.expire()


def test_what_somebody_cancelled_does_not_expire_again(till: Till) -> None:
    """Expiry found it late, and waits while somebody else cancels it."""
    item = till.item(2)
    order = till.placed(Wanted(item, 2))
    Order.objects.filter(pk=order.pk).update(expires_at=timezone.now())
    cancel = verb("cancel", till, order, reason="payment_failed")
    cancelled, expired = in_turn(cancel, OrderService.expire, behind=order)
    assert (expired, cancelled.cancel_reason) == (0, "payment_failed")
    assert Order.objects.get(pk=order.pk).cancel_reason == "payment_failed"
    assert till.level(item) == (2, 0)


def life(till: Till, items: Sequence[Collectible]) -> Deed:
    """From the draft to the return, over the counter as well."""

    def live() -> None:
        wanted = [Wanted(item, 1) for item in items]
        order = till.confirmed(*wanted)
        line = lines_of(order)[0]
        OrderService.fulfil(order=order, by=till.user, units={line.pk: 1})
        OrderService.fulfil(order=order, by=till.user)
        returns = [Returned(line, 1) for line in lines_of(order)]
        OrderService.take_back(order=order, by=till.user, returns=returns)
        till.sold(*wanted)
        OrderService.cancel(order=till.placed(*wanted), by=till.user)

    return live


def test_lines_in_opposite_order_wait_for_each_other(till: Till) -> None:
    for _ in range(max(2, ROUNDS // 50)):
        a, b, c = (till.item(20) for _ in range(3))
        lives = [life(till, items) for items in ([a, b, c], [c, b, a], [b, c, a], [a, c])]
        assert refusals(at_once(lives)) == []
        assert [till.level(item) for item in (a, b, c)] == [(16, 0), (17, 0), (16, 0)]


def test_sale_waits_for_stock_before_it_takes_a_number(till: Till) -> None:
    """Behind the item, a sale that held the number would be waited for by who has the item."""
    item = till.item(2)
    place = verb("place", till, till.draft(Wanted(item, 1)))
    placed, sold = in_turn(place, partial(till.sold, Wanted(item, 1)), behind=item)
    assert placed.number < sold.number


def test_order_and_sale_of_quite_other_items_wait_for_each_other(till: Till) -> None:
    """They share the shop: its numbers, and its catalog's version."""
    for _ in range(max(20, FEW)):
        order = till.draft(Wanted(till.item(1), 1))
        sale = partial(till.sold, Wanted(till.item(1), 1))
        outcomes = at_once([verb("place", till, order), sale])
        assert refusals(outcomes) == []


def test_draft_is_placed_as_it_was_or_as_it_became(till: Till) -> None:
    for _ in range(FEW):
        item = till.item(9)
        order = till.draft(Wanted(item, 2))
        change = verb("update", till, order, lines=[Wanted(item, 5)], discount=D(1))
        outcomes = refusals(at_once([change, verb("place", till, order)]))
        [line] = lines_of(order)
        assert (line.quantity, outcomes) in [(2, ["invalid_transition"]), (5, [])]
        assert till.level(item) == (9, line.quantity)


def test_draft_is_deleted_or_placed(till: Till) -> None:
    for _ in range(FEW):
        item = till.item(9)
        order = till.draft(Wanted(item, 2))
        outcomes = at_once([verb("delete", till, order), verb("place", till, order)])
        there = Order.objects.filter(pk=order.pk).exists()
        assert refusals(outcomes) == ["invalid_transition" if there else "not_found"]
        assert till.level(item) == (9, 2 if there else 0)


def test_charges_of_two_at_once_add_up(till: Till) -> None:
    for _ in range(FEW):
        item = till.item(9)
        order = till.confirmed(Wanted(item, 2), Wanted(item, 1))
        deeds = [
            verb("fulfil", till, order, units={lines_of(order)[0].pk: 1}),
            verb("update", till, order, fees=D("3.01")),
            verb("update", till, order, postage=D("4.99")),
            verb("update", till, order, fees=D("1.01")),
        ]
        assert refusals(at_once(deeds)) == []
        order.refresh_from_db()
        assert sum(line.fees for line in OrderLine.objects.filter(order=order)) == order.fees
