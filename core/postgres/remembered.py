"""Rows that a process remembers for as long as PostgreSQL does not say that they changed.

A trigger (`core.triggers.tells`) sends a notification with the commit that changes a row, whoever
writes, and however. A process that lasts hears them with a thread and a connection of its own
(`RowMemory.listen`, gunicorn.conf.py); one that does not listen remembers nothing.

What was said counts from the moment that it arrives, and not when the thread gets to read it: who
asks for a row looks whether something has arrived. And no row is remembered for longer than
`seconds`; after as long a silence it is tried whether notifications still arrive
(docs/decisions/0029-callers-are-remembered.md).
"""

import threading
import time
import uuid
from collections.abc import Hashable, Sequence
from select import POLLIN, poll
from typing import Any

import structlog
from django.db import DEFAULT_DB_ALIAS, connections

from core.postgres.base import has_something_to_say

_log = structlog.get_logger(__name__)
MOST = 2000
MOST_KEYS = 50
PATIENCE = 2  # seconds for a notification of one's own to arrive
_TRIGGERS = """
    SELECT tgrelid::regclass::text FROM pg_trigger
    WHERE tgname LIKE 'pgtrigger\\_tells\\_%' AND tgenabled IN ('O', 'A')
"""


class NothingIsHeard(Exception):
    """The tables do not tell, or what they tell does not arrive."""


class RowMemory:
    """What was made of rows, each by the name that its table's trigger says and any key.

    `tables` are those whose triggers have to be there. A lost connection is made anew after `pause`
    seconds, and where nothing is heard after sixty times as many; nothing is remembered until then.
    """

    def __init__(
        self, channel: str, tables: Sequence[str] = (), *, seconds: float = 10, pause: float = 5
    ) -> None:
        self.channel, self.tables = channel, {*tables}
        self.seconds, self.pause = seconds, pause
        self.heard = 0  # moves when something that is being read may have changed meanwhile
        self._kept: dict[str, dict[Hashable, tuple[float, Any]]] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._descriptor = -1
        self._is_deaf = True  # or is reading what has arrived
        self._is_lost = False

    def get(self, row: str, key: Hashable) -> Any:
        """None if nothing is remembered, or if something was said that is not read yet."""
        if not self.is_up_to_date:
            return None
        until, value = self._kept.get(row, {}).get(key, (0, None))
        return value if time.monotonic() < until else None

    def keep(self, row: str, key: Hashable, value: Any, since: int) -> None:
        """`since` is what was `heard` before the row was read."""
        with self._lock:
            if self._is_deaf or since != self.heard:
                return
            if len(self._kept) >= MOST:
                self._kept.clear()
            of_row = self._kept.setdefault(row, {})
            if len(of_row) >= MOST_KEYS:
                of_row.clear()
            of_row[key] = time.monotonic() + self.seconds, value

    def forget(self, row: str) -> None:
        """Nor is anything kept of it that is being read now."""
        with self._lock:
            self.heard += 1
            self._kept.pop(row, None)

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
        while not self._ended.is_set():
            pause = self.pause
            connection = connections[DEFAULT_DB_ALIAS].copy()
            connection.settings_dict["OPTIONS"]["pool"] = None
            try:
                connection.ensure_connection()
                self._hear(connection.connection)
            except Exception as error:
                if not self._is_lost:
                    _log.warning("notifications_lost", channel=self.channel, reason=str(error))
                self._is_lost = True
                pause *= 60 if isinstance(error, NothingIsHeard) else 1
            finally:
                self._is_deaf = True
                connection.close()
            self._ended.wait(pause)

    def _hear(self, raw: Any) -> None:
        if missing := self.tables - {name for [name] in raw.execute(_TRIGGERS).fetchall()}:
            raise NothingIsHeard(f"Nothing is told of {missing}.")
        raw.execute(f"LISTEN {self.channel}")
        self._descriptor = raw.fileno()
        arriving = poll()
        arriving.register(self._descriptor, POLLIN)
        while not self._ended.is_set():
            self._require_delivery(raw)
            with self._lock:
                self.heard += 1
                self._kept.clear()
                self._is_deaf = False
            while not self._ended.is_set() and arriving.poll(self.seconds * 1000):
                self._is_deaf = True
                raw.pgconn.consume_input()
                while said := raw.pgconn.notifies():
                    self.forget(said.extra.decode())
                self._is_deaf = False
            self._is_deaf = True  # what comes while delivery is tried is not looked at

    def _require_delivery(self, raw: Any) -> None:
        """A pooler in between may take LISTEN and pass nothing on, a firewall drop what is idle."""
        nonce = uuid.uuid4().hex
        self._say(nonce)
        for said in raw.notifies(timeout=PATIENCE):
            if said.payload == nonce:
                break
        else:
            raise NothingIsHeard("Notifications do not arrive.")
        if self._is_lost:
            _log.info("notifications_are_back", channel=self.channel)
        self._is_lost = False

    def _say(self, word: str) -> None:
        own = connections[DEFAULT_DB_ALIAS]
        try:
            with own.cursor() as cursor:
                cursor.execute("SELECT pg_notify(%s, %s)", [self.channel, word])
        finally:
            own.close()
