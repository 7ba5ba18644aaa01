"""The web server that runs in production, before the test's database."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.request import urlopen

from django.conf import settings
from django.db import connection

from scripts.processes import LOOPBACK, Process, free_port


def environment(**more: str) -> dict[str, str]:
    """Of a process that works on the database of the tests."""
    url = "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict)
    kind = "omni_stock.settings.test"
    return {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": kind, **more}


@contextmanager
def web_server(
    log: Path, application: str = "omni_stock.wsgi", workers: int = 1
) -> Iterator[tuple[int, Process]]:
    """Its port and its master process."""
    port = free_port()
    told = environment(WEB_CONCURRENCY=str(workers), HOST=LOOPBACK, PORT=str(port))
    command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", application]
    server = Process("gunicorn", command, log, cwd=settings.BASE_DIR, env=told)
    try:
        server.start(lambda: answers(port))
        yield port, server
    finally:
        server.stop()


def answers(port: int) -> bool:
    with suppress(OSError), urlopen(f"http://{LOOPBACK}:{port}/health/", timeout=5) as answer:
        return bool(answer.status == 200)
    return False
