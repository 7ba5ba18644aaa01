"""What is announced is a row of the same transaction, and comes out as it went in."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from core import outbox
from core.models import OutboxMessage
from core.outbox import announce, hear
from core.relay import MAX_ATTEMPTS, purge_finished, relay, try_again
from tests.factories import OutboxMessageFactory

pytestmark = pytest.mark.django_db
Heard = list[tuple[Any, UUID]]


@dataclass(frozen=True)
class Parted:
    item_id: int
    price: Decimal = Decimal(0)
    at: datetime | None = None


@pytest.fixture(autouse=True)
def _subscriptions_end_with_the_test() -> Iterator[None]:
    yield
    outbox._handlers.pop(Parted, None)


@pytest.fixture
def heard() -> Heard:
    told: Heard = []

    def note(event: Parted, event_id: UUID) -> None:
        told.append((event, event_id))

    hear(Parted, note)
    return told


def fail(event: Parted, event_id: UUID) -> None:
    raise ConnectionError("ann@example.com does not answer")


def make_due() -> None:
    OutboxMessage.objects.update(next_attempt_at=timezone.now())


class TestAnnouncing:
    def test_rows_are_committed_with_the_deed_or_not_at_all(self, heard: Heard) -> None:
        with transaction.atomic():
            announce(Parted(1))
            transaction.set_rollback(True)
        assert (relay(), OutboxMessage.objects.count()) == (0, 0)
        announce(Parted(2))
        assert relay() == 1
        assert [event for event, _id in heard] == [Parted(2)]

    def test_every_handler_has_a_row_and_all_know_the_event_by_one_id(self, heard: Heard) -> None:
        hear(Parted, fail)
        announce(Parted(1), Parted(2))
        assert relay() == 4
        ids = [event_id for _event, event_id in heard]
        states = OutboxMessage.objects.filter(event_id=ids[0]).values_list("state", flat=True)
        assert (len(set(ids)), sorted(states)) == (2, ["done", "pending"])

    def test_many_events_are_one_statement(
        self, heard: Heard, django_assert_num_queries: Any
    ) -> None:
        with django_assert_num_queries(1):
            announce(*map(Parted, range(100)))

    def test_what_nobody_hears_leaves_nothing(self) -> None:
        announce(Parted(1))
        assert not OutboxMessage.objects.exists()

    def test_hearing_twice_is_once(self) -> None:
        for _twice in range(2):
            hear(Parted, fail)
        announce(Parted(1))
        assert OutboxMessage.objects.count() == 1

    def test_database_refuses_a_second_row_of_an_event_for_a_handler(self, heard: Heard) -> None:
        announce(Parted(1))
        row = OutboxMessage.objects.get()
        row.pk = None
        with pytest.raises(IntegrityError, match="outbox_once_per_handler"), transaction.atomic():
            row.save(force_insert=True)

    def test_values_come_back_as_they_were(self, heard: Heard) -> None:
        event = Parted(7, Decimal("19.90"), datetime(2026, 3, 29, 1, 30, tzinfo=UTC))
        announce(event)
        relay()
        assert [event for event, _id in heard] == [event]

    def test_worker_is_woken_after_the_commit(
        self, heard: Heard, django_capture_on_commit_callbacks: Any
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            announce(Parted(1))
            assert heard == []
        assert len(heard) == 1


class TestDeploys:
    def test_event_that_lost_a_field_and_gained_one_is_still_told(self, heard: Heard) -> None:
        announce(Parted(1))
        OutboxMessage.objects.update(payload={"item_id": 1, "colour": "red"})
        relay()
        assert [event for event, _id in heard] == [Parted(1)]

    @pytest.mark.parametrize(
        ("change", "error"),
        [
            ({"payload": {"item": 1}}, "ValidationError"),
            ({"handler": "core.handlers.gone"}, "HandlerNotKnown"),
            ({"event": "core.events.Gone"}, "HandlerNotKnown"),
            ({"event": "os.system", "handler": "os.system"}, "HandlerNotKnown"),
        ],
    )
    def test_what_this_process_cannot_read_waits_for_one_that_can(
        self, heard: Heard, change: Any, error: str
    ) -> None:
        announce(Parted(1))
        OutboxMessage.objects.update(**change)
        assert (relay(), heard) == (1, [])
        row = OutboxMessage.objects.get()
        assert (row.state, row.last_error) == ("pending", error)


class TestTrying:
    def test_done_is_done(self, heard: Heard) -> None:
        announce(Parted(1))
        assert [relay(), relay()] == [1, 0]
        row = OutboxMessage.objects.get()
        assert (row.state, row.attempts, row.last_error) == ("done", 1, "")
        assert row.finished_at is not None

    def test_address_is_gone_when_it_was_needed(self) -> None:
        OutboxMessageFactory(payload={"email": "ann@example.com", "language": "de"})
        relay()
        assert OutboxMessage.objects.get().payload == {"email": "[not kept]", "language": "de"}

    def test_one_that_fails_stops_nobody_and_comes_again_later_and_later(
        self, heard: Heard
    ) -> None:
        hear(Parted, fail)
        announce(Parted(1))
        waits = []
        for _attempt in range(MAX_ATTEMPTS):
            make_due()
            relay()
            row = OutboxMessage.objects.exclude(state="done").get()
            waits.append((row.next_attempt_at - timezone.now()).total_seconds())
        assert len(heard) == 1
        nominal = [150, 150, 240, 480, 960, 1920, *[3600] * 6]
        close = zip(waits, nominal, strict=True)
        assert all(0.8 * wait < waited < 1.11 * wait for waited, wait in close), waits

    def test_mail_is_nobody_elses_for_as_long_as_a_server_may_take(self) -> None:
        steps = (
            "IPv6", "IPv4", "greeting", "EHLO", "STARTTLS", "handshake", "EHLO again",
            "AUTH LOGIN", "name", "password", "MAIL", "RCPT", "DATA", "text", "QUIT",
        )  # fmt: skip
        left = []

        def look(event: Parted, event_id: UUID) -> None:
            row = OutboxMessage.objects.filter(attempts=1, state="pending").get()
            left.append((row.next_attempt_at - timezone.now()).total_seconds())

        hear(Parted, look)
        for _message in range(20):
            announce(Parted(1))
            relay()
        assert len(left) == 20
        assert min(left) > len(steps) * settings.EMAIL_TIMEOUT

    def test_what_failed_together_does_not_come_again_together(self) -> None:
        hear(Parted, fail)
        announce(*map(Parted, range(20)))
        relay()
        moments = OutboxMessage.objects.values_list("next_attempt_at", flat=True)
        assert max(moments) - min(moments) > timedelta(seconds=1)

    def test_after_the_last_attempt_it_is_given_up(self, caplog: Any) -> None:
        hear(Parted, fail)
        announce(Parted(1))
        for _attempt in range(MAX_ATTEMPTS + 2):
            make_due()
            relay()
        row = OutboxMessage.objects.get()
        assert (row.state, row.attempts, row.last_error) == ("dead", 12, "ConnectionError")
        lines: list[Any] = [entry.msg for entry in caplog.records if entry.name == "core.relay"]
        assert [line["event"] for line in lines] == ["message_failed"] * 12 + ["message_dead"]
        assert lines[0]["where"].rpartition(":")[0] == __file__

    def test_nobody_is_told_what_the_error_said(self, caplog: Any) -> None:
        """A mail server's refusal quotes addresses."""
        hear(Parted, fail)
        announce(Parted(1))
        relay()
        assert "ann@example.com" not in caplog.text
        assert OutboxMessage.objects.get().last_error == "ConnectionError"

    def test_row_whose_workers_all_died_is_given_up(self, heard: Heard) -> None:
        announce(Parted(1))
        OutboxMessage.objects.update(attempts=MAX_ATTEMPTS)
        relay()
        row = OutboxMessage.objects.get()
        assert (row.state, row.last_error, heard) == ("dead", "WorkerLost", [])

    def test_relay_ends_when_its_time_is_up(self, heard: Heard) -> None:
        announce(Parted(1))
        assert (relay(seconds=0), heard) == (0, [])

    def test_given_up_is_tried_again_when_staff_ask_for_it(self, heard: Heard) -> None:
        announce(Parted(1), Parted(2))
        one, other = OutboxMessage.objects.order_by("pk")
        OutboxMessage.objects.filter(pk=one.pk).update(state="dead", attempts=12)
        OutboxMessage.objects.filter(pk=other.pk).update(state="done")
        assert try_again(OutboxMessage.objects.all()) == [one]
        assert relay() == 1
        assert [event for event, _id in heard] == [Parted(1)]


def test_old_rows_are_forgotten_and_what_waits_never(heard: Heard) -> None:
    now = timezone.now()
    announce(*map(Parted, range(5)))
    kept = []
    for row, (state, days) in zip(
        OutboxMessage.objects.order_by("pk"),
        [("done", 6), ("done", 8), ("dead", 29), ("dead", 31), ("pending", 400)],
        strict=True,
    ):
        finished = None if state == "pending" else now - timedelta(days=days)
        OutboxMessage.objects.filter(pk=row.pk).update(
            state=state, finished_at=finished, created_at=now - timedelta(days=days)
        )
        kept += [row.pk] if days in {6, 29, 400} else []
    assert purge_finished() == 2
    assert list(OutboxMessage.objects.order_by("pk").values_list("pk", flat=True)) == kept
