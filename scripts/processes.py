"""Child processes that log, report their end and stop cleanly."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

LOOPBACK = "127.0.0.1"
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


class ServiceError(RuntimeError):
    """Something could not be found or started, or has ended; the message says what to do."""


class Process:
    """A child process with its own log. It dies with its parent, whatever ends the parent."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        log: Path,
        *,
        stop_signal: signal.Signals = signal.SIGTERM,
        **options: Any,
    ) -> None:
        self.name, self.command, self.log, self.options = name, command, log, options
        self.stop_signal = stop_signal
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    @property
    def exit_code(self) -> int | None:
        return self._child.poll() if self._child else None

    def start(self, is_ready: Callable[[], bool] = lambda: True, timeout: float = 60) -> None:
        with self.log.open("ab") as log:
            # A session of its own: Ctrl-C in the terminal reaches the parent alone, which then
            # stops its children in the right order.
            self._child = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=self._die_with_parent,  # noqa: PLW1509 - no threads here
                **self.options,
            )
        deadline = time.monotonic() + timeout
        while not is_ready():
            self.check()
            if time.monotonic() > deadline:
                raise ServiceError(f"{self.name} was not ready in {timeout:.0f} s.{self.tail()}")
            time.sleep(0.02)

    def check(self) -> None:
        if self.exit_code is not None:
            raise ServiceError(f"{self.name} has ended (exit code {self.exit_code}).{self.tail()}")

    def stop(self, timeout: float = 40) -> None:
        if self._child is None:
            return
        self._child.send_signal(self.stop_signal)
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(timeout)
        # What it may have left behind, or itself if it hangs.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()

    def tail(self) -> str:
        return f" The end of {self.log}:\n{indented(self.log.read_text(errors='replace'))}"

    def _die_with_parent(self) -> None:
        if sys.platform == "linux":
            LIBC.prctl(PR_SET_PDEATHSIG, self.stop_signal)


def indented(text: str, lines: int = 15) -> str:
    """The last lines of a log, set apart from what is said about them."""
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        port: int = listener.getsockname()[1]
        return port
