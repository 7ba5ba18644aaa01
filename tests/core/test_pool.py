"""Connections that are kept: one that PostgreSQL has ended meanwhile is not used."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from core.postgres.base import DatabaseWrapper

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pooled() -> Iterator[Any]:
    """A pool of one connection to the test database, which nobody asks whether it is there."""
    options = connection.settings_dict["OPTIONS"] | {"pool": {"min_size": 1, "max_size": 1}}
    told = {**connection.settings_dict, "OPTIONS": options, "CONN_HEALTH_CHECKS": False}
    wrapper = DatabaseWrapper(told, alias="default")
    yield wrapper
    wrapper.close()
    wrapper.close_pool()


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
