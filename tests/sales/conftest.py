from collections.abc import Iterator
from typing import Any

import pytest

from core import outbox
from sales.events import OrderCancelled, OrderPlaced, OrderReturned
from tests.sales.till import Till


@pytest.fixture
def till(db: None) -> Till:
    return Till.opened()


@pytest.fixture
def heard() -> Iterator[list[Any]]:
    """What a listener of ours is handed of orders."""
    told: list[Any] = []

    def listen(event: Any, _event_id: Any) -> None:
        told.append(event)

    kinds = (OrderPlaced, OrderCancelled, OrderReturned)
    for kind in kinds:
        outbox.hear(kind, listen)
    yield told
    for kind in kinds:
        del outbox._handlers[kind][outbox.name_of(listen)]
