"""The limiter of one process, for while Redis is away."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from threading import Lock

from core.limits.rules import Demand, State, judge


def _microseconds() -> int:
    return time.monotonic_ns() // 1000


class LocalLimiter:
    """Keeps at most `most` logs and gives up the least used, so that nobody fills the memory."""

    def __init__(self, clock: Callable[[], int] = _microseconds, most: int = 10_000) -> None:
        self._clock, self._most = clock, most
        self._logs: OrderedDict[str, list[int]] = OrderedDict()
        self._lock = Lock()

    def decide(self, demands: Sequence[Demand], *, count: bool = True) -> tuple[bool, list[State]]:
        with self._lock:
            allowed, states, kept = judge(demands, self._logs, self._clock(), count=count)
            self._logs.update(kept)
            for key in kept:
                self._logs.move_to_end(key)
            while len(self._logs) > self._most:
                self._logs.popitem(last=False)
        return allowed, states

    def forget(self, keys: Iterable[str]) -> None:
        with self._lock:
            for key in keys:
                self._logs.pop(key, None)
