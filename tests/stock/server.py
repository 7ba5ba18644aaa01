"""The web server of production on the database of the tests, and many who call it at once."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

from django.db import connection

from scripts.processes import LOOPBACK, Process
from tests.races import await_true


class Answer(NamedTuple):
    status: int
    body: Any


def workers_of(server: Process) -> list[int]:
    """The keys of its processes."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children")
    return [int(pid) for pid in children.read_text().split()]


class Caller:
    """A client that keeps its connection, with somebody's token."""

    def __init__(self, port: int, token: str) -> None:
        self._line = HTTPConnection(LOOPBACK, port, timeout=100)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def get(self, path: str) -> Answer:
        self._line.request("GET", path, headers=self._headers)
        return self._answer()

    def post(self, path: str, body: Any) -> Answer:
        self._line.request("POST", path, json.dumps(body), self._headers)
        return self._answer()

    def upload(self, table: str) -> Answer:
        """A CSV to import."""
        head = 'Content-Disposition: form-data; name="file"; filename="t.csv"'
        body = f"--edge\r\n{head}\r\n\r\n{table}\r\n--edge--\r\n"
        form = {"Content-Type": "multipart/form-data; boundary=edge"}
        headers = {**self._headers, **form}
        self._line.request("POST", "/api/v1/catalog/imports/", body, headers)
        return self._answer()

    def _answer(self) -> Answer:
        answer = self._line.getresponse()
        return Answer(answer.status, json.loads(answer.read() or b"null"))


def hammer(callers: int, blows: int, blow: Callable[[int], list[Any]]) -> list[Any]:
    """What all callers got; `blow(count)` is one caller's share of the blows."""
    shares = [blows // callers + (n < blows % callers) for n in range(callers)]
    with ThreadPoolExecutor(callers) as pool:
        return [answer for answers in pool.map(blow, shares) for answer in answers]


def await_nobody_else() -> None:
    """Until the database has noticed that a killed process is gone."""
    await_true(lambda: not _others())


def _others() -> int:
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
                AND backend_type = 'client backend'
        """)
        return int(cursor.fetchone()[0])
