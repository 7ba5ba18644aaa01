"""What is allowed, as plain arithmetic on a log: the times, in microseconds, of what was let in.

Every limiter keeps such logs, oldest first, and decides by these rules; the one in Redis says the
same in Lua (`core.limits.shared`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

SECOND = 1_000_000
Log = Sequence[int]


@dataclass(frozen=True)
class State:
    """How many more are let in now, and in how many microseconds there will be more."""

    remaining: int
    reset: int


@dataclass(frozen=True)
class Window:
    """At most `quota` within any `seconds`, whenever one begins to count.

    The log holds what was let in within the last `seconds`, so it is never longer than `quota`.
    """

    quota: int
    seconds: float

    @cached_property
    def span(self) -> int:
        return round(self.seconds * SECOND)

    @cached_property
    def numbers(self) -> tuple[int, int, int, int]:
        """For the script in Redis: quota, span, delay, longest delay."""
        return self.quota, self.span, 0, 0

    def living(self, log: Log, now: int) -> list[int]:
        return [time for time in log if time + self.span > now]

    def state(self, log: Log, now: int) -> State:
        if not log:
            return State(self.quota, 0)
        # Longer than the quota when the quota was lowered: then more than one has to leave.
        leaves = log[max(len(log) - self.quota, 0)]
        return State(max(self.quota - len(log), 0), leaves + self.span - now)


@dataclass(frozen=True)
class Streak:
    """`free` in a row; then each waits longer after the one before: `delay`, twice, four times …

    Ends when it is forgiven, or when nothing was let in for `seconds`.
    """

    free: int
    delay: int
    longest: int
    seconds: int
    # Enough to know that the longest delay is reached, however long it goes on.
    KEPT = 64

    @cached_property
    def span(self) -> int:
        return self.seconds * SECOND

    @cached_property
    def numbers(self) -> tuple[int, int, int, int]:
        return self.free, self.span, self.delay * SECOND, self.longest * SECOND

    def living(self, log: Log, now: int) -> list[int]:
        return list(log[-self.KEPT :]) if log and log[-1] + self.span > now else []

    def state(self, log: Log, now: int) -> State:
        over = len(log) - self.free
        if over < 0:
            return State(-over, 0)
        due = log[-1] + min(self.delay * 2**over, self.longest) * SECOND
        return State(0, due - now) if due > now else State(1, 0)


@dataclass(frozen=True)
class Demand:
    """One place in one log; `key` tells whose log without telling who that is."""

    key: str
    rule: Window | Streak


def judge(
    demands: Sequence[Demand], logs: Mapping[str, Log], now: int, *, count: bool
) -> tuple[bool, list[State], dict[str, list[int]]]:
    """All get their places, or none does: whether they do, how each stands then, the logs to keep.

    Without `count` it is only asked, and nothing is to be kept.
    """
    living = {each.key: each.rule.living(logs.get(each.key, ()), now) for each in demands}
    states = _states(demands, living, now)
    allowed = all(state.remaining for state in states)
    if not (allowed and count):
        return allowed, states, {}
    # A clock that was put back must not leave a log out of order.
    kept = {key: [*log, max(now, log[-1]) if log else now] for key, log in living.items()}
    return True, _states(demands, kept, now), kept


def _states(demands: Iterable[Demand], logs: Mapping[str, Log], now: int) -> list[State]:
    return [each.rule.state(logs[each.key], now) for each in demands]
