from collections.abc import Iterator
from typing import Any

import pytest

from core import events
from sales.events import OrderCancelled, OrderPlaced, OrderReturned
from tests.sales.till import Till


@pytest.fixture
def till(db: None) -> Till:
    return Till.opened()


@pytest.fixture
def heard() -> Iterator[list[Any]]:
    told: list[Any] = []
    for kind in (OrderPlaced, OrderCancelled, OrderReturned):
        events.subscribe(kind, told.append)
    yield told
    for kind in (OrderPlaced, OrderCancelled, OrderReturned):
        events._handlers[kind].remove(told.append)
