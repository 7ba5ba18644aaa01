"""Closings: what is asked with them is, to the cent, what is asked without them."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis.strategies import booleans, integers, lists, sampled_from, tuples

from core.exceptions import AppException
from inventory.models import CatalogVersion, Collectible, StockClosing
from inventory.selectors import Moment, ValuationFigures, get_valuation_figures
from inventory.services import ClosingService, Receipt, StockService, ValuationService, Worth
from inventory.tasks import close_books
from tests.factories import CategoryFactory, CollectibleFactory, StoreFactory
from tests.races import impatient, in_turn
from tests.stock.shelf import Shelf
from tests.stock.test_balance import DEEDS, Books

pytestmark = pytest.mark.django_db
NOW = timezone.now()
CURRENCIES = ["USD", "EUR"]


def value(books: Books, shelf: Shelf, units: int, at: datetime) -> None:
    """In either currency, and for a moment long ago as well."""
    worth = Worth(shelf.item, Decimal(units) / 3, "guide", CURRENCIES[units % 2], at)
    ValuationService.record(values=[worth], by=shelf.user)


def buy_abroad(books: Books, shelf: Shelf, units: int, at: datetime) -> None:
    receipt = Receipt(shelf.item, shelf.store, units, Decimal("1.10"), "EUR")
    StockService.receive(receipts=[receipt], by=shelf.user, occurred_at=at)


def sort_anew(books: Books, shelf: Shelf, units: int, at: datetime) -> None:
    category = CategoryFactory(vendor=shelf.item.vendor) if units % 2 else None
    Collectible.objects.filter(pk=shelf.item.pk).update(category=category)


def close(books: Books, shelf: Shelf, units: int, at: datetime) -> None:
    ClosingService.close(step=units)


ALL_DEEDS = [*DEEDS, value, value, buy_abroad, sort_anew, sort_anew, close, close]
DEED = tuples(sampled_from(ALL_DEEDS), booleans(), integers(1, 4), integers(0, 70))


def figures(vendor_id: int, currency: str, moment: Moment) -> ValuationFigures:
    return get_valuation_figures([vendor_id], currency, moment, months=4)


def without_closings(vendor_id: int, currency: str, moment: Moment) -> ValuationFigures:
    with transaction.atomic():
        StockClosing.objects.all().delete()
        told = figures(vendor_id, currency, moment)
        transaction.set_rollback(True)
    return told


@settings(max_examples=20, deadline=None, database=None)
@given(deeds=lists(DEED, min_size=8, max_size=30), ages=lists(integers(0, 80), min_size=4))
def test_any_moment_is_what_the_whole_ledger_says(deeds: list[Any], ages: list[int]) -> None:
    books = Books.opened()
    ClosingService.close(step=1)
    for deed, there, units, days in deeds:
        books.marks.append(timezone.now())
        try:
            deed(books, books.shelves[there], units, NOW - timedelta(days=days))
        except AppException:
            continue  # more than there was
    vendor = books.shelves[0].item.vendor_id
    assert StockClosing.objects.filter(vendor=vendor).exists()
    midnight = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
    for days in {*ages[:3]}:
        for at in (NOW - timedelta(days=days), midnight - timedelta(days=days)):
            for currency in CURRENCIES:
                moment = Moment(as_of=at)
                assert figures(vendor, currency, moment) == without_closings(
                    vendor, currency, moment
                )


@pytest.fixture
def old(shelf: Shelf) -> Shelf:
    """Two units that came on each of three days, two months ago and before, and were closed."""
    for days in (61, 62, 90):
        shelf.receive(2, occurred_at=NOW - timedelta(days=days))
    close_books()
    assert not StockClosing.objects.exists(), "so few are looked up as quickly"
    assert ClosingService.close(step=1) >= 3
    return shelf


def test_what_is_not_new_is_not_closed_again(old: Shelf) -> None:
    assert ClosingService.close(step=1) == 0


def test_closings_are_used(old: Shelf) -> None:
    StockClosing.objects.update(gone=[[["USD"], ["0", "0", "7", "0", "0"]]])
    moment = Moment(as_of=NOW - timedelta(days=40))
    assert figures(old.item.vendor_id, "USD", moment).cost_of_goods_sold == 7


def test_what_came_late_is_counted_at_once_and_closed_anew_from_then(old: Shelf) -> None:
    before = {row.at: row.pk for row in StockClosing.objects.all()}
    late = NOW - timedelta(days=61, hours=1)
    old.receive(5, occurred_at=late)
    moment = Moment(as_of=NOW - timedelta(days=50))
    assert figures(old.item.vendor_id, "USD", moment).units == 11
    assert ClosingService.close(step=1) > 0
    after = {row.at: row.pk for row in StockClosing.objects.all()}
    assert after.keys() >= before.keys()
    assert {at for at in before if after[at] == before[at]} == {at for at in before if at < late}
    last = StockClosing.objects.order_by("at").last()
    assert last is not None
    assert [row[1][0] for row in last.totals] == ["11"]


@pytest.mark.parametrize("closed", [True, False])
def test_moment_that_ends_a_month_is_one_point(old: Shelf, closed: bool) -> None:
    if not closed:
        StockClosing.objects.all().delete()
    at = NOW.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    told = figures(old.item.vendor_id, "USD", Moment(as_of=at))
    assert [(point.at, point.units) for point in told.history][-1:] == [(at, told.units)]
    assert len({point.at for point in told.history}) == len(told.history)


def test_known_at_looks_at_no_closing(old: Shelf) -> None:
    """What was known then is what was recorded then, whatever was closed since."""
    moment = Moment(as_of=NOW, known_at=NOW - timedelta(days=1))
    assert figures(old.item.vendor_id, "USD", moment).units == 0


def test_many_sortings_make_all_closings_anew(old: Shelf) -> None:
    kept = {*StockClosing.objects.values_list("pk", flat=True)}
    for times in range(2):
        sort_anew(Books([]), old, 1, NOW)
        assert (ClosingService.close(step=1) > 0) is (times == 1)
    assert kept.isdisjoint(StockClosing.objects.values_list("pk", flat=True))


def test_vendor_with_closings_and_vendor_without_are_added_up(old: Shelf) -> None:
    other = CollectibleFactory(quantity=4)
    ids = [old.item.vendor_id, other.vendor_id]
    told = get_valuation_figures(ids, "USD")
    assert (told.units, [point.units for point in told.history[-2:]]) == (13, [6, 13])


@pytest.mark.django_db(transaction=True)
def test_closing_waits_for_who_writes_already(old: Shelf) -> None:
    """Else a row with a number below the mark could come after it, and never be counted."""
    at = NOW - timedelta(days=61, hours=1)
    in_turn(
        lambda: old.receive(5, occurred_at=at),
        lambda: ClosingService.close(step=1),
        behind=CatalogVersion.objects.get(pk=old.item.vendor_id),
    )
    moment = Moment(as_of=NOW - timedelta(days=50))
    assert figures(old.item.vendor_id, "USD", moment).units == 11


@pytest.mark.django_db(transaction=True)
def test_closing_waits_for_who_has_numbered_many_rows_already(old: Shelf) -> None:
    """They are written apart from being numbered; meanwhile somebody else has a number above."""
    at = NOW - timedelta(days=61, hours=1)
    other = CollectibleFactory(vendor=old.item.vendor, quantity=0)
    stall = StoreFactory(vendor=old.item.vendor, is_default=False)
    meanwhile: list[str] = []

    def close_at_once() -> str:
        try:
            ClosingService.close(step=1)
        except OperationalError:
            return "waited"
        return "closed"

    def once_numbered(execute: Any, sql: str, params: Any, *more: Any) -> Any:
        found = execute(sql, params, *more)
        if "nextval(" in sql and '"inventory_stockmovement"' in params:
            receipts = [Receipt(other, stall, 1)]
            impatient(lambda: StockService.receive(receipts=receipts, by=old.user))
            meanwhile.append(impatient(close_at_once))
        return found

    many = [Receipt(old.item, old.store, 1)] * 400
    with connection.execute_wrapper(once_numbered):
        StockService.receive(receipts=many, by=old.user, occurred_at=at)
    ClosingService.close(step=1)
    moment = Moment(as_of=NOW - timedelta(days=50))
    vendor = old.item.vendor_id
    assert figures(vendor, "USD", moment) == without_closings(vendor, "USD", moment)
    assert figures(vendor, "USD", moment).units == 406
    assert meanwhile == ["waited"]
