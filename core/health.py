"""Is the process up (`/health/`), and can it serve (`/health/ready/`)?

Details go to the log only. Without database or migrations the node is `unhealthy` (503); without
cache or broker it is `degraded` and goes on serving, so a balancer must not take it out.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from functools import cache as remember

import redis
import structlog
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from core.problems import only_read

BUDGET_SECONDS = 0.5
_log = structlog.get_logger(__name__)
_pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="health")
_running: dict[str, Future[None]] = {}


@only_read
@never_cache
def health(request: HttpRequest) -> JsonResponse:
    """200 while the process answers; asks nobody else."""
    return JsonResponse({"status": "healthy", "timestamp": _now()})


@only_read
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """`{status, database, cache, broker, migrations, timestamp}`; 503 when it cannot serve."""
    parts = _examine()
    if not (parts["database"] and parts["migrations"]):
        status = "unhealthy"
    else:
        status = "healthy" if all(parts.values()) else "degraded"
    words = {name: "healthy" if well else "unhealthy" for name, well in parts.items()}
    body = {"status": status, **words, "timestamp": _now()}
    return JsonResponse(body, status=503 if status == "unhealthy" else 200)


def _examine() -> dict[str, bool]:
    asked = {name: _ask(name, check) for name, check in CHECKS.items()}
    wait_for(asked.values(), timeout=BUDGET_SECONDS)
    return {name: _well(name, future) for name, future in asked.items()}


def _ask(name: str, check: Callable[[], None]) -> Future[None]:
    """An earlier probe may wait for an answer still: asking anew would use up the threads."""
    running = _running.get(name)
    if running is None or running.done():
        running = _running[name] = _pool.submit(check)
    return running


def _well(name: str, future: Future[None]) -> bool:
    if not future.done():
        _log.warning("dependency_too_slow", dependency=name, seconds=BUDGET_SECONDS)
        return False
    if error := future.exception():
        _log.warning("dependency_down", dependency=name, exc_info=error)
        return False
    return True


def _database() -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()


def _migrations() -> None:
    try:
        _require_migrated()
    finally:
        connection.close()


@remember
def _require_migrated() -> None:
    """Costly, and once true it stays true for this code: an exception is not remembered."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise RuntimeError("There are unapplied migrations.")


def _cache() -> None:
    cache.set("health", "well", 10)
    if cache.get("health") != "well":
        raise RuntimeError("The cache does not give back what it was given.")


def _broker() -> None:
    client = redis.Redis.from_url(
        settings.CELERY_BROKER_URL, socket_timeout=0.4, socket_connect_timeout=0.4
    )
    with client:
        client.ping()


def _now() -> str:
    return timezone.now().isoformat().replace("+00:00", "Z")


CHECKS: dict[str, Callable[[], None]] = {
    "database": _database,
    "cache": _cache,
    "broker": _broker,
    "migrations": _migrations,
}
