"""Events that must be heard, whatever dies: rows in the transaction of the deed (decision 20).

    announce(PasswordChanged(user_id=user.pk))            # a service, inside its transaction
    hear(PasswordChanged, handlers.tell_of_new_password)  # `AppConfig.ready` of whoever listens

A handler is called by the worker, outside any transaction, with the event and its id: at least
once, so it has to bear a second time, and in no promised order. What it raises is tried again
(`core.relay`). What may be lost, because something else finds it again, is `core.events`.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar
from uuid import UUID, uuid4

from django.utils import timezone
from pydantic import TypeAdapter

from core.adding import add
from core.events import publish
from core.models import OutboxMessage

_Event = TypeVar("_Event")
Handler = Callable[[Any, UUID], None]
_handlers: dict[type, dict[str, Handler]] = defaultdict(dict)


class HandlerNotKnown(LookupError):
    """This process is older than the row, or newer: it has no such event or handler."""


@dataclass(frozen=True)
class MessagesWaiting:
    """Rows were committed. Should this be lost, the beat schedule finds them."""


def hear(event_type: type[_Event], handler: Callable[[_Event, UUID], None]) -> None:
    """Call `handler` with every announced event of exactly this type; hearing twice is once."""
    _handlers[event_type][name_of(handler)] = handler


def announce(*events: object) -> None:
    """One row for each who is to hear of each event, all in the caller's transaction."""
    now = timezone.now()
    rows = [row for event in events for row in _rows(event, now)]
    if rows:
        add(*rows, keyed=False)
        publish(MessagesWaiting())


def deliver(message: OutboxMessage) -> None:
    """Call the handler the row names. Raises what it raises, and `HandlerNotKnown`.

    What the event has had added since, and has a default for, is filled in; what it no longer has
    is passed over.
    """
    known = ((kind, each[message.handler]) for kind, each in _handlers.items()
             if name_of(kind) == message.event and message.handler in each)  # fmt: skip
    found = next(known, None)
    if found is None:
        raise HandlerNotKnown
    kind, handler = found
    handler(_adapter(kind).validate_python(message.payload), message.event_id)


def name_of(thing: Any) -> str:
    return f"{thing.__module__}.{thing.__qualname__}"


def _rows(event: object, now: Any) -> list[OutboxMessage]:
    kind: Any = type(event)
    event_id = uuid4()
    handlers: Mapping[str, Handler] = _handlers.get(kind, {})
    payload = _adapter(kind).dump_python(event, mode="json") if handlers else {}
    return [
        OutboxMessage(
            event_id=event_id, event=name_of(kind), handler=handler, payload=payload,
            next_attempt_at=now,
        )
        for handler in handlers
    ]  # fmt: skip


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    """Decimals, times and dates travel as text, and come back as what the event says they are."""
    return TypeAdapter(kind)
