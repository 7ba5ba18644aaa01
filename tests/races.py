"""What several do at the same moment: real threads, each on its own connection."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection

from core.exceptions import AppException

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
