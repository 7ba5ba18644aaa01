"""Document 001's targets: a paced mix of reads and writes, and how often a list is in the cache."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, islice

import orjson

from benchmarks.client import Ask, drive
from benchmarks.facts import COMMON, Facts, gather
from benchmarks.measuring import summed
from benchmarks.stand import OURS, Contestant, Stand
from benchmarks.works import ITEMS, create, sale

PACE = 50
LISTS = 24
READS_PER_WRITE = 400


@dataclass
class Mixed:
    p95: float
    errors: float
    database: float | None
    cached: float | None
    requests: int

    def lines(self) -> list[tuple[str, str, str, bool | None]]:
        """What, the figure, the target, whether it is met; None where it could not be measured."""
        database, cached = self.database, self.cached
        return [
            (f"p95 at {PACE} requests/s", f"{self.p95:.1f} ms", "< 200 ms", self.p95 < 200),
            ("errors", f"{self.errors:.2%}", "< 1 %", self.errors < 0.01),
            ("database time of a request", "-" if database is None else f"{database:.2f} ms",
             "< 50 ms", None if database is None else database < 50),
            ("lists from the cache", "-" if cached is None else f"{cached:.0%}", "> 80 %",
             None if cached is None else cached > 0.8),
        ]  # fmt: skip


def measure_mix(stand: Stand, facts: Facts, seconds: float) -> Mixed:
    stand.sign_in()
    ours = stand.contestants[OURS]
    asks = mixed(stand, ours)
    counted = stand.counts_statements()
    slice_ = drive(ours.port, asks, seconds=seconds, pace=PACE)
    spent = stand.statements()[1] / slice_.done if counted else None
    figures = summed([slice_], 1, None)
    return Mixed(
        p95=figures.p95,
        errors=slice_.failures / slice_.done,
        database=spent,
        cached=_cached(stand, ours, facts, seconds) if counted else None,
        requests=slice_.done,
    )


def mixed(stand: Stand, contestant: Contestant) -> Iterator[Ask]:
    """Of what is there now: works before have deleted items, and sold of others."""
    contestant.memory.pop("selling", None)
    return _mixed(contestant, gather(stand, deep=False))


def _mixed(contestant: Contestant, facts: Facts) -> Iterator[Ask]:
    """Of a hundred: 40 lists, 30 items, 10 searches, 10 summaries, 4 changes, 3 new, 3 sales."""
    choose = random.Random(5)  # noqa: S311 (the same each time)
    new, sold = create(contestant, facts), sale(contestant, facts)
    values = count(1)
    lists = _lists(facts)
    while True:
        kind = choose.random()
        key = facts.ids[choose.randrange(len(facts.ids) // 2)]
        if kind < 0.9:
            yield Ask(contestant.request("GET", _read(kind, key, choose, lists)))
        elif kind < 0.94:
            body = orjson.dumps({"value": f"{next(values) % 700}.75"})
            yield Ask(contestant.request("PATCH", f"{ITEMS}{key}/", body))
        else:
            yield next(new if kind < 0.97 else sold)


def _read(kind: float, key: int, choose: random.Random, lists: list[str]) -> str:
    if kind < 0.4:
        return _often(choose, lists)
    if kind < 0.7:
        return f"{ITEMS}{key}/"
    if kind < 0.8:
        return f"{ITEMS}?search={choose.choice(COMMON)}"
    return "/api/v1/dashboard/summary/"


def _lists(facts: Facts) -> list[str]:
    """What a shop's people look at: the first pages, categories, what is low."""
    pages = [f"{ITEMS}?page={page}" for page in range(1, 9)]
    categories = [f"{ITEMS}?category={key}" for key in facts.categories]
    return [ITEMS, f"{ITEMS}?low_stock=true", *categories, *pages][:LISTS]


def _often(choose: random.Random, lists: list[str]) -> str:
    """The first are asked for most."""
    return lists[int(len(lists) ** choose.random()) - 1]


def _cached(stand: Stand, ours: Contestant, facts: Facts, seconds: float) -> float:
    """Of people who look around, and now and then one of them changes something.

    A list that is not in the cache reads its page: those statements are counted.
    """
    reads = int(seconds * 100)
    choose = random.Random(6)  # noqa: S311
    lists = _lists(facts)

    def looking() -> Iterator[Ask]:
        for n in range(reads):
            if n % READS_PER_WRITE == READS_PER_WRITE - 1:
                body = orjson.dumps({"value": f"{n}.25"})
                yield Ask(ours.request("PATCH", f"{ITEMS}{facts.ids[0]}/", body))
            yield Ask(ours.request("GET", _often(choose, lists)))

    stand.statements()
    drive(ours.port, islice(looking(), 2 * reads), seconds=600)
    [(missed,)] = stand.rows(
        "SELECT COALESCE(SUM(calls), 0) FROM pg_stat_statements WHERE query ~* 'limit'"
        " AND query ~ 'inventory_collectible' AND query ~* 'order by'"
        " AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())"
        " AND query !~* 'for (no key )?update'"
    )
    return 1 - min(1.0, float(missed) / reads)
