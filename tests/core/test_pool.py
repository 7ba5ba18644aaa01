"""Connections that are kept: one that PostgreSQL has ended meanwhile is not used."""

import gc
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DataError, connection
from psycopg.types.datetime import TimestamptzLoader

from core.postgres.base import DatabaseWrapper, UTCLoader

pytestmark = pytest.mark.django_db(transaction=True)


def pool_of(size: int, threads: int) -> Iterator[list[Any]]:
    """Connections to the test database, which nobody asks whether they are there; of each thread
    its end."""
    options = connection.settings_dict["OPTIONS"] | {"pool": {"min_size": 1, "max_size": size}}
    told = {**connection.settings_dict, "OPTIONS": options, "CONN_HEALTH_CHECKS": False}
    gc.collect()  # of threads that are gone
    ends = [DatabaseWrapper(told, alias="default") for _ in range(threads)]
    yield ends
    for end in ends:
        end.close()
    ends[0].close_pool()


@pytest.fixture
def pooled() -> Iterator[Any]:
    for [end] in pool_of(1, threads=1):
        yield end


@pytest.fixture
def three_of_two() -> Iterator[list[Any]]:
    yield from pool_of(2, threads=3)


def who(pooled: Any) -> int:
    """The process that answers; the connection goes back to the pool."""
    with pooled.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
    pooled.close()
    return int(pid)


def test_connection_is_used_again(pooled: Any) -> None:
    assert who(pooled) == who(pooled)


def test_connection_that_was_ended_is_replaced(pooled: Any) -> None:
    ended = who(pooled)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [ended])
        assert cursor.fetchone() == (True,)
    assert who(pooled) != ended


def request(end: Any) -> int:
    """The process that answers; what is kept is for the thread's next request."""
    end.close_if_unusable_or_obsolete()
    with end.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
    end.close_if_unusable_or_obsolete()
    return int(pid)


def test_thread_keeps_its_connection_until_it_is_old(three_of_two: list[Any]) -> None:
    first, *_others = three_of_two
    kept = request(first)
    assert request(first) == kept
    assert first.connection is not None
    first.close_at = 0.0
    first.close_if_unusable_or_obsolete()
    assert first.connection is None


def test_kept_connection_that_was_ended_is_replaced(three_of_two: list[Any]) -> None:
    first, *_others = three_of_two
    for _ in range(3):
        ended = request(first)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [ended])
        assert request(first) != ended


def test_more_threads_than_connections_take_turns(three_of_two: list[Any]) -> None:
    """Nobody waits for a connection that a thread keeps which has nothing to do."""
    for _ in range(3):
        for end in three_of_two:
            assert request(end)
    assert [end.connection for end in three_of_two] == [None] * 3


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20 22:39:00+00", "2026-11-20 22:39:00.1+00", "2026-11-20 22:39:00.123456+00",
        "0001-01-01 00:00:00+00", "9999-12-31 23:59:59.999999+00", "2024-02-29 23:59:59.000001+00",
    ],
)  # fmt: skip
def test_times_are_those_that_psycopg_reads(text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz, %s::timestamptz::text", [text, text])
        found, told = cursor.fetchone()
        read = TimestamptzLoader(0, connection.connection).load(told.encode())
    assert (found, found.tzinfo) == (read, UTC)
    assert isinstance(UTCLoader(0).load(memoryview(told.encode())), datetime)


@pytest.mark.parametrize("text", ["0044-03-15 12:00:00+00 BC", "infinity", "10000-01-01 00:00+00"])
def test_times_that_python_does_not_know_are_refused_as_psycopg_does(text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::timestamptz", [text])
        with pytest.raises(DataError):
            cursor.fetchone()
