"""Rows that a process remembers until PostgreSQL says that they changed."""

import threading
from collections.abc import Iterator

import pytest
from django.db import connection, transaction
from structlog.testing import capture_logs

from core.postgres.remembered import MOST, MOST_KEYS, RowMemory
from tests.races import await_true, on_own_connection

pytestmark = pytest.mark.django_db(transaction=True)
CHANNEL = "rows_of_a_test"


@pytest.fixture
def memory() -> Iterator[RowMemory]:
    memory = RowMemory(CHANNEL, seconds=600, pause=0.01)
    thread = memory.listen()
    await_true(lambda: memory.is_up_to_date)
    yield memory
    memory.close()
    thread.join(20)
    assert not thread.is_alive()


def say(row: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, row])


def say_and_await(memory: RowMemory, row: str) -> None:
    before = memory.heard
    say(row)
    await_true(lambda: memory.heard > before and memory.is_up_to_date)


def cut_off() -> int:
    """How many connections were listening."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE query = %s",
            [f"LISTEN {CHANNEL}"],
        )
        [ended] = cursor.fetchone()
    return int(ended)


def test_what_is_kept_is_remembered(memory: RowMemory) -> None:
    memory.keep("7", "a", "seven", memory.heard)
    assert memory.get("7", "a") == "seven"
    assert (memory.get("7", "b"), memory.get("8", "a")) == (None, None)


def test_all_of_a_row_is_forgotten_when_it_changes_and_nothing_else(memory: RowMemory) -> None:
    for row, key in [("7", "a"), ("7", "b"), ("77", "a")]:
        memory.keep(row, key, row, memory.heard)
    say_and_await(memory, "7")
    assert [memory.get("7", "a"), memory.get("7", "b"), memory.get("77", "a")] == [None, None, "77"]


def test_nothing_is_said_before_the_commit_nor_of_what_is_taken_back(memory: RowMemory) -> None:
    memory.keep("7", "a", "seven", memory.heard)
    before = memory.heard
    with transaction.atomic():
        say("7")
        transaction.set_rollback(True)
    say_and_await(memory, "8")
    assert memory.heard == before + 1
    assert memory.get("7", "a") == "seven"


def test_what_was_read_before_something_was_said_is_not_kept(memory: RowMemory) -> None:
    since = memory.heard
    say_and_await(memory, "8")
    memory.keep("7", "a", "seven", since)
    assert memory.get("7", "a") is None


def test_nothing_is_remembered_longer_than_its_time(memory: RowMemory) -> None:
    memory.seconds = 0
    memory.keep("7", "a", "seven", memory.heard)
    assert memory.get("7", "a") is None


def test_full_memory_begins_anew(memory: RowMemory) -> None:
    for row in range(MOST + 1):
        memory.keep(str(row), "a", row, memory.heard)
    assert (memory.get("0", "a"), memory.get(str(MOST), "a")) == (None, MOST)


def test_who_does_not_listen_remembers_nothing() -> None:
    memory = RowMemory(CHANNEL)
    memory.keep("7", "a", "seven", memory.heard)
    assert memory.get("7", "a") is None


def test_nothing_is_remembered_over_a_lost_connection(memory: RowMemory) -> None:
    memory.keep("7", "a", "seven", memory.heard)
    reading_since = memory.heard
    with capture_logs() as logs:
        assert cut_off() == 1
        assert memory.get("7", "a") is None
        await_true(lambda: memory.is_up_to_date)
    assert memory.get("7", "a") is None
    memory.keep("7", "a", "what it was while nobody listened", reading_since)
    assert memory.get("7", "a") is None
    memory.keep("7", "a", "seven", memory.heard)
    assert memory.get("7", "a") == "seven"
    assert [each["event"] for each in logs] == ["notifications_lost", "notifications_are_back"]


def test_nothing_is_remembered_where_notifications_do_not_arrive() -> None:
    """As behind a pooler: PostgreSQL listens for a name in small letters, and hears another."""
    memory = RowMemory("Never", pause=0.01)
    with capture_logs() as logs:
        thread = memory.listen()
        await_true(lambda: bool(logs))
        memory.keep("7", "a", "seven", memory.heard)
        assert not memory.is_up_to_date
        assert memory.get("7", "a") is None
    memory.close()
    thread.join(20)
    assert logs[0]["reason"] == "Notifications do not arrive."


class _Slow(str):
    """A row that is recognised when it may be."""

    asked, may = threading.Event(), threading.Event()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        self.asked.set()
        return self.may.wait(20) and str.__eq__(self, other)


def test_what_is_being_heard_counts_already(memory: RowMemory) -> None:
    memory.keep("8", "a", "eight", memory.heard)
    memory.keep(_Slow("7"), "a", "seven", memory.heard)
    say("7")
    assert _Slow.asked.wait(20)
    assert (memory.is_up_to_date, memory.get("8", "a")) == (False, None)
    _Slow.may.set()
    await_true(lambda: memory.is_up_to_date)
    assert (memory.get("7", "a"), memory.get("8", "a")) == (None, "eight")


@pytest.fixture
def number() -> Iterator[None]:
    """A row that can be changed."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE counted AS SELECT 0 AS number")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE counted")


def read_number(memory: RowMemory) -> int:
    if known := memory.get("counted", "number"):
        return int(known[0])
    since = memory.heard
    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM counted")
        row = cursor.fetchone()
    memory.keep("counted", "number", row, since)
    return int(row[0])


def test_silence_is_tried_again_and_again() -> None:
    memory = RowMemory(CHANNEL, seconds=0.02)
    thread = memory.listen()
    await_true(lambda: memory.heard > 3)
    memory.close()
    thread.join(20)


def test_nothing_is_remembered_of_tables_that_do_not_tell() -> None:
    memory = RowMemory(CHANNEL, ["users_user", "core_auditlog"], pause=0.01)
    with capture_logs() as logs:
        thread = memory.listen()
        await_true(lambda: bool(logs))
        assert not memory.is_up_to_date
    memory.close()
    thread.join(20)
    assert logs[0]["reason"] == "Nothing is told of {'core_auditlog'}."


def test_what_is_being_read_while_it_is_to_be_forgotten_is_not_kept(memory: RowMemory) -> None:
    memory.keep("7", "a", "seven", memory.heard)
    since = memory.heard
    memory.forget("7")
    memory.keep("7", "a", "seven", since)
    assert memory.get("7", "a") is None


def test_one_row_does_not_fill_the_memory(memory: RowMemory) -> None:
    for key in range(MOST_KEYS + 1):
        memory.keep("7", key, key, memory.heard)
    assert (memory.get("7", 0), memory.get("7", MOST_KEYS)) == (None, MOST_KEYS)


@pytest.mark.usefixtures("number")
def test_nobody_reads_what_was_before_a_change_that_was_heard(memory: RowMemory) -> None:
    """Readers who keep what they have read while it is being changed."""
    heard = [0]
    ahead: list[int] = []  # of the last that was heard, what was read

    def watch() -> None:
        while heard[0] < 300:
            least = heard[0]
            ahead.append(read_number(memory) - least)

    readers = [threading.Thread(target=on_own_connection, args=[watch]) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(1, 301):
        before = memory.heard
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE counted SET number = %s", [number])
            say("counted")
        await_true(lambda before=before: memory.heard > before)  # type: ignore[misc]
        heard[0] = number
    for reader in readers:
        reader.join()
    assert min(ahead) == 0
    assert len(ahead) > 300
