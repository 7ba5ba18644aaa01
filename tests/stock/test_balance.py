"""The books balance at any moment: cost in is what is on hand, in transit, sold and lost."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis.strategies import booleans, integers, lists, sampled_from, tuples

from core.exceptions import AppException
from inventory.models import StockMovement, StockTransfer
from inventory.selectors import Moment, ValuationFigures, get_valuation_figures
from inventory.services import Line, Receipt, Return, StockService, TransferService
from tests.factories import CollectibleFactory, StoreFactory
from tests.stock.shelf import Shelf

pytestmark = pytest.mark.django_db
NOW = timezone.now()
D = Decimal


@dataclass
class Way:
    """When units went and came, both as the moment before."""

    transfer: StockTransfer
    units: int
    left: int
    arrived: int | None = None


@dataclass
class Books:
    """Two stores, and what each deed brought in: when it was, at which mark it was entered, cents.

    A mark is a moment between two deeds. Only what is said to the services is noted, nothing of
    what they made of it.
    """

    shelves: list[Shelf]
    marks: list[datetime] = field(default_factory=list)
    cost_in: list[tuple[datetime, int, Decimal]] = field(default_factory=list)
    ways: list[Way] = field(default_factory=list)
    receipts: list[tuple[StockMovement, datetime, Decimal]] = field(default_factory=list)

    @classmethod
    def opened(cls) -> "Books":
        """With what came before the first mark: three units now for 1.10 each, others long ago."""
        here = Shelf.filled()
        there = replace(here, store=StoreFactory(vendor=here.item.vendor, is_default=False))
        books = cls([here, there])
        books.cost_in.append((here.item.movements.get().occurred_at, -1, D("3.30")))
        for shelf, days in product(books.shelves, (50, 45)):
            books.receive(shelf, 7, NOW - timedelta(days=days))
        return books

    @property
    def mark(self) -> int:
        return len(self.marks) - 1

    def receive(self, shelf: Shelf, units: int, at: datetime) -> None:
        """With 0.10 of postage: units do not all cost the same."""
        postage = [{"kind": "postage", "amount": D("0.10")}]
        receipt = Receipt(shelf.item, shelf.store, units, D("2.50"))
        [row] = StockService.receive(
            receipts=[receipt], landed_costs=postage, by=shelf.user, occurred_at=at
        )
        self.receipts.append((row, at, units * D("2.50") + D("0.10")))
        self.cost_in.append((at, self.mark, self.receipts[-1][2]))

    def find(self, shelf: Shelf, units: int, at: datetime) -> None:
        StockService.adjust(
            line=shelf.line(units), reason="found", by=shelf.user, unit_cost=D("0.35"),
            occurred_at=at,
        )  # fmt: skip
        self.cost_in.append((at, self.mark, units * D("0.35")))

    def lose(self, shelf: Shelf, units: int, at: datetime) -> None:
        line = shelf.line(-units)
        StockService.adjust(line=line, reason="lost", by=shelf.user, occurred_at=at)

    def write_off(self, shelf: Shelf, units: int, at: datetime) -> None:
        StockService.write_off(
            line=shelf.line(units), reason="stolen", by=shelf.user, occurred_at=at
        )

    def take_back_a_receipt(self, shelf: Shelf, units: int, _at: datetime) -> None:
        """At the time that the receipt has, heard of only now."""
        if self.receipts:
            row, at, cost = self.receipts[units % len(self.receipts)]
            StockService.correct(movement=row, by=shelf.user)
            self.cost_in.append((at, self.mark, -cost))

    def take_back_a_loss(self, shelf: Shelf, _units: int, _at: datetime) -> None:
        """Nothing comes in by it: what was lost is not."""
        lost = shelf.item.movements.filter(kind__in=["write_off", "adjustment"], quantity__lt=0)
        if row := lost.first():
            StockService.correct(movement=row, by=shelf.user)

    def sell(self, shelf: Shelf, units: int, at: datetime) -> None:
        StockService.sell(lines=[shelf.line(units)], by=shelf.user, occurred_at=at)

    def give_back(self, shelf: Shelf, units: int, at: datetime) -> None:
        """An even number of units is damaged."""
        if sold := shelf.item.movements.filter(kind="sale", store=shelf.store).first():
            back = Return(sold, units, "" if units % 2 else "damaged")
            StockService.give_back(returns=[back], by=shelf.user, occurred_at=at)

    def send(self, shelf: Shelf, units: int, _at: datetime) -> None:
        [other] = [each for each in self.shelves if each.store != shelf.store]
        way = TransferService.send(
            line=shelf.line(units), to_store=other.store, by=shelf.user, in_transit=True
        )
        self.ways.append(Way(way, units, self.mark))

    def arrive(self, shelf: Shelf, units: int, _at: datetime) -> None:
        if going := [way for way in self.ways if way.arrived is None]:
            way = going[units % len(going)]
            TransferService.receive(transfer=way.transfer, by=shelf.user)
            way.arrived = self.mark

    def units_going(self, as_of: int, known: int) -> int:
        """At these marks; what was done at a mark had not happened at it."""
        then = min(as_of, known)
        return sum(
            way.units for way in self.ways
            if way.left < then and (way.arrived is None or way.arrived >= then)
        )  # fmt: skip

    def all_in(self, as_of: datetime, known: int) -> Decimal:
        return sum((c for at, mark, c in self.cost_in if at <= as_of and mark < known), D(0))

    def figures(self, **moment: Any) -> ValuationFigures:
        item = self.shelves[0].item
        return get_valuation_figures([item.vendor_id], "USD", Moment(**moment), months=1)


DEEDS = [
    Books.receive, Books.find, Books.lose, Books.write_off, Books.take_back_a_receipt,
    Books.take_back_a_loss, Books.sell, Books.give_back, Books.send, Books.send, Books.arrive,
]  # fmt: skip
DEED = tuples(sampled_from(DEEDS), booleans(), integers(1, 4), integers(0, 40))
LOOK = tuples(integers(0, 99), integers(0, 99), integers(0, 40))


def came_to(figures: ValuationFigures) -> Decimal:
    return (
        figures.cost_on_hand
        + figures.cost_in_transit
        + figures.cost_of_goods_sold
        + figures.written_off
    )


@settings(max_examples=60, deadline=None, database=None)
@given(deeds=lists(DEED, min_size=6, max_size=24), looks=lists(LOOK, min_size=4, max_size=8))
def test_whatever_was_done_the_books_balance_at_any_moment(
    deeds: list[Any], looks: list[tuple[int, int, int]]
) -> None:
    """Entered in whatever order, for whatever day; looked at from whenever, knowing whatever."""
    books = Books.opened()
    for deed, elsewhere, units, days in deeds:
        books.marks.append(timezone.now())
        try:
            deed(books, books.shelves[elsewhere], units, NOW - timedelta(days=days))
        except AppException:
            continue
    books.marks.append(timezone.now())
    last = len(books.marks) - 1
    for one, other, days in [*looks, (last, last, 0)]:
        as_of, known = one % (last + 1), other % (last + 1)
        figures = books.figures(as_of=books.marks[as_of], known_at=books.marks[known])
        assert came_to(figures) == books.all_in(books.marks[as_of], known)
        assert figures.units_in_transit == books.units_going(as_of, known)
        past = NOW - timedelta(days=days)
        then = books.figures(as_of=past, known_at=books.marks[known])
        assert came_to(then) == books.all_in(past, known)
        assert (then.units_in_transit, then.cost_in_transit) == (0, D(0))
    assert came_to(books.figures()) == books.all_in(books.marks[last], last)


def test_what_is_in_transit_is_told_until_it_arrives(shelf: Shelf) -> None:
    """Each currency by itself; the others are named while nothing of them is on a shelf, too."""
    other = StoreFactory(vendor=shelf.item.vendor, is_default=False)
    euros = CollectibleFactory(vendor=shelf.item.vendor, quantity=0, value=9)
    StockService.receive(receipts=[Receipt(euros, shelf.store, 1, D(7), "EUR")], by=shelf.user)
    lines = [shelf.line(2), Line(euros, shelf.store, 1)]
    ways = [
        TransferService.send(line=line, to_store=other, in_transit=True, by=shelf.user)
        for line in lines
    ]

    def told(currency: str) -> tuple[Any, ...]:
        figures = get_valuation_figures([shelf.item.vendor_id], currency)
        going = (figures.units_in_transit, figures.cost_in_transit)
        return (figures.units, figures.cost_on_hand, figures.market_value, *going, figures.others)

    assert told("USD") == (1, D("1.10"), 5, 2, D("2.20"), ["EUR"])
    assert told("EUR") == (0, 0, 0, 1, 7, ["USD"])
    assert told("GBP") == (0, 0, 0, 0, 0, ["EUR", "USD"])
    for way in ways:
        TransferService.receive(transfer=way, by=shelf.user)
    assert told("USD") == (3, D("3.30"), 15, 0, 0, ["EUR"])


def test_nothing_is_missing_between_two_rows_of_a_transfer(shelf: Shelf) -> None:
    """Of two lots; each row has a moment of its own at which it was recorded."""
    shelf.receive(3)
    other = StoreFactory(vendor=shelf.item.vendor, is_default=False)
    way = TransferService.send(line=shelf.line(5), to_store=other, in_transit=True, by=shelf.user)
    TransferService.receive(transfer=way, by=shelf.user)
    recorded = way.movements.order_by("recorded_at").values_list("recorded_at", flat=True)
    going = []
    for moment in recorded:
        figures = get_valuation_figures([shelf.item.vendor_id], "USD", Moment(known_at=moment))
        assert came_to(figures) == D("6.60")
        going.append(figures.units_in_transit)
    assert going == [3, 5, 2, 0]
