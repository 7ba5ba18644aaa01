"""Where the web server's workers run: each on a processor of its own, while there is one for each.

A process of Python computes on one processor at a time. The system lets its threads run on all of
them, and then they hand the interpreter's lock from one processor to another at every question to
a database, with all that its caches hold (docs/performance.md).
"""

import os
from collections import Counter
from typing import Any


def assign(server: Any, worker: Any) -> None:
    """gunicorn's `pre_fork`: the worker gets the processor that the fewest others have."""
    worker.processors = set()
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    # With fewer workers than processors the system finds better places than a rule can.
    if 0 < len(allowed) <= server.cfg.workers:
        others = server.WORKERS.values()
        taken = Counter(each for other in others for each in other.processors)
        worker.processors.add(min(sorted(allowed), key=taken.__getitem__))


def stay(_server: Any, worker: Any) -> None:
    """gunicorn's `post_fork`."""
    if worker.processors:
        os.sched_setaffinity(0, worker.processors)
