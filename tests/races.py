"""What several do at the same moment: real threads, each on its own connection."""

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier
from typing import Any, TypeVar

from django.db import connection, models, transaction
from django.db.models import ProtectedError

from core.exceptions import AppException

_T = TypeVar("_T")
_WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
# How often a race is run whose outcome is chance.
ROUNDS = int(os.environ.get("RACE_ROUNDS", "100"))


def at_once(deeds: Sequence[Callable[[], Any]]) -> list[Any]:
    """Each in its own thread, on its own connection, all released together; a refusal's code."""
    barrier = Barrier(len(deeds))

    def run(deed: Callable[[], Any]) -> Any:
        try:
            barrier.wait(10)
            return deed()
        except AppException as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))


def alike(count: int, act: Callable[[], _T]) -> list[_T]:
    """What `count` threads got that began `act` together."""
    return together(count, 1, lambda _round: act())[0]


def together(count: int, rounds: int, act: Callable[[int], _T]) -> list[list[_T]]:
    """The same round by round, with one connection per thread."""
    gate = Barrier(count, timeout=30)

    def run() -> list[_T]:
        try:
            outcomes = []
            for number in range(rounds):
                gate.wait()
                outcomes.append(act(number))
            return outcomes
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        futures = [pool.submit(run) for _ in range(count)]
        return [list(each) for each in zip(*(f.result() for f in futures), strict=True)]


def in_turn(*calls: Callable[[], Any], behind: models.Model | Sequence[models.Model]) -> list[Any]:
    """What the calls return, each on its own connection.

    `behind` are rows the calls must lock. They are held until every call waits for a lock, one
    after the other in the order given, so that all have read before one of them has written.
    """
    rows = list(behind) if isinstance(behind, Sequence) else [behind]
    started: list[Future[Any]] = []
    with ThreadPoolExecutor(len(calls)) as pool:
        with transaction.atomic():
            for row in rows:
                type(row)._base_manager.select_for_update().get(pk=row.pk)
            for call in calls:
                started.append(pool.submit(on_own_connection, call))
                await_waiting(started)
        return [future.result(timeout=30) for future in started]


def outcome(deed: Callable[[], Any]) -> str:
    """`done`, or the code of the refusal."""
    try:
        deed()
    except AppException as refused:
        return refused.code
    except ProtectedError:
        return "in_use"
    return "done"


def impatient(call: Callable[[], _T]) -> _T:
    """What the call returns on its own connection, which waits a tenth of a second for a lock."""

    def run() -> _T:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '100ms'")
        return call()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(on_own_connection, run).result(timeout=30)


def on_own_connection(call: Callable[[], _T]) -> _T:
    try:
        return call()
    finally:
        connection.close()


def await_waiting(started: list[Future[Any]]) -> None:
    """Until each of them waits for a lock that somebody else holds."""
    deadline = time.monotonic() + 20
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(_WAITING)
            if cursor.fetchone() == (len(started),):
                return
            assert not any(future.done() for future in started), "a call did not pass the gate"
            time.sleep(0.01)
    raise AssertionError("the calls do not wait for the rows they were said to lock")


def await_true(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.005)
