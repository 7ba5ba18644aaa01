"""The other end of `core.outbox`: what is due is handed over, each row by one relay at a time.

One UPDATE takes a row, counts the attempt and leases the row until the next one; it is committed
before the handler is called. So a worker that is killed loses nothing: the lease runs out, and
another one calls again. Rows are taken one by one, or a row that kills its worker would cost the
others an attempt, and the lease of the last would run out before its turn.
"""

import time
import traceback
from collections.abc import Iterable
from datetime import timedelta

import structlog
from django.db.models import QuerySet
from django.utils import timezone

from core.audit import redacted
from core.enums import MessageState
from core.events import publish
from core.models import OutboxMessage
from core.outbox import MessagesWaiting, deliver
from core.writing import purge

MAX_ATTEMPTS = 12  # six hours
DONE_KEPT, DEAD_KEPT = timedelta(days=7), timedelta(days=30)
# What a row is leased for at least, in seconds: no other relay has a mail sent while it is being
# sent. A mail server may take EMAIL_TIMEOUT for each of 15 steps: two addresses to connect to, its
# greeting, EHLO, STARTTLS, the handshake, EHLO, three of AUTH, MAIL, RCPT, DATA, its end and QUIT.
LEASE = 150
# That long twice, then 4 min, 8 min ... an hour; give or take a tenth, so that what failed together
# does not come again together.
_TAKE = """
    WITH due AS (
        SELECT id FROM core_outboxmessage
        WHERE state = 'pending' AND next_attempt_at <= %(now)s
        ORDER BY next_attempt_at, id LIMIT 1
        FOR UPDATE SKIP LOCKED
    )
    UPDATE core_outboxmessage AS message
    SET attempts = attempts + 1,
        next_attempt_at = %(now)s::timestamptz + interval '1 second'
            * LEAST(3600, GREATEST(%(lease)s, 60 * 2 ^ LEAST(attempts, 10)))
            * (0.9 + 0.2 * random())
    FROM due WHERE message.id = due.id
    RETURNING message.*
"""
_log = structlog.get_logger(__name__)


def relay(*, seconds: float = 50) -> int:
    """Hand over what is due until nothing is, or the time is up; returns the number taken."""
    ends, taken = time.monotonic() + seconds, 0
    while time.monotonic() < ends and (message := _take()):
        _hand_over(message)
        taken += 1
    return taken


def try_again(messages: QuerySet[OutboxMessage]) -> list[OutboxMessage]:
    """Give up nothing: those that are not done are due at once, with all their attempts before
    them. Returns them, locked until the caller's transaction ends."""
    rows = list(messages.exclude(state=MessageState.DONE).order_by("pk").select_for_update())
    _rows(row.pk for row in rows).update(
        state=MessageState.PENDING, attempts=0, next_attempt_at=timezone.now(), finished_at=None
    )
    publish(MessagesWaiting())
    return rows


def purge_finished() -> int:
    """Forget what was done a week ago, and what was given up a month ago; returns the number."""
    now = timezone.now()
    return sum(
        purge(OutboxMessage.objects.filter(state=state, finished_at__lt=now - kept))
        for state, kept in ((MessageState.DONE, DONE_KEPT), (MessageState.DEAD, DEAD_KEPT))
    )


def _take() -> OutboxMessage | None:
    told = {"now": timezone.now(), "lease": LEASE}
    return next(iter(OutboxMessage.objects.raw(_TAKE, told)), None)


def _hand_over(message: OutboxMessage) -> None:
    if message.attempts > MAX_ATTEMPTS:  # whoever had the last one never came back
        _give_up(message, "WorkerLost")
        return
    try:
        deliver(message)
    except Exception as error:
        _fail(message, error)
    else:
        _rows([message.pk]).update(
            state=MessageState.DONE,
            finished_at=timezone.now(),
            last_error="",
            payload=redacted(message.payload),  # nobody needs the address any more
        )


def _fail(message: OutboxMessage, error: Exception) -> None:
    """Neither row nor log tell what the error says: a mail server's quotes addresses."""
    name, where = type(error).__name__, traceback.extract_tb(error.__traceback__)[-1]
    _log.warning(
        "message_failed", message=message.pk, handler=message.handler, attempt=message.attempts,
        error=name, where=f"{where.filename}:{where.lineno}",
    )  # fmt: skip
    if message.attempts == MAX_ATTEMPTS:
        _give_up(message, name)
    else:
        _taken(message).update(last_error=name)


def _give_up(message: OutboxMessage, error: str) -> None:
    _log.error("message_dead", message=message.pk, handler=message.handler, error=error)
    _taken(message).update(state=MessageState.DEAD, finished_at=timezone.now(), last_error=error)


def _taken(message: OutboxMessage) -> QuerySet[OutboxMessage]:
    """The row, if nobody else has taken it since, done it, or asked for it to be tried again."""
    pending = OutboxMessage.objects.filter(state=MessageState.PENDING)
    return pending.filter(pk=message.pk, attempts=message.attempts)


def _rows(keys: Iterable[int]) -> QuerySet[OutboxMessage]:
    return OutboxMessage.objects.filter(pk__in=list(keys))
