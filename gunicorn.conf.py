"""The web server: threads, because requests wait for the database rather than compute."""

import gc
import os
import socket
import struct
from pathlib import Path
from typing import Any

from core.processors import assign as pre_fork
from core.processors import stay as post_fork

__all__ = ["post_fork", "pre_fork"]

bind = f"{os.environ.get('HOST', '0.0.0.0')}:{os.environ.get('PORT', '8000')}"  # noqa: S104
worker_class = "core.staying.StayingWorker"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4
# Loaded once and shared: quicker to start, less memory, and a broken build fails at once.
preload_app = True
# Heartbeats are files: on a disk a slow write looks like a hung worker.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108

timeout = 60
graceful_timeout = 30
keepalive = 5
# A leak costs a worker's lifetime, not the service's; the jitter keeps them from leaving together.
max_requests = 10_000
max_requests_jitter = 1_000

limit_request_line = 8190
limit_request_fields = 64
limit_request_field_size = 8190

# Off: the application logs each request, with its id and without secrets in the query.
accesslog = None
# Off: nobody steers it, and the socket file would need a writable home.
control_socket_disable = True

STALLED_SECONDS = 5


def when_ready(server: Any) -> None:
    _load_routes()
    # What the workers begin with lives as long as they do: no collection looks through it, which
    # was a third of what Python did for a thousand items, and memory that they share stays shared.
    gc.collect()
    gc.freeze()
    for listener in server.LISTENERS:
        _give_up_on_stalled_clients(listener.sock)


def post_worker_init(worker: Any) -> None:
    from users.selectors import callers  # noqa: PLC0415 - the application is loaded only now

    _keep_connections(worker)
    callers.listen()  # and so it may remember who calls
    # A list is more objects than the usual 700, so each began a collection, and few left anything.
    gc.set_threshold(20_000)


def _keep_connections(worker: Any) -> None:
    """Its threads are few, and last as long as it does: there is a connection for each."""
    from django.conf import settings  # noqa: PLC0415

    from core.postgres.base import DatabaseWrapper  # noqa: PLC0415

    pool = settings.DATABASES["default"]["OPTIONS"].get("pool")
    if pool and worker.cfg.threads <= pool["max_size"]:
        DatabaseWrapper.kept_seconds = pool["max_idle"]


def _load_routes() -> None:
    """Before the workers split off, lest the first request of each be slow."""
    from django.urls import get_resolver  # noqa: PLC0415

    _ = get_resolver().url_patterns


def _give_up_on_stalled_clients(listener: socket.socket) -> None:
    """Drop a client that sends nothing for a while in the middle of its request.

    Without a buffering proxy in front, eight such clients would hold every thread for ever.
    Accepted sockets inherit the timeout from the listening one on Linux.
    """
    seconds = struct.pack("ll", STALLED_SECONDS, 0)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, seconds)
