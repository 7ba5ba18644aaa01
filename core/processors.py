"""Where the web server's workers run: each stays on a processor, where all get as many workers.

A process of Python computes on one processor at a time. The system lets its threads run on all of
them, and then they hand the interpreter's lock from one processor to another at every question to
a database, with all that its caches hold (docs/performance.md).
"""

import os
from collections import Counter
from contextlib import suppress
from typing import Any


def assign(server: Any, worker: Any) -> None:
    """gunicorn's `pre_fork`: the worker gets the processor that the fewest others have."""
    worker.processors = set()
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
    # Where it would leave some with less than others, the system finds better places.
    if allowed and server.cfg.workers % len(allowed) == 0:
        others = server.WORKERS.values()
        taken = Counter(each for other in others for each in getattr(other, "processors", ()))
        worker.processors.add(min(sorted(allowed), key=taken.__getitem__))


def stay(_server: Any, worker: Any) -> None:
    """gunicorn's `post_fork`."""
    if worker.processors:
        with suppress(OSError):  # it may be forbidden, and is no reason not to serve
            os.sched_setaffinity(0, worker.processors)
