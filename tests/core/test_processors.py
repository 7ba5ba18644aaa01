"""Each worker of the web server on a processor of its own, while there is one for each."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.processors import assign
from tests.core.servers import web_server
from tests.races import await_true
from tests.stock.server import workers_of

ALLOWED = os.sched_getaffinity(0)


def started(workers: int, *others: Any) -> set[int]:
    worker = SimpleNamespace()
    server = SimpleNamespace(cfg=SimpleNamespace(workers=workers), WORKERS=dict(enumerate(others)))
    assign(server, worker)
    return set(worker.processors)


def place_of(process: int) -> int:
    """None of many: -1."""
    places = os.sched_getaffinity(process)
    return places.pop() if len(places) == 1 else -1


@pytest.mark.django_db(transaction=True)
def test_workers_share_no_processor_before_each_has_one(tmp_path: Path) -> None:
    with web_server(tmp_path / "log", workers=2 * len(ALLOWED)) as (_port, server):
        places = sorted([*ALLOWED, *ALLOWED])
        await_true(lambda: sorted(map(place_of, workers_of(server))) == places)


def test_worker_that_replaces_another_takes_its_place() -> None:
    others = [SimpleNamespace(processors={each}) for each in ALLOWED]
    gone = others.pop()
    assert started(len(ALLOWED), *others) == gone.processors


@pytest.mark.parametrize("more", [-1, 1])
def test_workers_run_where_the_system_wants_if_some_had_less_than_others(more: int) -> None:
    # Of one processor all have the same, however many they are.
    assert started(len(ALLOWED) + more) == (ALLOWED if len(ALLOWED) == 1 and more > 0 else set())
