"""Threads of the web server stay with a connection, as long as nobody waits for them."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPResponse
from itertools import pairwise
from pathlib import Path

import pytest

from scripts.processes import LOOPBACK
from tests.core.servers import web_server

pytestmark = pytest.mark.django_db(transaction=True)
THREADS = 4
ASK = b"GET /api/v1/auth/me/ HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    with web_server(tmp_path / "log", "tests.core.telling") as (port, _server):
        yield port


def dial(port: int) -> socket.socket:
    return socket.create_connection((LOOPBACK, port), 20)


def thread_that_answers(line: socket.socket) -> str:
    answer = HTTPResponse(line)
    answer.begin()
    answer.read()
    assert answer.status == 401
    return answer.headers["Thread"]


def ask(line: socket.socket) -> str:
    line.sendall(ASK)
    return thread_that_answers(line)


def test_who_asks_again_at_once_is_answered_by_the_same_thread(port: int) -> None:
    """gunicorn's own take turns as it comes, and the same one twice in a third of the cases. A busy
    machine may keep the client for longer than a moment, but not in each of five series."""

    def stayed() -> int:
        with dial(port) as line:
            threads = [ask(line) for _ in range(41)]
        return sum(one == another for one, another in pairwise(threads))

    assert any(stayed() > 30 for _ in range(5))


def test_who_asks_later_is_answered(port: int) -> None:
    with dial(port) as line:
        for _ in range(3):
            assert ask(line)
            time.sleep(0.05)


def test_requests_that_come_at_once_are_all_answered(port: int) -> None:
    """The server reads the second one with the first."""
    with dial(port) as line:
        line.sendall(ASK + ASK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        answers = b"".join(iter(lambda: line.recv(65536), b""))
    assert answers.count(b"HTTP/1.1 401 ") == 2


def test_more_who_never_rest_than_threads_are_all_served(port: int) -> None:
    begin = threading.Barrier(3 * THREADS)

    def insist() -> int:
        with dial(port) as line:
            begin.wait(20)
            over = time.monotonic() + 2
            answers = 0
            while time.monotonic() < over:
                assert ask(line)
                answers += 1
            return answers

    with ThreadPoolExecutor(3 * THREADS) as pool:
        answers = [each.result() for each in [pool.submit(insist) for _ in range(3 * THREADS)]]
    assert min(answers) > max(answers) / 10


def test_lines_that_rest_keep_nobody_waiting(port: int) -> None:
    resting = [dial(port) for _ in range(2 * THREADS)]
    try:
        assert all(map(ask, resting))
        with dial(port) as line:
            assert ask(line)
        assert all(map(ask, resting))
    finally:
        for line in resting:
            line.close()


def test_worker_that_ends_finishes_what_it_began(tmp_path: Path) -> None:
    """Each answer is whole; the line ends after one, at the latest where it had been kept."""
    with (
        web_server(tmp_path / "log", "tests.core.telling") as (port, server),
        dial(port) as line,
        ThreadPoolExecutor(1) as pool,
    ):
        assert ask(line)
        stopping = pool.submit(server.stop)
        answers = 0
        try:
            while ask(line):
                answers += 1
        except OSError:
            assert answers
        stopping.result(30)
