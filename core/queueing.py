"""Handing work to the worker."""

from functools import cache
from typing import Any

from celery import Task
from celery.result import AsyncResult
from kombu.exceptions import OperationalError

from core.breaker import Breaker


class PromptTask(Task):
    """Queued at once or not at all: requests do not wait for a broker that did not answer.

    Raises `ServerAway` while the broker is left alone, and what the broker's client raises.
    """

    def apply_async(self, *args: Any, **kwargs: Any) -> AsyncResult:
        breaker = _breaker(self.app.conf.broker_url)
        breaker.require_closed()
        try:
            result = super().apply_async(*args, **kwargs)
        except OperationalError:
            breaker.report(well=False)
            raise
        breaker.report(well=True)
        return result


@cache
def _breaker(broker_url: str) -> Breaker:
    return Breaker("the queue")
