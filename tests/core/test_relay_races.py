"""Several relays at once, and a worker that is killed at the worst moment."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from uuid import UUID

import pytest
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from core import outbox
from core.models import OutboxMessage
from core.outbox import announce, hear
from core.relay import relay
from core.tasks import relay_outbox
from tests.core.dying_relay import Shipped, note
from tests.core.servers import environment
from tests.races import alike

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = 200


@pytest.fixture(autouse=True)
def _subscriptions_end_with_the_test() -> Iterator[None]:
    yield
    outbox._handlers.pop(Shipped, None)


@pytest.fixture
def heard() -> list[int]:
    told: list[int] = []
    lock = Lock()

    def count(event: Shipped, event_id: UUID) -> None:
        with lock:
            told.append(event.order_id)

    hear(Shipped, count)
    return told


def written(count: int) -> None:
    """Committed, and due when nobody is woken any more: the test's own relays have the rows."""
    with transaction.atomic():
        announce(*map(Shipped, range(count)))
        OutboxMessage.objects.update(next_attempt_at=timezone.now() + timezone.timedelta(hours=1))
    OutboxMessage.objects.update(next_attempt_at=timezone.now())


@pytest.mark.chaos
def test_eight_relays_hand_over_each_row_once(heard: list[int]) -> None:
    written(ROWS)
    taken = alike(8, relay)
    assert Counter(heard) == Counter(range(ROWS))
    assert sum(taken) == ROWS
    assert set(OutboxMessage.objects.values_list("state", "attempts")) == {("done", 1)}


def test_row_that_somebody_holds_is_passed_over(heard: list[int]) -> None:
    written(2)
    first = OutboxMessage.objects.order_by("pk").first()
    with transaction.atomic():
        OutboxMessage.objects.select_for_update().get(pk=first.pk)
        assert alike(1, relay) == [1]
    assert heard == [1]


def test_handler_is_called_outside_any_transaction() -> None:
    inside: list[bool] = []

    def look(event: Shipped, event_id: UUID) -> None:
        inside.append(transaction.get_connection().in_atomic_block)

    hear(Shipped, look)
    announce(Shipped(1))
    assert inside == [False]


def test_worker_killed_between_deed_and_mark_loses_nothing(tmp_path: Path) -> None:
    hear(Shipped, note)
    written(1)
    deeds = tmp_path / "deeds"
    assert start(deeds) == -9
    row = OutboxMessage.objects.get()
    assert (row.state, row.attempts, row.next_attempt_at > timezone.now()) == ("pending", 1, True)
    OutboxMessage.objects.update(next_attempt_at=timezone.now())  # the lease ran out
    assert start(deeds) == 0
    assert deeds.read_text(encoding="ascii") == f"0 {row.event_id}\n" * 2
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("done", 2)


def start(deeds: Path) -> int:
    command = [sys.executable, "-m", "tests.core.dying_relay"]
    told = environment(DEEDS=str(deeds))
    return subprocess.run(command, cwd=settings.BASE_DIR, env=told, check=False).returncode


@pytest.fixture
def no_broker(dead_redis: str) -> Iterator[None]:
    conf = relay_outbox.app.conf
    usual = {name: conf[name] for name in ("task_always_eager", "broker_url")}
    conf.update(task_always_eager=False, broker_url=dead_redis)
    yield
    conf.update(usual)


@pytest.mark.usefixtures("no_broker")
def test_without_a_broker_the_schedule_finds_what_was_announced(heard: list[int]) -> None:
    announce(Shipped(1))
    assert heard == []
    relay_outbox()  # as the worker does when beat says so
    assert heard == [1]
