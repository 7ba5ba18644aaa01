"""What the tests of the core share: how a refusal looks, servers to take away, and our own."""

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import urlopen

import pytest
from django.conf import settings as project
from django.core.cache import cache
from django.db import connection
from django.test import override_settings

from scripts.processes import LOOPBACK, Process, free_port
from scripts.services import Valkey

Refusal = Callable[..., None]


@pytest.fixture
def assert_problem() -> Refusal:
    """Compare an answer with the one form that every refusal has, to the last key."""

    def compare(
        answer: Any, status: int, code: str, detail: str, errors: Any = (), **extra: Any
    ) -> None:
        assert answer.status_code == status, answer.content
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json() == {
            "type": f"/api/docs/errors/#{code}",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": detail,
            "code": code,
            "error": detail,
            "errors": list(errors),
            "request_id": answer["X-Request-ID"],
            **extra,
        }

    return compare


@pytest.fixture
def dead_redis() -> str:
    """An address where nobody listens."""
    return f"redis://{LOOPBACK}:{free_port()}/0"


@contextmanager
def cache_at(url: str) -> Iterator[None]:
    """The cache lies there, with new clients and under the keys of this test worker."""
    prefix = cache.key_prefix
    patience = {"SOCKET_CONNECT_TIMEOUT": 0.3, "SOCKET_TIMEOUT": 0.3}
    options = {**project.CACHES["default"]["OPTIONS"], **patience}
    place = {**project.CACHES["default"], "LOCATION": url, "KEY_PREFIX": prefix, "OPTIONS": options}
    try:
        with override_settings(CACHES={"default": place}):
            yield
    finally:
        cache.key_prefix = prefix


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[Valkey]:
    """A running server that the cache uses and that the test may stop."""
    server = Valkey(tmp_path / "data", port=free_port(), log=tmp_path / "log", durable=False)
    server.start()
    try:
        with cache_at(server.url):
            yield server
    finally:
        server.process.stop()


class Silence:
    """Somebody who takes connections, counts them, and never answers."""

    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.url = f"redis://{LOOPBACK}:{listener.getsockname()[1]}/0"
        self.taken: list[socket.socket] = []
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self) -> None:
        with suppress(OSError):
            while True:
                self.taken.append(self.listener.accept()[0])

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        for line in self.taken:
            line.close()


@pytest.fixture
def silence() -> Iterator[Silence]:
    with socket.create_server((LOOPBACK, 0)) as listener:
        somebody = Silence(listener)
        yield somebody
        somebody.close()


@contextmanager
def frozen(server: Valkey) -> Iterator[None]:
    """It takes connections and never answers."""
    assert server.process.pid
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.process.pid, signal.SIGCONT)


class Web(NamedTuple):
    port: int
    pid: int


@pytest.fixture(scope="session")
def web(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """The web server of production, one worker of it, on the database of the tests."""
    place, port = connection.settings_dict, free_port()
    environment = os.environ | {
        "DATABASE_URL": "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**place),
        "DJANGO_SETTINGS_MODULE": "omni_stock.settings.test",
        "WEB_CONCURRENCY": "1",
        "HOST": LOOPBACK,
        "PORT": str(port),
    }
    command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "omni_stock.wsgi"]
    log: Path = tmp_path_factory.mktemp("gunicorn") / "log"
    server = Process("gunicorn", command, log, cwd=project.BASE_DIR, env=environment)
    try:
        server.start(lambda: _answers(port))
        assert server.pid
        yield Web(port, server.pid)
    finally:
        server.stop()


def _answers(port: int) -> bool:
    with suppress(OSError), urlopen(f"http://{LOOPBACK}:{port}/health/", timeout=5) as answer:
        return bool(answer.status == 200)
    return False


@pytest.fixture
def line(web: Web) -> Iterator[socket.socket]:
    """A connection to it."""
    with closing(socket.create_connection((LOOPBACK, web.port), timeout=20)) as connected:
        yield connected
