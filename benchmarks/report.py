"""The table: to read, and as JSON beside it, from which runs of two sizes are compared."""

import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.measuring import Figures, Outcome
from benchmarks.mix import Mixed
from benchmarks.stand import LIMIT, OURS, PLAIN, ROOT, Stand

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("Django", "djangorestframework", "gunicorn", "psycopg", "orjson", "redis", "celery")
HEAD = (
    "work", "ours /s", "plain /s", "limit /s", "p50", "p95", "p99 ms", "queries",
    "ours / plain", "ours / limit", "large / small",
)  # fmt: skip


@dataclass
class Result:
    """Of one run. `smaller` is what ours did a second in the run it is compared with."""

    scale: int
    about: dict[str, str]
    outcomes: list[Outcome]
    mixed: Mixed | None = None
    smaller: dict[str, float] = field(default_factory=dict)

    def compare(self, other: "Result") -> None:
        """With a run over fewer items."""
        rates = {each.name: each.figures for each in other.outcomes}
        self.smaller = {name: told[OURS].rate for name, told in rates.items() if OURS in told}


def about(stand: Stand, scale: int) -> dict[str, str]:
    [(server,)] = stand.rows("SHOW server_version")
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    versions = [f"{name} {importlib.metadata.version(name)}" for name in PACKAGES]
    return {
        "when": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "commit": commit or "unknown",
        "items": f"{scale:,}",
        "machine": f"{os.cpu_count()} cores, {_processor()}, {_memory()} GB, {platform.system()}",
        "versions": f"Python {platform.python_version()}, PostgreSQL {server}, "
        + ", ".join(versions),
        "web": "8 connections; ours: production's gunicorn with 2 workers; plain and limit: "
        "gunicorn with 2 workers of one thread",
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 10**9


def render(result: Result) -> str:
    """As Markdown: the sign beside a ratio says whether the target is met."""
    rows = [_row(each, result.smaller) for each in result.outcomes]
    lines = [f"# Benchmark, {result.about['items']} items", ""]
    lines += [f"- {name}: {text}" for name, text in result.about.items()]
    lines += ["", *_table([HEAD, *rows])]
    if result.mixed:
        told = [
            (what, figure, f"{target} {_sign(met)}")
            for what, figure, target, met in result.mixed.lines()
        ]
        lines += ["", "Document 001's targets:", "", *_table([("", "figure", "target"), *told])]
    return "\n".join([*lines, ""])


def _row(outcome: Outcome, smaller: dict[str, float]) -> tuple[str, ...]:
    ours = outcome.figures.get(OURS)
    before = smaller.get(outcome.name)
    kept = ours.rate / before if ours and before else None
    memory = f", +{ours.memory:.0f} MB" if ours and ours.memory is not None else ""
    timed = ours if ours and ours.requests else None
    return (
        outcome.title + memory,
        *(_rate(outcome.figures.get(name)) for name in (OURS, PLAIN, LIMIT)),
        *(f"{timed.p50:.1f} {timed.p95:.1f} {timed.p99:.1f}".split() if timed else "---"),
        _queries(outcome.figures),
        _judged(outcome.ratio(PLAIN), outcome.plain),
        _judged(outcome.ratio(LIMIT), outcome.limit),
        _judged(kept, outcome.scale),
    )


def _rate(figures: Figures | None) -> str:
    if figures is None:
        return "-"
    return f"{figures.rate:,.0f}" if figures.rate >= 20 else f"{figures.rate:.2f}"


def _queries(figures: dict[str, Figures]) -> str:
    counted = [figures[name].queries for name in (OURS, PLAIN, LIMIT) if name in figures]
    return " / ".join("-" if each is None else f"{each:.1f}" for each in counted)


def _judged(ratio: float | None, target: float | None) -> str:
    if ratio is None:
        return "-" if target is None else f"- (≥ {target:g})"
    if target is None:
        return f"{ratio:.2f}"
    return f"{ratio:.2f} (≥ {target:g}) {_sign(ratio >= target)}"


def _sign(met: bool | None) -> str:
    return {True: "✓", False: "✗", None: ""}[met]


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = [
        "| "
        + " | ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        + " |"
        for row in rows
    ]
    return [lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]]


def keep(result: Result, directory: Path) -> Path:
    """Where the table is; its figures are beside it."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{datetime.now(UTC):%Y-%m-%d}-{result.scale}.md"
    path.write_text(render(result), encoding="utf-8")
    path.with_suffix(".json").write_text(
        json.dumps(asdict(result), indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return path


def load(path: Path) -> Result:
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    outcomes = [
        Outcome(
            **{
                **each,
                "figures": {name: Figures(**told) for name, told in each["figures"].items()},
            }
        )
        for each in read["outcomes"]
    ]
    mixed = Mixed(**read["mixed"]) if read["mixed"] else None
    return Result(read["scale"], read["about"], outcomes, mixed, read["smaller"])
