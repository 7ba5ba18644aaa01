"""Many take the same item at once from the web server of production, and some are killed."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from http.client import HTTPException
from pathlib import Path

import pytest
from django.conf import settings as project
from django.db.models import Sum

from inventory.models import Collectible, ImportJob, ImportRow, StockLevel, StockMovement
from inventory.selectors import find_drift, find_tampering
from inventory.services import Receipt, StockService
from sales.models import SalesEntry
from tests.conftest import pair_for
from tests.core.servers import environment, web_server
from tests.factories import CollectibleFactory, StoreFactory, UserFactory, VendorFactory
from tests.races import ROUNDS, await_true
from tests.stock.server import Answer, Caller, await_nobody_else, hammer, workers_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.chaos]
BLOWS = int(os.environ.get("HAMMER", "400"))
KILLS = max(1, BLOWS // 400)
BULK = 2000


def test_exactly_what_there_is_is_sold(tmp_path: Path) -> None:
    """Half as many units as people who want one."""
    user = UserFactory()
    store = StoreFactory(vendor=VendorFactory(owner=user))
    item = CollectibleFactory(vendor=store.vendor, quantity=0)
    units = BLOWS // 2
    StockService.receive(receipts=[Receipt(item, store, units)], by=user)
    wish = {"item": item.pk, "quantity": 1, "unit_price": "9.99"}
    answers: list[Answer] = []
    started = time.monotonic()
    with web_server(tmp_path / "log", workers=2) as (port, _server):
        while len(answers) < BLOWS:
            # A token is good for a quarter of an hour, which the longest doses outlast.
            token = str(pair_for(user)["access"])

            def buy(count: int, token: str = token) -> list[Answer]:
                caller = Caller(port, token)
                return [caller.post("/api/v1/sales/", wish) for _ in range(count)]

            answers += hammer(16, min(1000, BLOWS - len(answers)), buy)
        took = time.monotonic() - started

    print(f"{BLOWS} requests in {took:.1f} s: {BLOWS / took:.0f} a second")  # noqa: T201
    assert Counter(answer.status for answer in answers) == {201: units, 409: BLOWS - units}
    refused = [answer.body["code"] for answer in answers if answer.status == 409]
    assert set(refused) == {"insufficient_stock"}
    numbers = sorted(answer.body["number"][-6:] for answer in answers if answer.status == 201)
    assert numbers == [f"{n:06}" for n in range(1, units + 1)]
    level = StockLevel.objects.get()
    assert (level.on_hand, level.allocated) == (0, 0)
    assert StockMovement.objects.aggregate(sum=Sum("quantity"))["sum"] == 0
    assert StockMovement.objects.count() == units + 1
    assert SalesEntry.objects.aggregate(sum=Sum("revenue"))["sum"] == units * Decimal("9.99")
    assert find_drift() == []
    assert find_tampering() == []


def test_last_unit_is_sold_to_one_of_two(tmp_path: Path) -> None:
    user = UserFactory()
    store = StoreFactory(vendor=VendorFactory(owner=user))
    items = [CollectibleFactory(vendor=store.vendor, quantity=1) for _ in range(ROUNDS)]
    with web_server(tmp_path / "log", workers=2) as (port, _server), ThreadPoolExecutor(2) as pool:
        token = str(pair_for(user)["access"])
        callers = [Caller(port, token) for _ in range(2)]
        for item in items:
            wish = {"item": item.pk, "quantity": 1, "unit_price": "9.99"}
            sent = [pool.submit(caller.post, "/api/v1/sales/", wish) for caller in callers]
            got = sorted((each.result() for each in sent), key=lambda answer: answer.status)
            assert [answer.status for answer in got] == [201, 409]
            assert got[1].body["code"] == "insufficient_stock"
    assert not StockLevel.objects.exclude(on_hand=0).exists()
    assert find_drift() == []


RECEIVE = """
import django
django.setup()
from inventory.models import Collectible
from inventory.services import Receipt, StockService
items = list(Collectible.objects.select_related("vendor__owner").order_by("pk"))
store = items[0].vendor.stores.get()
receipts = [Receipt(item, store, 2) for item in items]
print("ready", flush=True)
StockService.receive(receipts=receipts, by=items[0].vendor.owner)
print("done", flush=True)
"""


def bulk_of_items() -> None:
    user = UserFactory()
    store = StoreFactory(vendor=VendorFactory(owner=user))
    Collectible.objects.bulk_create(
        Collectible(name=f"Item {n}", sku=f"S{n}", vendor=store.vendor) for n in range(BULK)
    )


@pytest.mark.parametrize("kill", range(KILLS))
def test_bulk_of_a_killed_process_is_all_or_nothing(kill: int) -> None:
    """`kill -9` at one moment after the other, from the first statement to the commit."""
    bulk_of_items()
    child = subprocess.Popen(
        [sys.executable, "-c", RECEIVE],
        env=environment(),
        cwd=project.BASE_DIR,
        stdout=subprocess.PIPE,
    )
    assert child.stdout
    assert child.stdout.readline() == b"ready\n"
    time.sleep(0.4 + 3 * kill / KILLS)
    child.kill()
    done = child.stdout.read() == b"done\n"
    child.wait()
    await_nobody_else()
    counted = StockMovement.objects.count()
    assert counted in ({BULK} if done else {0, BULK})
    total = StockLevel.objects.aggregate(sum=Sum("on_hand", default=0))["sum"]
    assert total == 2 * counted
    assert find_drift() == []
    assert find_tampering() == []


def test_import_of_a_killed_worker_stops_between_chunks(tmp_path: Path) -> None:
    """The web worker that does it is killed; whoever sends the table again gets all of it once."""
    user = UserFactory()
    StoreFactory(vendor=VendorFactory(owner=user))
    table = ["name,sku,quantity,cost", *(f"Item {n},S{n},{n % 5},1.10" for n in range(BULK))]
    token = str(pair_for(user)["access"])
    with web_server(tmp_path / "log") as (port, server):
        [worker] = workers_of(server)
        with ThreadPoolExecutor(1) as pool:
            sent = pool.submit(Caller(port, token).upload, "\n".join(table))
            await_true(StockMovement.objects.exists)
            os.kill(worker, signal.SIGKILL)
            with pytest.raises((HTTPException, ConnectionError)):
                sent.result()
        await_nobody_else()
        job = ImportJob.objects.get()
        assert 0 < job.processed < BULK
        assert job.processed % project.IMPORT_CHUNK_ROWS == 0
        assert ImportRow.objects.count() == Collectible.objects.count() == job.processed
        assert units() == sum(n % 5 for n in range(job.processed))
        assert find_drift() == []
        again = Caller(port, token).upload("\n".join(table))
    assert again.status == 202
    new = ImportJob.objects.latest("pk")
    assert (new.unchanged, new.created, new.failed) == (job.processed, BULK - job.processed, 0)
    assert units() == sum(n % 5 for n in range(BULK))
    assert find_drift() == []
    assert find_tampering() == []


def units() -> int:
    return int(StockMovement.objects.aggregate(sum=Sum("quantity", default=0))["sum"])
