"""What is measured: a row of the table each, with what the issue asks for."""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, cycle
from urllib.parse import quote

import orjson

from benchmarks.client import Ask, fetch
from benchmarks.facts import Facts
from benchmarks.stand import LIMIT, OURS, PLAIN, Contestant

ITEMS = "/api/v1/catalog/items/"
ALL = (OURS, PLAIN, LIMIT)
EXACT = (OURS, LIMIT)
MANY = 1000
# By the clock, after so many seconds a list has another tag; no turn is to be cut by that.
KEPT_SECONDS, TURN_SECONDS = 300, 30
RARE = ("poor", "unspecified", "fair")
Asks = Callable[[Contestant, Facts], Iterator[Ask]]


@dataclass(frozen=True)
class Work:
    """`plain`, `limit` and `scale` are what ours is to reach of the others' rates, and of its own
    at a tenth of the items. Works of a fixed number of requests say how many a turn has for every
    100,000 items: what each page costs once after a checkpoint, a shop of any size pays alike."""

    name: str
    title: str
    asks: Asks
    plain: float | None = None
    limit: float | None = None
    scale: float | None = None
    who: tuple[str, ...] = ALL
    each: dict[str, int] | None = None
    rows: int = 1
    connections: int = 8


def _reads(contestant: Contestant, paths: Iterator[str]) -> Iterator[Ask]:
    for path in paths:
        yield Ask(contestant.request("GET", path))


def _unseen(path: str) -> Iterator[str]:
    """The same answer under an address that nobody has asked for yet, so no cache has it."""
    start = random.SystemRandom().randrange(1 << 40)
    joined = "&" if "?" in path else "?"
    return (f"{path}{joined}_={start + n}" for n in count())


def _rotating(*paths: str) -> Iterator[str]:
    return (next(each) for each in cycle([_unseen(path) for path in paths]))


def first_page(contestant: Contestant, facts: Facts) -> Iterator[Ask]:
    return _reads(contestant, _unseen(ITEMS))


def cached(contestant: Contestant, facts: Facts) -> Iterator[Ask]:
    return _reads(contestant, cycle([ITEMS]))


def unchanged(contestant: Contestant, facts: Facts) -> Iterator[Ask]:
    """With the tag of what is known already; nothing to ask where lists have none.

    Plain has no tags: it answers as always.
    """
    if contestant.name == PLAIN:
        return cached(contestant, facts)
    if (left := KEPT_SECONDS - time.time() % KEPT_SECONDS) < TURN_SECONDS:
        time.sleep(left)
    tag = fetch(contestant.port, Ask(contestant.request("GET", ITEMS))).header("etag")
    again = contestant.request("GET", ITEMS, If_None_Match=tag)
    return cycle([Ask(again, status=304)] if tag else [])


def filtered(contestant: Contestant, facts: Facts) -> Iterator[Ask]:
    words = ("dragon", "edition", "angel", "signed", "knight", "limited", "berlin")
    paths = [
        f"{ITEMS}?category={category}&search={word}"
        for category in facts.categories
        for word in words
    ]
    random.Random(4).shuffle(paths)  # noqa: S311 (the same each time)
    return _reads(contestant, _rotating(*paths))


def search(contestant: Contestant, facts: Facts) -> Iterator[Ask]:
    return _reads(contestant, _rotating(*(f"{ITEMS}?search={quote(w)}" for w in facts.words)))


def deep_page(contestant: Contestant, facts: Facts) -> Iterator[Ask]:
    return _reads(contestant, _unseen(f"{ITEMS}?page={facts.page}"))


def by_cursor(contestant: Contestant, facts: Facts) -> Iterator[Ask]:
    """Plain has no other way there than the page of that number."""
    if contestant.name == PLAIN:
        return deep_page(contestant, facts)
    return _reads(contestant, _rotating(*facts.cursors[contestant.name]))


def detail(contestant: Contestant, facts: Facts) -> Iterator[Ask]:
    return _reads(contestant, (f"{ITEMS}{key}/" for key in cycle(facts.ids)))


def summary(contestant: Contestant, facts: Facts) -> Iterator[Ask]:
    """Now and then the owner gives an item another value, so that no answer stays the same."""
    values = contestant.memory.setdefault("values", count(100))
    for n in count(1):
        if n % 50 == 0:
            body = orjson.dumps({"value": f"{next(values) % 900}.50"})
            key = facts.ids[n // 50 % 100]
            yield Ask(contestant.request("PATCH", f"{ITEMS}{key}/", body), counted=False)
        else:
            yield Ask(contestant.request("GET", "/api/v1/dashboard/summary/"))


def valuation(contestant: Contestant, facts: Facts) -> Iterator[Ask]:
    paths = (f"/api/v1/dashboard/valuation/?as_of={at}" for at in cycle(facts.moments()))
    return _reads(contestant, paths)


def create(contestant: Contestant, facts: Facts) -> Iterator[Ask]:
    made = contestant.memory.setdefault("made", count(1))
    for n in made:
        body = {
            "name": f"Benchmark dragon {n}", "sku": f"BENCH-{n}", "description": "A new arrival.",
            "category": facts.categories[n % len(facts.categories)], "condition": "good",
            "value": f"{n % 500}.25", "quantity": 1 + n % 7,
        }  # fmt: skip
        yield Ask(contestant.request("POST", ITEMS, orjson.dumps(body)), status=201)


def sale(contestant: Contestant, facts: Facts) -> Iterator[Ask]:
    """Each item once or twice: there are three of it."""
    selling = contestant.memory.setdefault("selling", iter(facts.selling * 3))
    for key in selling:
        body = orjson.dumps({"lines": [{"item": key, "quantity": 1, "unit_price": "19.00"}]})
        yield Ask(contestant.request("POST", "/api/v1/sales/", body), status=201)


def _batches(contestant: Contestant, facts: Facts, most: int) -> Iterator[list[int]]:
    """Other ids each time, from the end backwards."""
    size = max(1, min(most, len(facts.ids) // 40))
    taken = contestant.memory.setdefault("taken", count(1))
    for n in taken:
        end = len(facts.ids) - n * size
        yield facts.ids[end : end + size]


def bulk_update(contestant: Contestant, facts: Facts) -> Iterator[Ask]:
    """Other ids each time; when all have had their turn, they are told something else."""
    batches = [facts.ids[n : n + MANY] for n in range(0, len(facts.ids), MANY)]
    for turn in contestant.memory.setdefault("turns", count()):
        condition = RARE[turn // len(batches) % len(RARE)]
        body = {"ids": batches[turn % len(batches)], "updates": {"condition": condition}}
        yield Ask(contestant.request("POST", f"{ITEMS}bulk_update/", orjson.dumps(body)))


def bulk_delete(contestant: Contestant, facts: Facts) -> Iterator[Ask]:
    for ids in _batches(contestant, facts, MANY):
        body = orjson.dumps({"ids": ids})
        yield Ask(contestant.request("POST", f"{ITEMS}bulk_delete/", body))


# Enough that the first calls, which meet threads and server processes that did none of it yet, are
# few among them.
_TURNS = {OURS: 8, PLAIN: 2, LIMIT: 10}
WORKS = (
    Work("list", "list, first page, with exact count", first_page, 5, 0.45, 0.85),
    Work("cached", "the same, from the versioned cache", cached, 8, None, 0.9),
    Work("unchanged", "the same, 304", unchanged, 8, None, 0.9, (OURS, PLAIN)),
    Work("filtered", "list by category and search text", filtered, 3, 0.5, 0.6),
    Work("search", "search text alone", search, 6, 0.5, 0.5),
    Work("page", "page 2,000 in v1", deep_page, 3, 0.4, None),
    Work("cursor", "as deep by cursor in v2", by_cursor, 20, 0.5, 0.85),
    Work("detail", "item detail with ETag", detail, 3, 0.4, 0.9),
    Work("summary", "dashboard summary, after writes too", summary, 30, 0.3, 0.85),
    Work("valuation", "valuation as of a past date", valuation, None, 0.3, 0.3, EXACT,
         connections=2),
    Work("create", "create an item", create, 0.7, 0.3, 0.9),
    Work("sale", "record a sale of one line", sale, None, 0.3, 0.9, EXACT),
    Work("bulk_update", "bulk update of 1,000 ids, rows/s", bulk_update, 10, 0.3, 0.9,
         each=_TURNS, rows=MANY, connections=1),
    Work("bulk_delete", "bulk delete of 1,000 ids, rows/s", bulk_delete, 10, 0.3, 0.9,
         each=_TURNS, rows=MANY, connections=1),
)  # fmt: skip
