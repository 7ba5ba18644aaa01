"""What is entered late must have been there: no level of the past is below nothing."""

from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Sum
from django.utils import timezone
from hypothesis import given, settings
from hypothesis.strategies import booleans, integers, lists, sampled_from, tuples

from core.exceptions import AppException
from inventory.exceptions import InsufficientStock, LotUsed, StockFull
from inventory.models import MAX_QUANTITY
from inventory.selectors import Moment, get_levels_for_user
from inventory.services import Line, Return, StockService, TransferService
from tests.factories import StoreFactory
from tests.stock.shelf import Shelf

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def ago(days: int) -> Any:
    return {"occurred_at": NOW - timedelta(days=days)}


def test_receipt_whose_units_left_and_came_back_is_not_corrected(shelf: Shelf) -> None:
    """All of them are there; but without it, they were not there to be sold."""
    receipt = shelf.receive(5, **ago(30))
    sold = shelf.sell(5, **ago(20))
    StockService.give_back(returns=[Return(sold, 5)], by=shelf.user, **ago(10))
    with pytest.raises(LotUsed):
        StockService.correct(movement=receipt, by=shelf.user)
    assert sold.lot_id == receipt.lot_id
    level = get_levels_for_user(shelf.user, Moment(as_of=NOW - timedelta(days=15))).get()
    assert level.units == 0


def test_receipt_whose_units_stayed_is_corrected_as_of_then(shelf: Shelf) -> None:
    receipt = shelf.receive(5, **ago(30))
    StockService.correct(movement=receipt, by=shelf.user)
    level = get_levels_for_user(shelf.user, Moment(as_of=NOW - timedelta(days=15))).get()
    assert level.units == 0


def test_past_never_held_more_than_can_be_counted(shelf: Shelf) -> None:
    """There is room for seven today; two weeks ago there was for none."""
    shelf.receive(MAX_QUANTITY - 3, **ago(30))
    sold = shelf.sell(10, **ago(20))
    shelf.receive(10, **ago(15))
    shelf.sell(10, **ago(10))
    shelf.receive(3, **ago(14))
    [lost] = StockService.write_off(line=shelf.line(1), reason="lost", by=shelf.user, **ago(12))
    shelf.receive(1, **ago(11))
    late: list[Callable[[], Any]] = [
        lambda: shelf.receive(1, **ago(13)),
        lambda: StockService.give_back(returns=[Return(sold, 1)], by=shelf.user, **ago(13)),
        lambda: StockService.correct(movement=lost, by=shelf.user),
    ]
    for deed in late:
        with pytest.raises(StockFull):
            deed()
    assert shelf.receive(7, **ago(9)).quantity == 7


def test_sale_of_units_that_had_not_come_is_refused(shelf: Shelf) -> None:
    shelf.receive(5, **ago(10))
    with pytest.raises(InsufficientStock) as refused:
        shelf.sell(1, **ago(11))
    assert refused.value.extra["available"] == 0
    assert shelf.sell(5, **ago(9)).quantity == -5


def test_sale_that_would_leave_too_few_for_later_ones_is_refused(shelf: Shelf) -> None:
    """Two remain today; between the sale and the next receipt there was one."""
    shelf.receive(2, **ago(30))
    shelf.sell(1, **ago(20))
    shelf.receive(1, **ago(10))
    with pytest.raises(InsufficientStock) as refused:
        shelf.sell(2, **ago(25))
    assert refused.value.extra["available"] == 1


def test_lot_that_came_by_transfer_is_not_sold_where_it_was_not_yet(shelf: Shelf) -> None:
    """It keeps its age, and the store had others then, which are younger."""
    stall = replace(shelf, store=StoreFactory(vendor=shelf.item.vendor, is_default=False))
    younger = stall.receive(3, **ago(20))
    shelf.receive(5, **ago(30))
    TransferService.send(line=shelf.line(5), to_store=stall.store, by=shelf.user)
    assert stall.sell(2, **ago(10)).lot_id == younger.lot_id
    with pytest.raises(InsufficientStock) as refused:
        stall.sell(2, **ago(10))
    assert refused.value.extra["available"] == 1
    oldest = stall.item.lots.filter(store=stall.store).earliest("received_at")
    line = Line(stall.item, stall.store, 1, oldest)
    with pytest.raises(InsufficientStock) as refused:
        StockService.sell(lines=[line], by=shelf.user, **ago(10))
    assert refused.value.extra["available"] == 0
    assert stall.sell(5).lot_id == oldest.pk


def test_lot_that_was_empty_in_between_is_not_sold_before(shelf: Shelf) -> None:
    """Its units came back; the other lot had them all the time."""
    first = shelf.receive(2, **ago(30))
    second = shelf.receive(2, **ago(29))
    sold = shelf.sell(2, **ago(20))
    StockService.give_back(returns=[Return(sold, 2)], by=shelf.user, **ago(10))
    assert sold.lot_id == first.lot_id
    lines = [shelf.line(1), shelf.line(1)]
    taken = StockService.sell(lines=lines, by=shelf.user, **ago(25))
    assert [[m.lot_id for m in movements] for movements in taken] == [[second.lot_id]] * 2


DEED = tuples(sampled_from(["receive", "sell", "back", "move"]), booleans(), integers(1, 4),
              integers(0, 40))  # fmt: skip


@settings(max_examples=60, deadline=None, database=None)
@given(deeds=lists(DEED, min_size=4, max_size=20))
def test_no_lot_was_ever_below_nothing(deeds: list[tuple[str, bool, int, int]]) -> None:
    """Whatever is entered, in whatever order, for whatever day."""
    here = Shelf.filled()
    there = replace(here, store=StoreFactory(vendor=here.item.vendor, is_default=False))
    for deed, elsewhere, units, days in deeds:
        shelf, other = (there, here) if elsewhere else (here, there)
        with suppress(AppException):
            match deed:
                case "receive":
                    shelf.receive(units, **ago(days))
                case "sell":
                    StockService.sell(lines=[shelf.line(units)], by=here.user, **ago(days))
                case "back":
                    sold = shelf.item.movements.filter(kind="sale", store=shelf.store).first()
                    returns = [Return(sold, units)] if sold else []
                    StockService.give_back(returns=returns, by=here.user, **ago(days))
                case "move":
                    line = shelf.line(units)
                    TransferService.send(line=line, to_store=other.store, by=here.user)
    running: dict[int, int] = defaultdict(int)
    changes = here.item.movements.values("lot_id", "occurred_at").annotate(units=Sum("quantity"))
    for change in changes.order_by("occurred_at"):
        running[change["lot_id"]] += change["units"]
        assert running[change["lot_id"]] >= 0
