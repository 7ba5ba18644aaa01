from typing import Any

from django.apps import AppConfig
from django.core.cache import close_caches
from django.core.signals import request_finished
from django.db import connections
from django.db.models.signals import pre_migrate


class CoreConfig(AppConfig):
    name = "core"

    def ready(self) -> None:
        from core.events import subscribe
        from core.handlers import wake_relay
        from core.outbox import MessagesWaiting

        subscribe(MessagesWaiting, wake_relay)
        pre_migrate.connect(_wait_for_locks, sender=self)
        # The cache's connections are a pool's: after a request there is none to be closed.
        request_finished.disconnect(close_caches)


def _wait_for_locks(using: str, **_signal: Any) -> None:
    """`migrate` waits for whoever uses a table; DB_LOCK_TIMEOUT is for those who are waited for."""
    with connections[using].cursor() as cursor:
        cursor.execute("SET lock_timeout = 0")
