"""Can one tell by the time of an answer whether somebody has an address?

Starts the web server with production's hashes on throw-away servers, asks each door in turn for an
address that is known and for one that is not, and prints the medians and their ratio.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from urllib.request import urlopen

from scripts.processes import LOOPBACK, Process, free_port
from scripts.services import throwaway_servers

TRIES = 200
ROOT = Path(__file__).parents[1]
KNOWN, UNKNOWN = "ann@example.com", "bob@example.com"
DOORS: dict[str, dict[str, str]] = {
    "token": {"password": "not-the-one"},
    "admin/login": {"password": "not-the-one"},
    "password/reset": {},
    "email/resend": {},
}


@contextmanager
def server() -> Iterator[int]:
    """Its port."""
    port = free_port()
    settings = {
        "DJANGO_SETTINGS_MODULE": "omni_stock.settings.local",
        "RATE_LIMIT_ENABLED": "false",
        "LOG_LEVEL": "ERROR",
        "WEB_CONCURRENCY": "1",
        "HOST": LOOPBACK,
        "PORT": str(port),
    }
    with throwaway_servers({**os.environ, **settings}) as environment:
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=environment, check=True
        )
        command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "omni_stock.wsgi"]
        log = Path(os.devnull)
        process = Process("gunicorn", command, log, cwd=ROOT, env=environment)
        try:
            process.start(lambda: answers(port))
            yield port
        finally:
            process.stop()


def answers(port: int) -> bool:
    with suppress(OSError), urlopen(f"http://{LOOPBACK}:{port}/health/", timeout=5) as answer:
        return bool(answer.status == 200)
    return False


def ask(line: HTTPConnection, door: str, body: dict[str, str]) -> float:
    """Milliseconds until the answer is there."""
    started = time.perf_counter()
    headers = {"Content-Type": "application/json"}
    line.request("POST", f"/api/v1/auth/{door}/", json.dumps(body), headers)
    answer = line.getresponse()
    answer.read()
    if answer.status >= 500:
        raise RuntimeError(f"{door} answered {answer.status}")
    return (time.perf_counter() - started) * 1000


def main() -> None:
    with server() as port:
        line = HTTPConnection(LOOPBACK, port, timeout=60)
        ask(line, "register", {"email": KNOWN, "password": "shelf-of-blue-bricks"})
        print(f"{'':16}{'known':>10}{'unknown':>10}{'ratio':>8}")
        for door, body in DOORS.items():
            times: dict[str, list[float]] = {KNOWN: [], UNKNOWN: []}
            for number in range(TRIES):
                # In turn, and each first in every second round.
                for email in (KNOWN, UNKNOWN)[:: 1 if number % 2 else -1]:
                    times[email].append(ask(line, door, {"email": email, **body}))
            known, unknown = median(times[KNOWN]), median(times[UNKNOWN])
            print(f"{door:16}{known:8.2f} ms{unknown:8.2f} ms{known / unknown:8.3f}")


if __name__ == "__main__":
    main()
