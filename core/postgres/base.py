"""PostgreSQL as Django talks to it; a pooled connection is looked at, not asked, before its use.

Django's pool asks PostgreSQL once more for every request whether it is there. A connection that was
ended has something to read, its end, and that is known without asking anybody.
"""

from select import POLLIN, poll
from typing import Any

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        while self.pool and _has_ended(connection):
            connection.close()
            self.pool.putconn(connection)
            connection = self.pool.getconn()
        return connection


def _has_ended(connection: Any) -> bool:
    looked_at = poll()
    looked_at.register(connection.fileno(), POLLIN)
    return bool(looked_at.poll(0))
