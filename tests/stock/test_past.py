"""What is entered late must have been there: no level of the past is below nothing."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from inventory.exceptions import InsufficientStock, LotUsed
from inventory.selectors import Moment, get_levels_for_user
from inventory.services import Return, StockService
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
