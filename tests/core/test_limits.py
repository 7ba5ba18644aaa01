"""The limiters: exact against a plain model, and never more than the quota whoever comes when."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from threading import Barrier
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pytest_django import Settings
from rest_framework.test import APIClient

from core.limits import Limiter
from core.limits.local import LocalLimiter
from core.limits.rules import SECOND, Demand, State, Streak, Window, judge
from core.limits.shared import SharedLimiter
from core.limits.stored import StoredLimiter
from tests.core.conftest import cache_at
from tests.core.limits import set_rates

DAY = 86_400
EVERYTHING = Demand("everything", Window(10**6, DAY))
LIMITERS = {"Redis": SharedLimiter, "this process": LocalLimiter, "PostgreSQL": StoredLimiter}
everywhere = pytest.mark.parametrize("kind", LIMITERS.values(), ids=LIMITERS.keys())
moments = st.lists(st.integers(0, 40), max_size=60).map(sorted)


class Slow(Window):
    """Gives others time to come in between looking and counting."""

    def state(self, log: Sequence[int], now: int) -> State:
        time.sleep(0.001)
        return super().state(log, now)


def most_in(log: list[int], span: int) -> int:
    """The largest number within any window, each of which may begin with one of them."""
    return max((sum(t <= u < t + span for u in log) for t in log), default=0)


def logged(key: str) -> list[int]:
    redis: Any = cache.client.get_client()
    return [int(moment) for moment in redis.lrange(cache.make_key(f"limit:{key}"), 0, -1)]


def together(threads: int, act: Callable[[int], Any]) -> list[Any]:
    gate = Barrier(threads, timeout=30)

    def run(number: int) -> Any:
        try:
            gate.wait()
            return act(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, range(threads)))


class TestModel:
    @given(moments, st.integers(1, 5), st.integers(1, 20))
    def test_window_lets_in_whoever_has_a_place_and_nobody_else(
        self, arrivals: list[int], quota: int, span: int
    ) -> None:
        clock = iter(arrivals)
        limiter = LocalLimiter(clock=lambda: next(clock))
        demand = Demand("k", Window(quota, span / SECOND))
        let_in: list[int] = []
        for moment in arrivals:
            within = [each for each in let_in if each > moment - span]
            allowed, [state] = limiter.decide([demand])
            assert allowed == (len(within) < quota)
            let_in += [moment] * allowed
            within += [moment] * allowed
            assert state.remaining == quota - len(within)
            assert state.reset == min(within) + span - moment
        assert most_in(let_in, span) <= quota

    @given(st.integers(1, 12))
    def test_streak_waits_twice_as_long_each_time_up_to_the_longest(self, failures: int) -> None:
        rule = Streak(free=5, delay=60, longest=900, seconds=DAY)
        waits = [0, 0, 0, 0, 60, 120, 240, 480, 900, 900, 900, 900]
        assert rule.state([0] * failures, 0).reset == waits[failures - 1] * SECOND
        assert rule.state([0] * failures, waits[failures - 1] * SECOND).remaining > 0

    def test_memory_has_an_end(self) -> None:
        limiter = LocalLimiter(most=3)
        keys = ["a", "b", "c", "a", "d"]
        for key in keys:
            limiter.decide([Demand(key, Window(1, DAY))])
        left = {key: limiter.decide([Demand(key, Window(1, DAY))], count=False)[0] for key in keys}
        assert left == {"a": True, "b": False, "c": False, "d": False}


class TestRedis:
    """Its clock is its own: what it let in and when stands in a second log that is never full."""

    @examples(max_examples=40)
    @given(
        quota=st.integers(1, 8),
        milliseconds=st.integers(2, 40),
        pauses=st.lists(st.lists(st.integers(0, 15), min_size=1, max_size=6), min_size=16,
                        max_size=16),
    )  # fmt: skip
    def test_in_any_window_at_most_the_quota_is_let_in_by_16_threads(
        self, quota: int, milliseconds: int, pauses: list[list[int]]
    ) -> None:
        cache.delete_pattern("limit:*")
        demands = [Demand("k", Window(quota, milliseconds / 1000)), EVERYTHING]
        limiter = SharedLimiter()

        def call(number: int) -> int:
            let_in = 0
            for pause in pauses[number]:
                let_in += limiter.decide(demands)[0]
                time.sleep(pause / 1000)
            return let_in

        let_in = sum(together(16, call))
        log = logged("everything")
        assert len(log) == let_in > 0
        assert most_in(log, milliseconds * 1000) <= quota

    @examples(max_examples=40)
    @given(
        st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=40),
        st.sampled_from([Window(3, 0.004), Window(1, 0.002), Window(30, DAY),
                         Streak(3, 1, 900, DAY)]),
    )  # fmt: skip
    def test_says_what_the_model_says(
        self, calls: list[tuple[int, bool]], rule: Window | Streak
    ) -> None:
        """Between Redis's time before and after the call, which is not told."""
        cache.delete_pattern("limit:*")
        demand, limiter = Demand("k", rule), SharedLimiter()
        redis: Any = cache.client.get_client()
        for pause, count in calls:
            time.sleep(pause / 1000)
            before = {"k": logged("k")}
            (s0, us0), answer, (s1, us1) = (
                redis.time(), limiter.decide([demand], count=count), redis.time(),
            )  # fmt: skip
            early, late = [
                judge([demand], before, second * SECOND + micro, count=count)[:2]
                for second, micro in ((s0, us0), (s1, us1))
            ]
            if early[0] != late[0] or early[1][0].remaining != late[1][0].remaining:
                continue  # a place became free just then
            allowed, [state] = answer
            assert (allowed, state.remaining) == (early[0], early[1][0].remaining)
            assert late[1][0].reset <= state.reset <= early[1][0].reset

    def test_log_is_kept_for_as_long_as_it_counts(self) -> None:
        SharedLimiter().decide([Demand("k", Window(3, 60))])
        redis: Any = cache.client.get_client()
        assert 59_000 < redis.pttl(cache.make_key("limit:k")) <= 60_001

    def test_script_that_redis_has_forgotten_is_sent_again(self) -> None:
        demand, redis = Demand("k", Window(2, 60)), cache.client.get_client()
        SharedLimiter().decide([demand])
        redis.script_flush()
        assert SharedLimiter().decide([demand])[1][0].remaining == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("away", [False, True], ids=["with Redis", "without"])
def test_of_sixty_requests_at_once_ten_are_served(
    settings: Settings, dead_redis: str, away: bool
) -> None:
    settings.RATE_LIMIT_ENABLED = True
    set_rates(settings, check_email="10/minute")
    address, body = "/api/v1/auth/register/check-email/", {"email": "ann@example.com"}
    with cache_at(dead_redis) if away else nullcontext():
        statuses = together(60, lambda _: APIClient().post(address, body).status_code)
    assert Counter(statuses) == {200: 10, 429: 50}


@pytest.mark.django_db(transaction=True)
class TestAllOfThem:
    @everywhere
    def test_of_sixty_at_once_ten_pass(self, kind: type[Limiter]) -> None:
        limiter, demand = kind(), Demand("k", Slow(10, 60))
        answers = together(60, lambda _: limiter.decide([demand])[0])
        assert answers.count(True) == 10

    @everywhere
    def test_all_get_a_place_or_none_does(self, kind: type[Limiter]) -> None:
        limiter = kind()
        wide, narrow = Demand("wide", Window(5, 60)), Demand("narrow", Window(1, 60))
        assert limiter.decide([wide, narrow])[0]
        allowed, states = limiter.decide([wide, narrow])
        assert (allowed, [state.remaining for state in states]) == (False, [4, 0])
        assert 0 < states[1].reset <= 60 * SECOND
        assert limiter.decide([wide])[1][0].remaining == 3

    @everywhere
    def test_asking_counts_nothing(self, kind: type[Limiter]) -> None:
        limiter, demand = kind(), Demand("k", Window(2, 60))
        for _ in range(3):
            allowed, [state] = limiter.decide([demand], count=False)
            assert (allowed, state.remaining, state.reset) == (True, 2, 0)
        assert limiter.decide([demand])[0]
        assert limiter.decide([demand], count=False)[1][0].remaining == 1

    @everywhere
    def test_streak_ends_when_it_is_forgiven(self, kind: type[Limiter]) -> None:
        limiter, demand = kind(), Demand("k", Streak(2, 60, 900, DAY))
        assert [limiter.decide([demand])[0] for _ in range(3)] == [True, True, False]
        limiter.forget(["k"])
        assert [limiter.decide([demand])[0] for _ in range(3)] == [True, True, False]

    @everywhere
    def test_lower_quota_holds_for_what_was_let_in_before(self, kind: type[Limiter]) -> None:
        limiter = kind()
        for _ in range(4):
            limiter.decide([Demand("k", Window(5, 60))])
        allowed, [state] = limiter.decide([Demand("k", Window(2, 60))])
        assert (allowed, state.remaining) == (False, 0)
        assert state.reset > 0
