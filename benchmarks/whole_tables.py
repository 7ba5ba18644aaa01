"""Tables out and in: rows a second until the last one is there, and what memory it took."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from statistics import median
from typing import Any

import orjson

from benchmarks.client import Ask, drive, fetch
from benchmarks.facts import Facts
from benchmarks.measuring import Figures, Outcome
from benchmarks.stand import LIMIT, OURS, PLAIN, Contestant, Stand
from benchmarks.works import ALL, ITEMS

IMPORTS, IMPORTED = "/api/v1/catalog/imports/", 10_000
BOUNDARY = "table-of-the-benchmark"
PARTS = f"""--{BOUNDARY}\r
Content-Disposition: form-data; name="file"; filename="table.csv"\r
Content-Type: text/csv\r
\r
%s\r
--{BOUNDARY}--\r
"""


@contextmanager
def _watched(contestant: Contestant) -> Iterator[list[float]]:
    """How many MB its workers grew by at most, once it is over."""
    before, most, grown = contestant.resident(), 0, [0.0]
    over = threading.Event()

    def watch() -> None:
        nonlocal most
        while not over.wait(0.05):
            most = max(most, contestant.resident())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield grown
    finally:
        over.set()
        thread.join()
        grown[0] = max(0, most - before) / 1e6


def export(stand: Stand, facts: Facts, rounds: int) -> Outcome:
    outcome = Outcome("export", "CSV export, rows/s", 12, 0.35, 0.9)
    rates: dict[str, list[float]] = {name: [] for name in ALL}
    memory = dict.fromkeys(ALL, 0.0)
    for turn in range(rounds):
        for name in ALL:
            if turn and name == PLAIN and facts.items > 300_000:
                continue  # once is long enough
            stand.sign_in()
            contestant = stand.contestants[name]
            rows = contestant.get(ITEMS)["count"]
            ask = Ask(contestant.request("GET", f"{ITEMS}export/"))
            with _watched(contestant) as grown:
                took = drive(contestant.port, iter([ask]), seconds=3600, connections=1).seconds
            rates[name].append(rows / took)
            memory[name] = max(memory[name], grown[0])
    for name in ALL:
        outcome.figures[name] = Figures(rate=median(rates[name]), memory=memory[name])
    return outcome


def take_in(stand: Stand, facts: Facts, rounds: int) -> Outcome:
    """With a ledger, an audit log and an outcome of each row, whoever does it."""
    outcome = Outcome("import", "CSV import of new rows, rows/s", 10, 0.2, 0.9)
    return _taken_in(stand, facts, rounds, outcome, dict.fromkeys(ALL, IMPORTS))


def take_in_beside_items(stand: Stand, facts: Facts, rounds: int) -> Outcome:
    """The same, beside what plain takes for the items alone."""
    outcome = Outcome("import_of_items", "the same, plain writes no more than items")
    addresses = {OURS: IMPORTS, PLAIN: f"{IMPORTS}of_items/"}
    return _taken_in(stand, facts, rounds, outcome, addresses)


def _taken_in(
    stand: Stand, facts: Facts, rounds: int, outcome: Outcome, addresses: dict[str, str]
) -> Outcome:
    rows = min(IMPORTED, max(100, facts.items // 10))
    sizes = {OURS: rows, PLAIN: max(100, rows // 10), LIMIT: rows}
    rates: dict[str, list[float]] = {name: [] for name in addresses}
    numbers = count()
    stand.sign_in()
    categories = stand.rows(
        "SELECT name FROM inventory_category WHERE vendor_id = %s ORDER BY id LIMIT 50",
        facts.vendor,
    )
    for _ in range(rounds):
        for name, address in addresses.items():
            table = _table(next(numbers), sizes[name], [each for (each,) in categories])
            begun = time.perf_counter()
            created = _send(stand.contestants[name], address, table)
            rates[name].append(sizes[name] / (time.perf_counter() - begun))
            if created != sizes[name]:
                raise RuntimeError(f"{name} made {created} items of {sizes[name]} rows.")
    for name, measured in rates.items():
        outcome.figures[name] = Figures(rate=median(measured))
    return outcome


def _table(number: int, size: int, categories: list[str]) -> str:
    stamp = f"{time.time_ns():x}"
    lines = ["Name,SKU,Category,Value,Quantity"]
    for n in range(size):
        category = categories[n % len(categories)]
        lines.append(f'Imported dragon {n},I{stamp}-{number}-{n},"{category}",{n % 300}.75,{n % 9}')
    return "\r\n".join(lines) + "\r\n"


def _send(contestant: Contestant, address: str, table: str) -> int:
    """How many items came of it, when all is done."""
    if contestant.name != OURS:
        sent = contestant.request("POST", address, table.encode(), "text/csv")
        return int(orjson.loads(fetch(contestant.port, Ask(sent, status=201)).body)["created"])
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    sent = contestant.request("POST", address, (PARTS % table).encode(), kind)
    job: dict[str, Any] = orjson.loads(fetch(contestant.port, Ask(sent, status=202)).body)
    while job["status"] in {"pending", "running"}:
        time.sleep(0.05)
        job = contestant.get(f"{address}{job['id']}/")
    return int(job["created"])
