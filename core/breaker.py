"""A server that does not answer is left alone for a while, so that requests do not wait for it."""

import time
from threading import Lock
from typing import Any

import structlog
from redis import ConnectionPool
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.maint_notifications import MaintNotificationsConfig

REST_SECONDS = 3
_log = structlog.get_logger(__name__)


class ServerAway(RedisConnectionError):
    """Not asked, because it did not answer a moment ago."""


class Breaker:
    """Closed while all is well; a failure opens it for `rest` seconds, then one caller tries."""

    def __init__(self, place: str, rest: float = REST_SECONDS) -> None:
        self.place, self.rest = place, rest
        self._opens_at: float | None = None
        self._lock = Lock()

    def require_closed(self) -> None:
        """Raises `ServerAway` while it is open."""
        if self._opens_at is None:  # as nearly always, and then nobody waits for the lock
            return
        with self._lock:
            if self._opens_at is None:
                return
            now = time.monotonic()
            if now < self._opens_at:
                raise ServerAway(f"{self.place} is away.")
            # This caller tries; whatever becomes of it, the next one does after another rest.
            self._opens_at = now + self.rest

    def report(self, *, well: bool) -> None:
        """How it went."""
        if well and self._opens_at is None:
            return
        with self._lock:
            was_well = self._opens_at is None
            self._opens_at = None if well else time.monotonic() + self.rest
        if well and not was_well:
            _log.warning("server_is_back", place=self.place)
        elif was_well and not well:
            _log.warning("server_is_away", place=self.place)


class GuardedPool(ConnectionPool):
    """Connections to Redis behind a breaker: for the cache and, through it, for the limits.

    A command that fails for the connection's sake gives it back closed.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Valkey knows no notices of maintenance. A connection that asks for them refers to itself,
        # and would not be closed with its last reference.
        kwargs["maint_notifications_config"] = MaintNotificationsConfig(enabled=False)
        super().__init__(*args, **kwargs)
        known = self.connection_kwargs
        self.breaker = Breaker(f"redis {known.get('host')}:{known.get('port')}/{known.get('db')}")

    def get_connection(self, *args: Any, **kwargs: Any) -> Any:
        self.breaker.require_closed()
        return super().get_connection(*args, **kwargs)

    def release(self, connection: Any) -> None:
        well = connection.is_connected
        super().release(connection)
        self.breaker.report(well=well)
