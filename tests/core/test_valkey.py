"""The cache's server, spoken to directly."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any

import pytest
from django.core.cache import cache
from redis.exceptions import RedisError, ResponseError

from core.breaker import Breaker
from core.valkey import ask, client, named, tell
from scripts.services import Valkey
from tests.core.conftest import frozen


def whose() -> Any:
    """The connection that this thread asks by, as the server numbers them."""
    return ask("CLIENT", "ID")


def numbers() -> set[int]:
    """Those that there are."""
    return {int(each["id"]) for each in client().client_list()}


def breaker() -> Breaker:
    found: Breaker = client().connection_pool.breaker
    return found


class Interrupted(Exception):
    """Not of those that a connection knows."""


@contextmanager
def interrupted_within(seconds: float) -> Iterator[None]:
    def interrupt(*_signal: Any) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, before)


def test_asks_as_the_protocol_has_it() -> None:
    assert ask("SET", "k", "v", "EX", 60) in (True, b"OK", "OK")
    assert ask("GET", "k") == b"v"
    with pytest.raises(ResponseError):
        ask("INCR", "k")
    assert ask("DEL", "k") == 1


def test_names_are_those_of_the_cache() -> None:
    assert named("list:1") == cache.make_key("list:1")


def test_what_is_told_is_done_and_leaves_no_answer_for_who_asks_next() -> None:
    for number in range(50):
        tell("SET", "told", str(number), "EX", 60)
        assert ask("GET", "told") == str(number).encode()


def test_what_cannot_be_done_is_told_to_nobody() -> None:
    tell("SET", "k", "not a number", "EX", 60)
    tell("INCR", "k")
    assert ask("GET", "k") == b"not a number"


def test_refused_when_the_server_is_away(own_valkey: Valkey) -> None:
    tell("SET", "k", "v", "EX", 60)
    own_valkey.process.stop()
    for speak in (ask, tell):
        with pytest.raises(RedisError):
            speak("GET", "k")
    assert client().connection_pool.breaker is not None
    assert cache.get("k") is None  # and the cache goes without


class TestConnection:
    def test_is_the_same_each_time_also_after_a_refusal(self) -> None:
        first = whose()
        with pytest.raises(ResponseError):
            ask("NONSENSE")
        tell("NONSENSE")
        assert whose() == first

    def test_is_each_threads_own_and_ends_with_it(self) -> None:
        with ThreadPoolExecutor(max_workers=1) as pool:
            theirs = pool.submit(whose).result()
            assert theirs in numbers() - {whose()}
        assert theirs not in numbers()

    @pytest.mark.parametrize("told", [True, False])
    def test_that_the_server_closed_is_replaced_and_nobody_notices(self, told: bool) -> None:
        ended = whose()
        client().client_kill_filter(_id=ended)
        if told:
            tell("SET", "lost", "perhaps", "EX", 60)
        assert whose() != ended
        breaker().require_closed()

    def test_outlives_a_restart_of_the_server(self, own_valkey: Valkey) -> None:
        ask("SET", "k", "v")
        own_valkey.process.stop()
        own_valkey.start()
        assert ask("GET", "k") is None
        breaker().require_closed()

    def test_first_try_is_not_wasted_on_a_connection_from_before(self, own_valkey: Valkey) -> None:
        with ThreadPoolExecutor(max_workers=1) as pool:
            pool.submit(whose).result()
            own_valkey.process.stop()
            breaker().rest = 1000
            with pytest.raises(RedisError):
                whose()
            own_valkey.start()
            breaker()._opens_at = 0  # its rest is over
            assert pool.submit(whose).result()
        breaker().require_closed()

    def test_answer_that_came_late_is_nobodys(self, own_valkey: Valkey) -> None:
        breaker().rest = 0  # who is next asks at once
        ask("SET", "k", "late")
        with frozen(own_valkey), pytest.raises(RedisError):
            ask("GET", "k")
        assert [ask("ECHO", word) for word in "abc"] == [b"a", b"b", b"c"]

    def test_interrupted_before_its_answer_is_never_used_again(self, own_valkey: Valkey) -> None:
        """As by Celery's signal that a task has used up its time."""
        ask("SET", "k", "late")
        with frozen(own_valkey), interrupted_within(0.05), pytest.raises(Interrupted):
            ask("GET", "k")
        assert [ask("ECHO", word) for word in "abc"] == [b"a", b"b", b"c"]


def test_who_is_split_off_has_a_connection_of_its_own() -> None:
    ours = whose()
    with get_context("fork").Pool(1) as pool:
        assert pool.apply(whose) != ours
    assert whose() == ours
