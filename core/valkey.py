"""The cache's server spoken to directly: what every call asks, without what a client adds to it.

A client's way of sharing connections, retrying and measuring costs more than the server's answer.
Each thread keeps a connection of its own, to where the cache's pool leads, behind the same breaker.
"""

import os
import threading
from typing import Any

from django.core.cache import cache, caches
from hiredis import pack_command
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError

# Of the next command no answer comes, and of this one neither.
_UNANSWERED = pack_command(("CLIENT", "REPLY", "SKIP"))  # type: ignore[arg-type]


def ask(*command: Any) -> Any:
    """The answer, as the protocol has it. Raises `redis.RedisError`.

    A server that goes away before it answers may have done it, and the next one does it again.
    """
    answer = _line().say(pack_command(command), answered=True)
    if isinstance(answer, ResponseError):
        raise answer
    return answer


def tell(*command: Any) -> None:
    """Sent, and nobody waits for what becomes of it. Raises `redis.RedisError` if it is not."""
    _line().say(_UNANSWERED + pack_command(command), answered=False)


def named(key: str) -> str:
    """As the cache names it."""
    return _line().prefix + key


def client() -> Any:
    return cache.client.get_client(write=True)  # type: ignore[attr-defined]


class _Line:
    """A thread's way to the server."""

    def __init__(self) -> None:
        self.settings = caches.settings
        self.prefix = str(cache.make_key(""))
        self.pool = client().connection_pool
        self._idle: Any = None

    def say(self, words: bytes, *, answered: bool) -> Any:
        """Who has the connection has it alone, and gives it back only when all that it asked is
        answered: what comes late, after whatever went wrong, is heard by nobody."""
        breaker = self.pool.breaker
        breaker.require_closed()
        kept, self._idle = self._idle, None
        connection = kept or self.pool.connection_class(**self.pool.connection_kwargs)
        try:
            try:
                answer = _exchange(connection, words, answered)
            except RedisConnectionError:
                if not kept:
                    raise
                # The server closed it while nobody used it, which is no failure: it connects anew.
                answer = _exchange(connection, words, answered)
        except RedisError:
            breaker.report(well=False)
            raise
        if answered:  # else nobody knows
            breaker.report(well=True)
        self._idle = connection
        return answer


def _exchange(connection: Any, words: bytes, answered: bool) -> Any:
    connection.send_packed_command([words])
    try:
        return connection.read_response() if answered else None
    except ResponseError as refusal:
        return refusal  # an answer as well


class _Own(threading.local):
    """A thread that ends closes its connection."""

    line: _Line | None = None


_own = _Own()
# Who is split off begins with a line of its own.
os.register_at_fork(after_in_child=lambda: vars(_own).clear())


def _line() -> _Line:
    line = _own.line
    if line is None or line.settings is not caches.settings:
        line = _own.line = _Line()
    return line
