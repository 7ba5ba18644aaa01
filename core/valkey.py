"""The cache's server spoken to directly: what every call asks, without what a client adds to it.

A client's way of retrying, measuring and reading costs as much as the server's answer. The pool is
the cache's, behind the same breaker.
"""

from typing import Any

from django.core.cache import cache
from hiredis import pack_command


def ask(*command: Any) -> Any:
    """The answer, as the protocol has it. Raises `redis.RedisError`."""
    pool = client().connection_pool
    connection = pool.get_connection()
    try:
        # As `send_command`, which asks each word of what type it is.
        connection.send_packed_command([pack_command(command)])
        return connection.read_response()
    finally:
        pool.release(connection)


def tell(*command: Any) -> None:
    """Sent, and nobody waits for what becomes of it. Raises `redis.RedisError` if it is not."""
    pool = client().connection_pool
    connection = pool.get_connection()
    try:
        # Of the next command no answer comes, and of this one neither.
        connection.send_packed_command(
            connection.pack_commands([("CLIENT", "REPLY", "SKIP"), command])
        )
    finally:
        pool.release(connection)


def client() -> Any:
    return cache.client.get_client(write=True)  # type: ignore[attr-defined]
