from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.cache import close_caches
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connections, reset_queries
from django.db.models.signals import pre_migrate


class CoreConfig(AppConfig):
    name = "core"

    def ready(self) -> None:
        from core.events import subscribe
        from core.handlers import wake_relay
        from core.outbox import MessagesWaiting

        subscribe(MessagesWaiting, wake_relay)
        pre_migrate.connect(_wait_for_locks, sender=self)
        # The cache's connections are a pool's: after a request there is none to be closed. And
        # what is looked after at the end of a request need not be at the start of the next.
        request_finished.disconnect(close_caches)
        request_started.disconnect(close_old_connections)
        if not settings.DEBUG:
            request_started.disconnect(reset_queries)


def _wait_for_locks(using: str, **_signal: Any) -> None:
    """`migrate` waits for whoever uses a table; DB_LOCK_TIMEOUT is for those who are waited for."""
    with connections[using].cursor() as cursor:
        cursor.execute("SET lock_timeout = 0")
