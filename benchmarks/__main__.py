"""`make bench`: ours beside plain Django REST framework and beside the limit, in one run.

    python -m benchmarks --scale 100000,1000000 --only list,detail --seconds 3

A run starts its own PostgreSQL and Valkey, unless DATABASE_URL and REDIS_URL name others (the
database is filled if it is empty). What is compared, and how to read it: docs/performance.md.
"""

import argparse
import os
import signal
import sys
import time
from pathlib import Path

from benchmarks.agreement import require_agreement
from benchmarks.facts import gather
from benchmarks.measuring import Outcome, measure
from benchmarks.mix import measure_mix
from benchmarks.report import RESULTS, Result, about, keep, load, render
from benchmarks.stand import stand
from benchmarks.whole_tables import export, take_in, take_in_beside_items
from benchmarks.works import WORKS

WHOLE = {"export": export, "import": take_in, "import_of_items": take_in_beside_items}
MIX = "mix"
NAMES = [*(work.name for work in WORKS), *WHOLE, MIX]


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {text}", file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    only = options.only.split(",") if options.only else NAMES
    if unknown := set(only) - set(NAMES):
        sys.exit(f"There is no {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}.")
    smaller = load(options.against) if options.against else None
    for scale in (int(text) for text in options.scale.split(",")):
        result = run(scale, only, options.seconds, options.rounds)
        if smaller:
            result.compare(smaller)
        smaller = result
        print(render(result))
        if not options.only:
            say(f"kept in {keep(result, options.results)}")
    return 0


def run(scale: int, only: list[str], seconds: float, rounds: int) -> Result:
    say(f"{scale:,} items: preparing")
    with stand(scale, os.environ) as ready:
        facts = gather(ready, deep="cursor" in only)
        require_agreement(ready, facts)
        outcomes: list[Outcome] = []
        for work in WORKS:
            if work.name in only:
                say(work.title)
                outcomes.append(measure(ready, facts, work, seconds=seconds, rounds=rounds))
        for name, whole in WHOLE.items():
            if name in only:
                say(name)
                outcomes.append(whole(ready, facts, min(rounds, 3)))
        mixed = None
        if MIX in only:
            say("a mix of reads and writes")
            mixed = measure_mix(ready, facts, max(seconds * 10, 1))
        return Result(scale, about(ready, scale), outcomes, mixed)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--scale", default="100000", help="items; several with commas")
    parser.add_argument("--only", default="", help=f"of {', '.join(NAMES)}; nothing is kept then")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each turn")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--against", type=Path, help="figures of a run over fewer items (.json)")
    parser.add_argument("--results", type=Path, default=RESULTS)
    return parser


if __name__ == "__main__":
    # However it is told to end, it stops what it started.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    sys.exit(main())
