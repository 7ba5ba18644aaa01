"""Turn by turn, so that what else the machine does is shared: ours, plain, the limit, ours ..."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from statistics import median, quantiles

from benchmarks.client import Slice, drive
from benchmarks.facts import Facts
from benchmarks.stand import Contestant, Stand
from benchmarks.works import Work

Say = Callable[[str], None]


@dataclass
class Figures:
    """Of one contestant at one work. `rate` is rows or requests a second, times are in ms."""

    rate: float
    p50: float = 0.0
    p95: float = 0.0
    p99: float = 0.0
    queries: float | None = None
    requests: int = 0
    memory: float | None = None  # MB that a worker grew by


@dataclass
class Outcome:
    name: str
    title: str
    plain: float | None = None
    limit: float | None = None
    scale: float | None = None
    figures: dict[str, Figures] = field(default_factory=dict)

    def ratio(self, other: str) -> float | None:
        ours, theirs = self.figures.get("ours"), self.figures.get(other)
        return ours.rate / theirs.rate if ours and theirs and theirs.rate else None


def measure(stand: Stand, facts: Facts, work: Work, *, seconds: float, rounds: int) -> Outcome:
    stand.sign_in()
    counted = stand.counts_statements()
    outcome = Outcome(work.name, work.title, work.plain, work.limit, work.scale)
    turns: dict[str, list[Slice]] = {name: [] for name in work.who}
    queries = dict.fromkeys(work.who, 0)
    for name in work.who:
        _turn(stand.contestants[name], facts, work, min(seconds / 2, 1.0))
    for _ in range(rounds):
        for name in work.who:
            if counted:
                stand.statements()
            turns[name].append(_turn(stand.contestants[name], facts, work, seconds))
            if counted:
                queries[name] += stand.statements()[0]
    for name, slices in turns.items():
        if any(each.done for each in slices):
            outcome.figures[name] = summed(slices, work.rows, queries[name] if counted else None)
    return outcome


def _turn(contestant: Contestant, facts: Facts, work: Work, seconds: float) -> Slice:
    asks = work.asks(contestant, facts)
    if work.each:
        calls = work.each[contestant.name] * max(1, facts.items // 100_000)
        asks, seconds = islice(asks, calls), 600
    return drive(contestant.port, asks, seconds=seconds, connections=work.connections)


def summed(slices: list[Slice], rows: int, queries: int | None) -> Figures:
    whole = Slice()
    for each in slices:
        whole.add(each)
    times = sorted(latency * 1000 for latency in whole.latencies) or [0.0]
    cuts = quantiles(times, n=100, method="inclusive") if len(times) > 1 else times * 99
    return Figures(
        rate=median(each.rate for each in slices) * rows,
        p50=cuts[49],
        p95=cuts[94],
        p99=cuts[98],
        queries=None if queries is None else queries / whole.done,
        requests=whole.done,
    )
