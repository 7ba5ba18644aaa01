"""`Idempotency-Key` over real sockets, with workers that are killed at the worst moment."""

import json
import os
import signal
import time
from concurrent.futures import Future, ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from core.models import AuditLog, IdempotencyKey
from inventory.models import Collectible
from scripts.processes import LOOPBACK, Process
from tests.conftest import pair_for
from tests.core.servers import web_server
from tests.factories import CollectibleFactory
from tests.races import await_waiting
from users.models import User
from vendors.models import Vendor

pytestmark = pytest.mark.django_db(transaction=True)
ITEMS = "/api/v1/catalog/items/"
Answer = tuple[int, dict[str, str], bytes]


class Caller:
    """Somebody's client, which sends everything under one key."""

    def __init__(self, port: int, user: User) -> None:
        self.port, self.token = port, pair_for(user)["access"]

    def post(self, where: str, body: Any, **headers: str) -> Answer:
        line = HTTPConnection(LOOPBACK, self.port, timeout=30)
        headers |= {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": "k",
        }
        try:
            line.request("POST", where, json.dumps(body), headers)
            answer = line.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            line.close()

    def post_again(self, where: str, body: Any) -> Answer:
        """As clients do: until somebody answers, and while the first try is under way."""
        deadline = time.monotonic() + 60
        while True:
            try:
                answer = self.post(where, body)
            except (OSError, HTTPException):
                assert time.monotonic() < deadline
            else:
                if answer[0] != 409 or time.monotonic() > deadline:
                    return answer
            time.sleep(0.1)


def test_twenty_over_the_wire_make_one_row(owner: User, tmp_path: Path) -> None:
    with web_server(tmp_path / "log", workers=2) as (port, _server):
        caller = Caller(port, owner)
        with ThreadPoolExecutor(20) as pool:
            sent = [pool.submit(caller.post_again, ITEMS, {"name": "Falcon"}) for _ in range(20)]
        answers = [future.result() for future in sent]
    assert {(status, body) for status, _headers, body in answers} == {(201, answers[0][2])}
    marks = [headers.get("Idempotent-Replayed") for _status, headers, _body in answers]
    assert (marks.count(None), marks.count("true")) == (1, 19)
    assert (Collectible.objects.count(), IdempotencyKey.objects.count()) == (1, 1)


def test_worker_killed_between_commit_and_answer(owner: User, tmp_path: Path) -> None:
    with web_server(tmp_path / "log", "tests.core.dying") as (port, _server):
        caller = Caller(port, owner)
        with pytest.raises((OSError, HTTPException)):
            caller.post(ITEMS, {"name": "Falcon"}, **{"X-Die": "now"})
        assert Collectible.objects.count() == 1
        status, headers, body = caller.post_again(ITEMS, {"name": "Falcon"})
    assert (status, headers["Idempotent-Replayed"]) == (201, "true")
    assert json.loads(body)["id"] == Collectible.objects.get().pk


def test_worker_killed_in_the_middle_of_a_bulk_call(
    owner: User, vendor: Vendor, tmp_path: Path
) -> None:
    items = CollectibleFactory.create_batch(3, vendor=vendor)
    body = {"ids": [item.pk for item in items], "updates": {"condition": "mint"}}
    where = f"{ITEMS}bulk_update/"
    with web_server(tmp_path / "log") as (port, server), ThreadPoolExecutor(1) as pool:
        caller = Caller(port, owner)
        with transaction.atomic():
            Collectible.objects.select_for_update().get(pk=items[-1].pk)
            sent: Future[Answer] = pool.submit(caller.post, where, body)
            await_waiting([sent])
            os.kill(worker_of(server), signal.SIGKILL)
            assert isinstance(sent.exception(timeout=30), OSError | HTTPException)
        status, headers, answer = caller.post_again(where, body)
    assert (status, json.loads(answer)) == (200, {"updated": 3, "missing": [], "errors": []})
    assert "Idempotent-Replayed" not in headers
    assert set(Collectible.objects.values_list("condition", "version")) == {("mint", 2)}
    assert AuditLog.objects.filter(action__startswith="changed item").count() == 3


def worker_of(server: Process) -> int:
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text(encoding="ascii")
    (worker,) = children.split()
    return int(worker)
