"""The cache's server, spoken to directly."""

import pytest
from django.core.cache import cache
from redis.exceptions import RedisError, ResponseError

from core.valkey import ask, client, tell
from scripts.services import Valkey


def test_asks_as_the_protocol_has_it() -> None:
    assert ask("SET", "k", "v", "EX", 60) in (True, b"OK", "OK")
    assert ask("GET", "k") == b"v"
    with pytest.raises(ResponseError):
        ask("INCR", "k")
    assert ask("DEL", "k") == 1


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
