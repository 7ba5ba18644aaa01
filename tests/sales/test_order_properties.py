"""Any life of any orders, against a plain replay: stock, promises, money, numbers.

Properties P1 to P3, P5, P6, P9, P10, P12 of the reliability notes: each rule names its own.
"""

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from hypothesis.strategies import (
    booleans,
    data,
    integers,
    lists,
    none,
    one_of,
    sampled_from,
    tuples,
)

from inventory.enums import AllocationStatus
from inventory.exceptions import InsufficientStock
from inventory.models import Allocation, StockLevel, StockMovement
from inventory.selectors import find_drift
from inventory.services import Line, Receipt, StockService
from sales.exceptions import RefundExceedsPaid, ReturnExceedsLine
from sales.models import Order, OrderLine
from sales.services import OrderService, Returned, SaleService, Wanted
from tests.factories import StoreFactory
from tests.sales.replay import Bought, Ordered, Place, pile
from tests.sales.till import Till, assert_true_to_the_journal, lines_of
from tests.stock.replay import Lot, Replay

PLACES = [(item, store) for item in range(2) for store in range(2)]
UNITS, CENTS = integers(1, 4), integers(0, 1000)
BASKETS = lists(tuples(integers(0, 1), UNITS, CENTS), min_size=1, max_size=3)


def money(cents: int) -> Decimal:
    return Decimal(cents) / 100


def cents(amount: Decimal) -> int:
    return int(amount * 100)


class Shop(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.till = Till.opened()
        self.stores = [
            self.till.store, StoreFactory(vendor=self.till.vendor, is_default=False)
        ]  # fmt: skip
        self.items = [self.till.item() for _ in range(2)]
        self.stock = Replay()
        self.orders: list[Bought] = []
        self.numbered = 0
        self.age = 0

    def row(self, order: Bought) -> Order:
        return Order.objects.get(pk=order.key)

    def hold(self, order: Bought, sign: int = 1) -> None:
        for place, units in order.held.items():
            self.stock.held[place] += sign * units

    @rule(place=sampled_from(PLACES), units=integers(1, 9), cost=CENTS)
    def receive(self, place: Place, units: int, cost: int) -> None:
        self.age += 1
        receipt = Receipt(self.items[place[0]], self.stores[place[1]], units, money(cost))
        [movement] = StockService.receive(receipts=[receipt], by=self.till.user)
        self.stock.add(place, Lot(movement.lot_id, units, units * cost, self.age))
        self.stock.cost_in += units * cost

    @rule(place=sampled_from(PLACES), units=UNITS)
    def write_off(self, place: Place, units: int) -> None:
        line = Line(self.items[place[0]], self.stores[place[1]], units)
        if units > self.stock.available(place):
            with pytest.raises(InsufficientStock):
                StockService.write_off(line=line, reason="stolen", by=self.till.user)
            return
        StockService.write_off(line=line, reason="stolen", by=self.till.user)
        self.stock.lost += sum(piece.cents for piece in self.stock.take(place, units))

    @rule(
        wanted=BASKETS, store=integers(0, 1), off=integers(0, 300), fees=CENTS, at_once=booleans()
    )
    def buy(self, wanted: Any, store: int, off: int, fees: int, at_once: bool) -> None:
        """P12: what one basket asks for twice is judged on its sum."""
        worth = sum(units * price for _item, units, price in wanted)
        terms: dict[str, Any] = {
            "vendor": self.till.vendor, "store": self.stores[store], "by": self.till.user,
            "lines": [
                Wanted(self.items[item], units, money(price), tax_rate=Decimal(19))
                for item, units, price in wanted
            ],
            "discount": money(min(off, worth)), "fees": money(fees),
        }  # fmt: skip
        demand: Counter[Place] = Counter()
        for item, units, _price in wanted:
            demand[item, store] += units
        there = all(units <= self.stock.available(place) for place, units in demand.items())
        draft = None if at_once else OrderService.create(**terms)

        def buy() -> Order:
            if draft is None:
                return SaleService.record(**terms)
            return OrderService.place(order=draft, by=self.till.user)

        if not there:
            with pytest.raises(InsufficientStock):
                buy()
            return
        order = buy()
        bought = Bought(order.pk, store, "pending", [
            Ordered(line.pk, item, pile(units, cents(line.net)), pile(units, cents(line.tax)))
            for line, (item, units, _price) in zip(lines_of(order), wanted, strict=True)
        ])  # fmt: skip
        self.orders.append(bought)
        self.numbered += 1
        if at_once:
            bought.send(self.stock, [line.net.units for line in bought.lines])
            bought.status = "completed"
        self.hold(bought)

    def some(self, picked: Any, *statuses: str) -> Bought | None:
        found = [order for order in self.orders if order.status in statuses]
        chosen: Bought | None = picked.draw(sampled_from(found)) if found else None
        return chosen

    @precondition(lambda self: self.orders)
    @rule(picked=data())
    def confirm(self, picked: Any) -> None:
        if order := self.some(picked, "pending"):
            OrderService.confirm(order=self.row(order), by=self.till.user)
            order.status = "confirmed"

    @precondition(lambda self: self.orders)
    @rule(picked=data(), whole=booleans())
    def fulfil(self, picked: Any, whole: bool) -> None:
        order = self.some(picked, "confirmed")
        if order is None:
            return
        left = [line.net.units for line in order.lines]
        units = left if whole else [picked.draw(integers(0, most)) for most in left]
        if not any(units):
            return
        told = None if whole else {
            line.key: some for line, some in zip(order.lines, units, strict=True) if some
        }  # fmt: skip
        OrderService.fulfil(order=self.row(order), by=self.till.user, units=told)
        self.hold(order, -1)
        order.send(self.stock, units)
        self.hold(order)

    @precondition(lambda self: self.orders)
    @rule(picked=data(), late=booleans())
    def cancel(self, picked: Any, late: bool) -> None:
        """P6; of what is with the customer, or was and is not paid back, only the rest is given
        up."""
        order = self.some(picked, "pending", "confirmed")
        if order is None:
            return
        if late and order.status == "pending":
            Order.objects.filter(pk=order.key).update(expires_at=timezone.now())
            assert OrderService.expire() == 1
        else:
            OrderService.cancel(order=self.row(order), by=self.till.user)
        self.hold(order, -1)
        order.cancel()

    @precondition(lambda self: self.orders)
    @rule(picked=data(), units=UNITS, broken=booleans(), paid=booleans())
    def take_back(self, picked: Any, units: int, broken: bool, paid: bool) -> None:
        """P5, P10."""
        order = self.some(picked, "confirmed", "fulfilled", "completed")
        if order is None:
            return
        place = picked.draw(integers(0, len(order.lines) - 1))
        line = OrderLine.objects.get(pk=order.lines[place].key)
        asked: dict[str, Any] = {
            "order": self.row(order), "by": self.till.user,
            "returns": [
                Returned(line, units, "damaged" if broken else "", None if paid else Decimal(0))
            ],
        }  # fmt: skip
        if units > order.lines[place].with_customer:
            with pytest.raises(ReturnExceedsLine) as refused:
                OrderService.take_back(**asked)
            assert refused.value.extra["left"] == order.lines[place].with_customer
            return
        before = self.row(order).refunded
        after = OrderService.take_back(**asked).refunded
        refund = order.take_back(self.stock, place, units, broken=broken, paid=paid)
        assert after - before == money(refund)

    @precondition(lambda self: self.orders)
    @rule(picked=data(), fees=CENTS)
    def charge(self, picked: Any, fees: int) -> None:
        order = self.row(picked.draw(sampled_from(self.orders)))
        OrderService.update(order=order, by=self.till.user, fees=money(fees))

    @invariant()
    def levels_are_what_the_replay_says(self) -> None:
        """P1, P2, P3."""
        levels = {
            (level.item_id, level.store_id): (level.on_hand, level.allocated)
            for level in StockLevel.objects.filter(item__in=self.items)
        }
        for item, store in PLACES:
            found = levels.get((self.items[item].pk, self.stores[store].pk), (0, 0))
            place = (item, store)
            assert found == (self.stock.on_hand(place), self.stock.held[place])

    @invariant()
    def what_is_held_is_held_for_open_orders(self) -> None:
        rows = Allocation.objects.filter(item__in=self.items, status=AllocationStatus.OPEN)
        held = dict(rows.values_list("reference").annotate(Sum("quantity")))
        wanted = {f"order {order.key}": sum(order.held.values()) for order in self.orders}
        assert held == {reference: units for reference, units in wanted.items() if units}

    @invariant()
    def lines_say_what_the_replay_says(self) -> None:
        rows = OrderLine.objects.filter(order__vendor=self.till.vendor, order__number__isnull=False)
        found = {
            row.pk: (
                row.fulfilled, row.returned, cents(row.revenue), cents(row.refunded),
                cents(row.cost), row.cancelled, cents(row.total),
            )
            for row in rows
        }  # fmt: skip
        assert found == {line.key: line.figures for order in self.orders for line in order.lines}

    @invariant()
    def statuses_and_numbers_are_as_they_should_be(self) -> None:
        rows = Order.objects.filter(vendor=self.till.vendor, number__isnull=False).order_by("pk")
        found = {row.pk: row.status for row in rows}
        assert found == {order.key: order.status for order in self.orders}
        numbers = sorted(int(str(row.number)[-6:]) for row in rows)
        assert numbers == list(range(1, self.numbered + 1))

    @invariant()
    def cost_in_is_cost_on_hand_and_sold_and_lost(self) -> None:
        """P9."""
        stock = self.stock
        assert stock.cost_in == stock.cost_on_hand() + stock.sold + stock.lost
        moved = StockMovement.objects.filter(item__in=self.items)
        assert moved.aggregate(all=Sum("cost", default=0))["all"] == money(stock.cost_on_hand())
        lines = OrderLine.objects.filter(order__vendor=self.till.vendor)
        assert lines.aggregate(all=Sum("cost", default=0))["all"] == money(stock.sold)

    def teardown(self) -> None:
        assert_true_to_the_journal()
        assert find_drift() == []


@pytest.mark.django_db
def test_any_life_of_orders_leaves_what_the_replay_says() -> None:
    steps = settings(max_examples=12, stateful_step_count=25, deadline=None, database=None)
    run_state_machine_as_test(Shop, settings=steps)


@pytest.mark.django_db
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    price=integers(0, 400),
    rate=integers(0, 2000),
    series=lists(tuples(integers(1, 3), one_of(none(), integers(0, 600))), min_size=1, max_size=6),
)
def test_any_refunds_never_exceed_what_was_paid(
    price: int, rate: int, series: list[tuple[int, int | None]]
) -> None:
    """Of seven units; what nobody names is what was paid, as far as it is left."""
    till = Till.opened()
    order = till.sold(Wanted(till.item(7), 7, money(price), tax_rate=money(rate)))
    [line] = lines_of(order)
    left, units_left = line.total, 7
    for units, refund in series:
        named = None if refund is None else money(refund)
        back = Returned(line, units, refund=named)
        if units > units_left or (named or 0) > left:
            with pytest.raises((ReturnExceedsLine, RefundExceedsPaid)):
                OrderService.take_back(order=order, by=till.user, returns=[back])
            continue
        after = OrderService.take_back(order=order, by=till.user, returns=[back])
        paid = after.refunded - (line.total - left)
        assert named is None or paid == named
        assert 0 <= paid <= left
        left, units_left = left - paid, units_left - units
        if units_left == 0:
            break
    line.refresh_from_db()
    assert line.refunded == line.total - left
    assert 0 <= line.revenue <= line.net
    assert_true_to_the_journal()
