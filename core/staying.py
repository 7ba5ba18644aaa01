"""The web server's worker: gunicorn's with threads, which stay with a connection for a moment.

A client that asks again at once is answered by the thread that answered before. gunicorn's hands
each connection to another thread that waits for all of them, and is handed it back by that one:
both have to get the interpreter, which was a tenth of a short request (docs/performance.md).
"""

import select
import threading
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

MOMENT_MS = 5


class StayingWorker(ThreadWorker):
    """Where others wait for a thread it is gunicorn's, and of several one never stays."""

    def init_process(self) -> None:
        self.stays = threading.Semaphore(max(1, self.cfg.threads - 1))
        super().init_process()

    def handle(self, conn: Any) -> Any:
        answered = super().handle(conn)
        while answered is True and self._asks_again(conn):
            answered = super().handle(conn)
        return answered

    def _asks_again(self, conn: Any) -> bool:
        """False as well where gunicorn knows better: at its end, and of what was read ahead."""
        if not self.alive or conn.parser.unreader.buf.getvalue() or self._is_wanted():
            return False
        if not self.stays.acquire(blocking=False):
            return False
        try:
            waiting = select.poll()
            waiting.register(conn.sock, select.POLLIN)
            return bool(waiting.poll(MOMENT_MS))
        finally:
            self.stays.release()

    def _is_wanted(self) -> bool:
        return not self.tpool._work_queue.empty()  # noqa: SLF001 (nobody else knows)
