"""A worker's process that hands over what is announced, and dies between the deed and the mark.

Started as `python -m tests.core.dying_relay <file>`: the deed is a line in the file.
"""

import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID


@dataclass(frozen=True)
class Shipped:
    order_id: int


def note(event: Shipped, event_id: UUID) -> None:
    """Once it dies; once somebody did it before, it lives."""
    place = Path(os.environ["DEEDS"])
    done = place.read_text(encoding="ascii").splitlines() if place.exists() else []
    with place.open("a", encoding="ascii") as file:
        file.write(f"{event.order_id} {event_id}\n")
    if not done:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    import django

    django.setup()
    from core.outbox import hear
    from core.relay import relay
    from tests.core.dying_relay import Shipped as Announced
    from tests.core.dying_relay import note as handler

    hear(Announced, handler)
    sys.exit(relay() != 1)
