"""Any sequence of stock deeds, against a plain replay: levels, lots, costs, and every past time.

Properties P1 to P12 of the reliability notes: each invariant or rule names its own.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum
from django.utils import timezone
from hypothesis import example, given, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from hypothesis.strategies import booleans, data, integers, lists, sampled_from, tuples

from core.money import apportion
from inventory.enums import AllocationStatus
from inventory.exceptions import InsufficientStock, ReturnExceedsSale, StaleQuantity
from inventory.models import Allocation, Collectible, StockLevel, StockLot, StockMovement
from inventory.selectors import (
    Moment,
    find_drift,
    find_tampering,
    get_levels_for_user,
    get_valuation_figures,
)
from inventory.services import (
    AllocationService,
    Line,
    Receipt,
    Return,
    StockService,
    TransferService,
)
from tests.factories import CollectibleFactory, StoreFactory, UserFactory, VendorFactory
from tests.stock.replay import Lot, Piece, Replay, Sold, largest_remainder

PLACES = [(item, store) for item in range(2) for store in range(2)]
UNITS = integers(1, 6)
CENTS = integers(0, 1000)
Levels = dict[tuple[int, int], tuple[int, int]]


def money(cents: int) -> Decimal:
    return Decimal(cents) / 100


class Warehouse(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.user = UserFactory()
        self.vendor = VendorFactory(owner=self.user)
        self.stores = [StoreFactory(vendor=self.vendor, is_default=n == 0) for n in range(2)]
        self.items = [CollectibleFactory(vendor=self.vendor, quantity=0) for _ in range(2)]
        self.replay = Replay()
        self.sales: list[tuple[StockMovement, Sold]] = []
        self.travelling: list[tuple[Any, tuple[int, int], list[Piece]]] = []
        self.promises: list[tuple[str, dict[tuple[int, int], int]]] = []
        self.photographs: list[tuple[datetime, Levels, tuple[int, ...]]] = []
        self.age = 0

    def mine(self, model: Any) -> Any:
        """The rows of this run's items: the runs share a database."""
        return model.objects.filter(item__in=self.items)

    def line(self, place: tuple[int, int], units: int) -> Line:
        return Line(self.items[place[0]], self.stores[place[1]], units)

    def new_lot(self, units: int, cents: int, age: int | None = None) -> Lot:
        self.age += 1
        newest = self.mine(StockLot).order_by("-pk").first()
        assert newest is not None
        return Lot(newest.pk, units, cents, self.age if age is None else age)

    @rule(place=sampled_from(PLACES), units=UNITS, cents=CENTS, postage=CENTS)
    def receive(self, place: tuple[int, int], units: int, cents: int, postage: int) -> None:
        receipt = Receipt(self.items[place[0]], self.stores[place[1]], units, money(cents))
        costs = [{"kind": "postage", "amount": money(postage)}]
        StockService.receive(receipts=[receipt], landed_costs=costs, by=self.user)
        total = units * cents + postage
        self.replay.add(place, self.new_lot(units, total))
        self.replay.cost_in += total

    @rule(wanted=lists(tuples(sampled_from(PLACES), UNITS), min_size=1, max_size=3))
    def sell(self, wanted: list[tuple[tuple[int, int], int]]) -> None:
        """P12: the same item twice is judged on its sum."""
        demand = {place: sum(u for p, u in wanted if p == place) for place, _units in wanted}
        lines = [self.line(place, units) for place, units in wanted]
        if any(units > self.replay.available(place) for place, units in demand.items()):
            with pytest.raises(InsufficientStock):
                StockService.sell(lines=lines, by=self.user)
            return
        taken = StockService.sell(lines=lines, by=self.user)
        for (place, units), movements in zip(wanted, taken, strict=True):
            pieces = self.replay.take(place, units)
            said = [(m.lot_id, -m.quantity, -m.cost) for m in movements]
            assert said == [(p.lot.key, p.units, money(p.cents)) for p in pieces]
            self.replay.sold += sum(piece.cents for piece in pieces)
            for movement, piece in zip(movements, pieces, strict=True):
                self.sales.append((movement, Sold(place, piece.lot, piece.units, piece.cents)))

    @precondition(lambda self: self.sales)
    @rule(picked=data(), units=UNITS, damaged=booleans())
    def give_back(self, picked: Any, units: int, damaged: bool) -> None:
        """P5, P10: a unit comes back at the cost it left at, and never twice."""
        movement, sold = picked.draw(sampled_from(self.sales))
        back = Return(movement, units, "damaged" if damaged else "")
        if units > sold.units:
            with pytest.raises(ReturnExceedsSale) as refused:
                StockService.give_back(returns=[back], by=self.user)
            assert refused.value.extra["left"] == sold.units
            return
        StockService.give_back(returns=[back], by=self.user)
        left = Lot(0, sold.units, sold.cents, 0)
        cents = left.take(units)
        sold.units, sold.cents = left.units, left.cents
        self.replay.sold -= cents
        if damaged:
            self.replay.lost += cents
        else:
            sold.lot.units += units
            sold.lot.cents += cents

    @rule(place=sampled_from(PLACES), units=integers(-4, 4).filter(bool))
    def adjust(self, place: tuple[int, int], units: int) -> None:
        line = self.line(place, units)
        if -units > self.replay.available(place):
            with pytest.raises(InsufficientStock):
                StockService.adjust(line=line, reason="lost", by=self.user)
            return
        StockService.adjust(line=line, reason="found" if units > 0 else "lost", by=self.user)
        if units > 0:
            self.replay.add(place, self.new_lot(units, 0))
        else:
            self.replay.lost += sum(p.cents for p in self.replay.take(place, -units))

    @rule(place=sampled_from(PLACES), counted=integers(0, 12), stale=booleans())
    def count(self, place: tuple[int, int], counted: int, stale: bool) -> None:
        there = self.replay.on_hand(place)
        said: dict[str, Any] = {
            "item": self.items[place[0]],
            "store": self.stores[place[1]],
            "quantity": counted,
            "expected": there + stale,
            "by": self.user,
        }
        if stale or counted < self.replay.held[place]:
            with pytest.raises(StaleQuantity if stale else InsufficientStock):
                StockService.set(**said)
            return
        StockService.set(**said)
        if counted > there:
            self.replay.add(place, self.new_lot(counted - there, 0))
        else:
            self.replay.lost += sum(p.cents for p in self.replay.take(place, there - counted))

    @rule(place=sampled_from(PLACES), units=UNITS)
    def write_off(self, place: tuple[int, int], units: int) -> None:
        if units > self.replay.available(place):
            with pytest.raises(InsufficientStock):
                StockService.write_off(line=self.line(place, units), reason="stolen", by=self.user)
            return
        StockService.write_off(line=self.line(place, units), reason="stolen", by=self.user)
        self.replay.lost += sum(p.cents for p in self.replay.take(place, units))

    @rule(place=sampled_from(PLACES), units=UNITS, in_transit=booleans())
    def transfer(self, place: tuple[int, int], units: int, in_transit: bool) -> None:
        """P4: what leaves one store arrives in the other, at its cost and age."""
        item, store = place
        sent: dict[str, Any] = {
            "line": self.line(place, units),
            "to_store": self.stores[1 - store],
            "in_transit": in_transit,
            "by": self.user,
        }
        if units > self.replay.available(place):
            with pytest.raises(InsufficientStock):
                TransferService.send(**sent)
            return
        transfer = TransferService.send(**sent)
        pieces = self.replay.take(place, units)
        self.replay.travelling += sum(piece.cents for piece in pieces)
        self.travelling.append((transfer, (item, 1 - store), pieces))
        if not in_transit:
            self.arrive()

    @precondition(lambda self: self.travelling)
    @rule()
    def receive_transfer(self) -> None:
        TransferService.receive(transfer=self.travelling[-1][0], by=self.user)
        self.arrive()

    def arrive(self) -> None:
        transfer, place, pieces = self.travelling.pop()
        arrived = StockLot.objects.filter(movements__transfer=transfer, store=transfer.to_store)
        for piece, lot in zip(pieces, arrived.order_by("pk"), strict=True):
            self.replay.add(place, Lot(lot.pk, piece.units, piece.cents, piece.lot.age))
            self.replay.travelling -= piece.cents

    @rule(place=sampled_from(PLACES), units=UNITS, late=booleans())
    def allocate(self, place: tuple[int, int], units: int, late: bool) -> None:
        reference = f"order {len(self.promises)}"
        promise: dict[str, Any] = {"lines": [self.line(place, units)], "reference": reference}
        if late:
            promise["expires_at"] = timezone.now()
        if units > self.replay.available(place):
            with pytest.raises(InsufficientStock):
                AllocationService.allocate(**promise)
            return
        AllocationService.allocate(**promise)
        self.replay.held[place] += units
        self.promises.append((reference, {place: units}))

    @precondition(lambda self: self.promises)
    @rule(picked=data(), twice=booleans())
    def release(self, picked: Any, twice: bool) -> None:
        """P6: exactly what was held, and twice is once."""
        reference, held = picked.draw(sampled_from(self.promises))
        self.promises.remove((reference, held))
        for _time in range(1 + twice):
            AllocationService.release(references=[reference])
        for place, units in held.items():
            self.replay.held[place] -= units

    @rule()
    def expire(self) -> None:
        late = self.mine(Allocation).filter(status=AllocationStatus.OPEN, expires_at__isnull=False)
        references = set(late.values_list("reference", flat=True))
        assert AllocationService.expire() >= len(references)
        for reference, held in [p for p in self.promises if p[0] in references]:
            self.promises.remove((reference, held))
            for place, units in held.items():
                self.replay.held[place] -= units

    @rule()
    def photograph(self) -> None:
        """What is known now is known of now for ever."""
        levels = {place: (self.replay.on_hand(place), self.replay.held[place]) for place in PLACES}
        self.photographs.append((timezone.now(), levels, self.replay.books()))

    @invariant()
    def levels_are_what_the_replay_says(self) -> None:
        """P1, P2, P3, P8."""
        levels = {
            (level.item_id, level.store_id): (level.on_hand, level.allocated)
            for level in self.mine(StockLevel)
        }
        for item, store in PLACES:
            found = levels.get((self.items[item].pk, self.stores[store].pk), (0, 0))
            place = (item, store)
            assert found == (self.replay.on_hand(place), self.replay.held[place])
        for number, row in enumerate(self.items):
            row.refresh_from_db()
            assert row.quantity == sum(self.replay.on_hand((number, s)) for s in range(2))
            assert row.available == sum(self.replay.available((number, s)) for s in range(2))

    @invariant()
    def cost_in_is_cost_out_and_cost_left(self) -> None:
        """P9, to the cent, lot by lot and over all."""
        lots = {lot.pk: (lot.remaining, lot.remaining_cost) for lot in self.mine(StockLot)}
        known = [lot for lots_of in self.replay.lots.values() for lot in lots_of]
        assert lots == {lot.key: (lot.units, money(lot.cents)) for lot in known}
        assert self.replay.cost_in == sum(self.replay.books())
        assert self.books(Moment()) == self.replay.books()
        total = self.mine(StockMovement).aggregate(cost=Sum("cost", default=0))["cost"]
        assert total == money(self.replay.cost_on_hand())

    @invariant()
    def nothing_has_drifted(self) -> None:
        assert find_drift() == []
        assert find_tampering() == []

    def books(self, moment: Moment) -> tuple[int, ...]:
        told = get_valuation_figures([self.vendor.pk], "USD", moment, months=1)
        away = (told.cost_in_transit, told.cost_of_goods_sold, told.written_off)
        return tuple(int(cost * 100) for cost in (told.cost_on_hand, *away))

    def teardown(self) -> None:
        for moment, levels, books in self.photographs:
            for looked in (Moment(as_of=moment), Moment(known_at=moment)):
                assert self.books(looked) == books
                rows = get_levels_for_user(self.user, looked)
                then = {(r.item_id, r.store_id): (r.units, r.held) for r in rows}
                for (item, store), level in levels.items():
                    place = (self.items[item].pk, self.stores[store].pk)
                    assert then.get(place, (0, 0)) == level


@pytest.mark.django_db
def test_any_sequence_of_deeds_leaves_what_the_replay_says() -> None:
    steps = settings(max_examples=25, stateful_step_count=25, deadline=None, database=None)
    run_state_machine_as_test(Warehouse, settings=steps)


@pytest.mark.django_db
def test_the_past_is_the_sum_of_what_had_happened_by_then() -> None:
    """At 200 instants; what is entered later for earlier is part of the past, not of the memory."""
    user = UserFactory()
    vendor = VendorFactory(owner=user)
    store = StoreFactory(vendor=vendor)
    item: Collectible = CollectibleFactory(vendor=vendor, quantity=0)
    start = timezone.now() - timedelta(days=400)
    happened: list[tuple[datetime, int]] = []
    for number in range(60):
        moment = start + timedelta(days=(number * 37) % 390)
        there = [units for at, units in happened if at <= moment]
        units = -(number % 3) if number % 4 == 3 else number % 7 + 1
        later = [sum(u for a, u in happened if a <= at) for at, _u in happened if at > moment]
        lowest = min([sum(there), *later])
        if units < 0 and -units <= lowest:
            StockService.sell(lines=[Line(item, store, -units)], by=user, occurred_at=moment)
        elif units > 0:
            receipt = Receipt(item, store, units, Decimal("1.10"))
            StockService.receive(receipts=[receipt], by=user, occurred_at=moment)
        else:
            continue
        happened.append((moment, units))
    movements = StockMovement.objects.order_by("recorded_at")
    recorded = list(movements.values_list("recorded_at", flat=True))
    for number in range(200):
        moment = start + timedelta(hours=number * 49)
        level = get_levels_for_user(user, Moment(as_of=moment)).get()
        assert level.units == sum(units for at, units in happened if at <= moment)
        known = recorded[number % len(recorded)]
        level = get_levels_for_user(user, Moment(as_of=moment, known_at=known)).get()
        heard = StockMovement.objects.filter(recorded_at__lte=known, occurred_at__lte=moment)
        assert level.units == sum(heard.values_list("quantity", flat=True))


@example(cents=64854, weights=[30, 121, 4597, 58])
@given(cents=integers(0, 10**6), weights=lists(integers(0, 10**4), min_size=1, max_size=8))
def test_costs_are_divided_as_the_textbook_says(cents: int, weights: list[int]) -> None:
    parts = apportion(money(cents), weights)
    assert parts == [money(part) for part in largest_remainder(cents, weights)]
    assert sum(parts) == money(cents)
