"""Connections that are kept: one that PostgreSQL has ended meanwhile is not used."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DataError, connection
from psycopg.types.datetime import TimestamptzLoader

from core.postgres.base import DatabaseWrapper, UTCLoader

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def size() -> int:
    return 1


@pytest.fixture
def pooled(size: int) -> Iterator[Any]:
    """A pool of connections to the test database, which nobody asks whether they are there."""
    options = connection.settings_dict["OPTIONS"] | {"pool": {"min_size": 1, "max_size": size}}
    told = {**connection.settings_dict, "OPTIONS": options, "CONN_HEALTH_CHECKS": False}
    wrapper = DatabaseWrapper(told, alias="default")
    yield wrapper
    wrapper.close()
    wrapper.close_pool()


def who(pooled: Any) -> int:
    """The process that answers, before the request ends."""
    with pooled.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
    pooled.close_if_unusable_or_obsolete()
    return int(pid)


def end(pid: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        assert cursor.fetchone() == (True,)


def test_connection_is_used_again(pooled: Any) -> None:
    assert who(pooled) == who(pooled)


@pytest.mark.parametrize("size", [3])
def test_connection_that_came_back_last_is_used_first(pooled: Any) -> None:
    pooled.pool.open()
    held = [pooled.pool.getconn() for _ in range(3)]
    for each in held:
        pooled.pool.putconn(each)
    again = [pooled.pool.getconn() for _ in range(3)]
    assert again == held[::-1]
    for each in again:
        pooled.pool.putconn(each)


@pytest.fixture
def kept(pooled: Any) -> Any:
    """As with gunicorn's threads."""
    pooled.kept_seconds = 600
    return pooled


def test_connection_goes_back_at_the_end_of_a_request(pooled: Any) -> None:
    who(pooled)
    assert pooled.connection is None


def test_thread_that_lasts_keeps_its_connection(kept: Any) -> None:
    first = who(kept)
    connected = kept.connection
    assert who(kept) == first
    assert kept.connection is connected is not None


def test_kept_connection_goes_back_after_its_time(kept: Any) -> None:
    kept.ensure_connection()
    assert 590 < kept.close_at - time.monotonic() <= 600
    kept.close_at = time.monotonic()
    kept.close_if_unusable_or_obsolete()
    assert kept.connection is None


def test_kept_connection_that_was_ended_is_replaced(kept: Any) -> None:
    ended = who(kept)
    end(ended)
    assert who(kept) != ended


def test_connection_that_was_ended_is_replaced(pooled: Any) -> None:
    ended = who(pooled)
    end(ended)
    assert who(pooled) != ended


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
