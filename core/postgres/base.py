"""PostgreSQL as Django talks to it; a pooled connection is looked at, not asked, before its use.

Django's pool asks PostgreSQL once more for every request whether it is there. A connection that was
ended has something to read, its end, and that is known without asking anybody. And times are read
by the interpreter's own reader: by Django's, written in Python, they cost more than all else of a
row together.

To take a connection and give it back costs as much as a question. A server of few threads that last
lets each keep its own between requests (`kept_seconds`, set in gunicorn.conf.py).

And a transaction begins with the first statement that wants one: what `core.prepared` reads before
sees what is committed, as it would inside (docs/decisions/0027-fast-writes.md). A savepoint can end
with what a transaction ends with.
"""

import time
from datetime import UTC, datetime
from select import POLLIN, poll
from typing import Any

from django.db.backends.postgresql import base
from psycopg.types.datetime import TimestamptzLoader
from psycopg_pool import ConnectionPool

# Of our constraints, all that can be deferred are, and are to be so again.
_CHECK = "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED"


class DatabaseWrapper(base.DatabaseWrapper):
    kept_seconds = 0  # until then a pooled connection stays with its thread
    health_check_done: bool
    is_to_begin = False
    checks = False  # at the end of the next savepoint what COMMIT would, and in the same call

    @property
    def pool(self) -> Any:
        made = super().pool
        if type(made) is ConnectionPool:
            made.__class__ = Pool  # Django has no setting for it
        return made

    def connect(self) -> None:
        super().connect()
        if self.pool:
            self.close_at = time.monotonic() + self.kept_seconds

    def close_if_health_check_failed(self) -> None:
        if self.connection is None or self.health_check_done:
            return
        if not self.pool:
            super().close_if_health_check_failed()
        elif _has_ended(self.connection):
            self.close()
        self.health_check_done = True

    def begin(self) -> None:
        """Now, if a transaction is open that has not begun."""
        if self.is_to_begin:
            self.is_to_begin = False
            super()._set_autocommit(False)  # type: ignore[misc]

    def create_cursor(self, name: str | None = None) -> Any:
        self.begin()
        return super().create_cursor(name)

    def validate_no_broken_transaction(self) -> None:
        """Asked before each statement, also of a cursor that is older than the transaction."""
        super().validate_no_broken_transaction()
        self.begin()

    def _set_autocommit(self, autocommit: bool) -> None:
        if autocommit and not self.is_to_begin:
            super()._set_autocommit(True)  # type: ignore[misc]
        self.is_to_begin = not autocommit

    def _commit(self) -> None:
        if not self.is_to_begin:
            super()._commit()  # type: ignore[misc]

    def _rollback(self) -> None:
        if not self.is_to_begin:
            super()._rollback()  # type: ignore[misc]

    def _savepoint_commit(self, sid: str) -> None:
        release = self.ops.savepoint_commit_sql(sid)
        if self.checks:
            self.checks = False
            release = f"{_CHECK}; {release}"
        with self.cursor() as cursor:
            cursor.execute(release)

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        self.is_to_begin = self.checks = False
        connection = super().get_new_connection(conn_params)
        while self.pool and _has_ended(connection):
            connection.close()
            self.pool.putconn(connection)
            connection = self.pool.getconn()
        return connection

    def _configure_connection(self, connection: Any) -> Any:
        if self.timezone == UTC:
            connection.adapters.register_loader("timestamptz", UTCLoader)
        return super()._configure_connection(connection)  # type: ignore[misc]


class Pool(ConnectionPool[Any]):
    """Gives out the connection that came back last, in place of the one that rested longest.

    Its server process has plans and pages at hand, and what fewer callers do not need falls idle,
    so that it is closed.
    """

    def _get_ready_connection(self, timeout: float | None) -> Any:
        self._pool.rotate(1)
        return super()._get_ready_connection(timeout)


class UTCLoader(TimestamptzLoader):
    """Times of a connection whose time zone is UTC, which ends them with `+00`."""

    timezone = UTC  # Django asks

    def load(self, data: Any) -> datetime:
        try:
            return datetime.fromisoformat(str(data, "ascii"))
        except ValueError:  # before Christ, or after the year 9999: psycopg knows how to refuse
            return super().load(data)


def has_something_to_say(descriptor: int) -> bool:
    """Whether something of a connection has arrived that nobody has read, be it its end."""
    looked_at = poll()
    looked_at.register(descriptor, POLLIN)
    return bool(looked_at.poll(0))


def _has_ended(connection: Any) -> bool:
    """Nobody asks it anything, so it has nothing else to say."""
    return has_something_to_say(connection.fileno())
