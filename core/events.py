"""Domain events: what happened, told after the commit to whoever asked to hear it.

An event is a frozen dataclass in the past tense that holds ids and plain values. Handlers are
subscribed in `AppConfig.ready`; one that fails is logged and keeps neither the request nor the
other handlers from going on. What must survive a crash is a row, not an event.
"""

from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import structlog
from django.db import transaction

_Event = TypeVar("_Event")
_log = structlog.get_logger(__name__)
_handlers: dict[type, list[Callable[[Any], None]]] = defaultdict(list)


def subscribe(event_type: type[_Event], handler: Callable[[_Event], None]) -> None:
    """Call `handler` with every event of exactly this type; subscribing twice is once."""
    if handler not in _handlers[event_type]:
        _handlers[event_type].append(handler)


def publish(event: object) -> None:
    """Tell the handlers once the surrounding transaction has committed; never if it rolls back."""
    transaction.on_commit(partial(_deliver, event))


def _deliver(event: object) -> None:
    for handler in _handlers[type(event)]:
        try:
            handler(event)
        except Exception:
            # A handler is above the deed: its failure must not undo the answer to it.
            name = getattr(handler, "__name__", repr(handler))
            _log.exception("event_handler_failed", event_type=type(event).__name__, handler=name)
