"""Who may do how much, decided for all of a request's limits at once.

Redis decides. While it is away, each process counts for itself, and what guards a door
(`stored`) is counted in PostgreSQL, so that sign-in stays limited across processes (decision 13).
"""

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import structlog
from redis.exceptions import RedisError, ResponseError

from core.limits.local import LocalLimiter
from core.limits.rules import SECOND, Demand, State, Streak
from core.limits.shared import SharedLimiter
from core.limits.stored import StoredLimiter

_log = structlog.get_logger(__name__)


class Limiter(Protocol):
    def decide(
        self, demands: Sequence[Demand], *, count: bool = True
    ) -> tuple[bool, list[State]]: ...

    def forget(self, keys: Sequence[str]) -> None: ...


_shared, _stored, _local = SharedLimiter(), StoredLimiter(), LocalLimiter()


@dataclass(frozen=True)
class Policy:
    """A limit as callers are told of it, what it demands, and whose limit it is."""

    name: str
    quota: int
    seconds: int
    demands: tuple[Demand, ...]
    source: type
    stored: bool  # while Redis is away, in the database

    @cached_property
    def told(self) -> str:
        return f'"{self.name}";q={self.quota};w={self.seconds}'


@dataclass(frozen=True)
class Verdict:
    """How a caller stands under a policy: `reset` is in seconds, rounded up."""

    policy: Policy
    remaining: int
    reset: int


@dataclass(frozen=True)
class Decision:
    """Whether the request is let in, and what its caller is told."""

    allowed: bool
    verdicts: Sequence[Verdict]
    limiter: Limiter

    @property
    def wait(self) -> int:
        """Seconds until a refused request would be let in."""
        full = [verdict.reset for verdict in self.verdicts if not verdict.remaining]
        return 0 if self.allowed else max(full)

    @property
    def tightest(self) -> Verdict:
        return min(self.verdicts, key=lambda verdict: (verdict.remaining, -verdict.reset))

    def forgive(self) -> None:
        """End the streaks this request is in."""
        demands = [demand for verdict in self.verdicts for demand in verdict.policy.demands]
        keys = [demand.key for demand in demands if isinstance(demand.rule, Streak)]
        if keys:
            with suppress(RedisError):
                self.limiter.forget(keys)


UNLIMITED = Decision(True, (), _local)


def decide(policies: Sequence[Policy], *, count: bool = True) -> Decision:
    """Let the request in under all policies, or refuse it and count it under none.

    Without `count` it is only asked how things stand.
    """
    demands = [demand for policy in policies for demand in policy.demands]
    limiter: Limiter = _shared
    try:
        allowed, states = limiter.decide(demands, count=count)
    except RedisError as error:
        if isinstance(error, ResponseError):  # the breaker has logged that nobody answers
            _log.warning("limiter_refused_by_redis", exc_info=error)
        limiter = _stored if any(policy.stored for policy in policies) else _local
        allowed, states = limiter.decide(demands, count=count)
    left = iter(states)
    verdicts = [_verdict(policy, [next(left) for _ in policy.demands]) for policy in policies]
    return Decision(allowed, verdicts, limiter)


def _verdict(policy: Policy, states: Sequence[State]) -> Verdict:
    tightest = min(states, key=lambda state: (state.remaining, -state.reset))
    return Verdict(policy, tightest.remaining, math.ceil(tightest.reset / SECOND))
