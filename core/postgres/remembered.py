"""Rows that a process remembers for as long as PostgreSQL does not say that they changed.

A trigger (`core.triggers.tells`) sends a notification with the commit that changes a row, whoever
writes, and however. A process that lasts hears them with a thread and a connection of its own
(`RowMemory.listen`, gunicorn.conf.py); one that does not listen remembers nothing.

What was said counts from the moment that it arrives, and not when the thread gets to read it: who
asks for a row looks whether something has arrived. And no row is remembered for longer than
`seconds`, for a connection whose other end is gone may stay silent
(docs/decisions/0029-callers-are-remembered.md).
"""

import threading
import time
import uuid
from collections.abc import Hashable
from select import POLLIN, poll
from typing import Any

import structlog
from django.db import DEFAULT_DB_ALIAS, Error, OperationalError, connections

from core.postgres.base import has_something_to_say

_log = structlog.get_logger(__name__)
MOST = 2000
PATIENCE = 2  # seconds for a notification of one's own to arrive


class RowMemory:
    """What was made of rows, each by the name that its table's trigger says and any key.

    A lost connection is made anew after `pause` seconds; nothing is remembered until then.
    """

    def __init__(self, channel: str, *, seconds: float = 10, pause: float = 5) -> None:
        self.channel, self.seconds, self.pause = channel, seconds, pause
        self.heard = 0  # moves when something that is being read may have changed meanwhile
        self._kept: dict[tuple[str, Hashable], tuple[float, Any]] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._descriptor = -1
        self._is_deaf = True  # or is reading what has arrived

    def get(self, row: str, key: Hashable) -> Any:
        """None if nothing is remembered, or if something was said that is not read yet."""
        if not self.is_up_to_date:
            return None
        until, value = self._kept.get((row, key), (0, None))
        return value if time.monotonic() < until else None

    def keep(self, row: str, key: Hashable, value: Any, since: int) -> None:
        """`since` is what was `heard` before the row was read."""
        with self._lock:
            if self._is_deaf or since != self.heard:
                return
            if len(self._kept) >= MOST:
                self._kept.clear()
            self._kept[row, key] = time.monotonic() + self.seconds, value

    @property
    def is_up_to_date(self) -> bool:
        # Looked at last again: what is being read has left the connection.
        deaf = self._is_deaf or has_something_to_say(self._descriptor) or self._is_deaf
        return not deaf

    def listen(self) -> threading.Thread:
        """From soon on; the thread ends with the process."""
        self._ended.clear()
        name = f"hears {self.channel}"
        thread = threading.Thread(target=self._listen, name=name, daemon=True)
        thread.start()
        return thread

    def close(self) -> None:
        self._ended.set()
        self._say("the end")

    def _listen(self) -> None:
        is_lost = False
        while not self._ended.is_set():
            connection = connections[DEFAULT_DB_ALIAS].copy()
            connection.settings_dict["OPTIONS"]["pool"] = None
            try:
                with connection.wrap_database_errors:
                    connection.ensure_connection()
                    raw: Any = connection.connection
                    raw.execute(f"LISTEN {self.channel}")
                    self._require_delivery(raw)
                    if is_lost:
                        _log.info("notifications_are_back", channel=self.channel)
                    is_lost = False
                    self._hear(raw)
            except Error as error:
                if not is_lost:
                    _log.warning("notifications_lost", channel=self.channel, reason=str(error))
                is_lost = True
            finally:
                self._forget_all()
                connection.close()
            self._ended.wait(self.pause)

    def _require_delivery(self, raw: Any) -> None:
        """A pooler in between may take LISTEN and pass nothing on."""
        nonce = uuid.uuid4().hex
        self._say(nonce)
        for said in raw.notifies(timeout=PATIENCE):
            if said.payload == nonce:
                return
        raise OperationalError("Notifications do not arrive.")

    def _say(self, word: str) -> None:
        own = connections[DEFAULT_DB_ALIAS]
        try:
            with own.cursor() as cursor:
                cursor.execute("SELECT pg_notify(%s, %s)", [self.channel, word])
        finally:
            own.close()

    def _hear(self, raw: Any) -> None:
        self._descriptor = raw.fileno()
        arriving = poll()
        arriving.register(self._descriptor, POLLIN)
        with self._lock:
            self.heard += 1
            self._is_deaf = False
        while not self._ended.is_set():
            arriving.poll()
            self._is_deaf = True
            raw.pgconn.consume_input()
            while said := raw.pgconn.notifies():
                self._forget(said.extra.decode())
            self._is_deaf = False

    def _forget(self, row: str) -> None:
        with self._lock:
            self.heard += 1
            for known in [known for known in self._kept if known[0] == row]:
                del self._kept[known]

    def _forget_all(self) -> None:
        with self._lock:
            self._is_deaf = True
            self._kept.clear()
