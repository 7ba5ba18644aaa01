"""`make run`: the whole of Omni-Stock on one machine, with sample data, until Ctrl-C.

PostgreSQL, Valkey, the worker and the web server are child processes. Data stays under var/, logs
are in var/log/. Ports come from PORT, POSTGRES_PORT and VALKEY_PORT; DATABASE_URL and REDIS_URL
name servers that run already.
"""

from __future__ import annotations

import errno
import fcntl
import http.client
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from scripts.processes import LOOPBACK, Process, ServiceError, indented
from scripts.services import Postgres, Valkey, reachable_home

ROOT = Path(__file__).resolve().parent.parent
ORPHANS_SECONDS = 20
# One process for both: loading Django is most of the time that either takes.
PREPARE = """
import django
from django.core.management import call_command
django.setup()
call_command("migrate", interactive=False)
call_command("seed_demo")
"""
READY = """
Omni-Stock is ready.

  Swagger UI   {address}/api/docs/
  API schema   {address}/api/schema/
  Admin        {address}/admin/

  Demo login   demo@omni-stock.example / demo-collector-2026
  Admin login  admin@omni-stock.example / admin-collector-2026

  Data         {data}
  Logs         {logs}

Ctrl-C stops it; the data stays."""


@dataclass(frozen=True)
class Options:
    """What the environment says about this run."""

    var: Path
    host: str
    port: int
    postgres_port: int
    valkey_port: int
    environment: Mapping[str, str]

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Options:
        def port(variable: str, default: int) -> int:
            text = environment.get(variable, str(default))
            if not (text.isdecimal() and 0 < int(text) < 65536):
                raise ServiceError(f"{variable}={text} is not a port number (1 to 65535).")
            return int(text)

        return cls(
            var=Path(environment.get("OMNI_STOCK_VAR", ROOT / "var")).resolve(),
            host=environment.get("HOST", LOOPBACK),
            port=port("PORT", 8000),
            postgres_port=port("POSTGRES_PORT", 54329),
            valkey_port=port("VALKEY_PORT", 63799),
            environment=environment,
        )

    @property
    def logs(self) -> Path:
        return self.var / "log"

    @property
    def address(self) -> str:
        return f"http://{self.host}:{self.port}"

    def starts(self, url_variable: str) -> bool:
        return url_variable not in self.environment

    def ports(self) -> Iterator[tuple[str, int, str, str]]:
        """Host, port, service and variable of everything this run will listen on."""
        yield self.host, self.port, "the web server", "PORT"
        if self.starts("DATABASE_URL"):
            yield LOOPBACK, self.postgres_port, "PostgreSQL", "POSTGRES_PORT"
        if self.starts("REDIS_URL"):
            yield LOOPBACK, self.valkey_port, "Valkey", "VALKEY_PORT"


def say(text: str, end: str = "\n") -> None:
    with suppress(OSError):  # the terminal may be gone: stopping goes on
        print(text, end=end, flush=True)


@contextmanager
def step(title: str, done: str = "ready") -> Iterator[None]:
    """A line that tells what is being done, and then how long it took."""
    begun = time.monotonic()
    say(f"{title} ... ", end="")
    try:
        yield
    except BaseException:
        say("")
        raise
    say(f"{done} in {time.monotonic() - begun:.1f} s")


@contextmanager
def only_one(options: Options) -> Iterator[None]:
    """Hold the right to run from this directory; the system takes it back however we end."""
    options.var.mkdir(parents=True, exist_ok=True)
    options.logs.mkdir(mode=0o700, exist_ok=True)  # mails are in the worker's, with their links
    with (options.var / "run.lock").open("a+") as lock:
        lock.seek(0)
        last_run = lock.read().strip()
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ServiceError(f"Omni-Stock already runs here: {last_run}.") from None
        # Text that is still there means the last run was killed; its children are just ending.
        check_ports(options, patience=ORPHANS_SECONDS if last_run else 0)
        lock.truncate(0)
        print(f"{options.address} (process {os.getpid()})", file=lock, flush=True)
        try:
            yield
        finally:
            lock.truncate(0)


def check_ports(options: Options, patience: float) -> None:
    """Name the first port that stays taken for longer than `patience`, and how to change it."""
    deadline = time.monotonic() + patience
    for host, port, service, variable in options.ports():
        while not _is_free(host, port):
            if time.monotonic() > deadline:
                raise ServiceError(
                    f"Port {port}, which {service} needs, is taken by another program.\n"
                    f"Choose another one: {variable}={port + 1} make run"
                )
            time.sleep(0.1)


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as problem:
            if problem.errno != errno.EADDRINUSE:
                raise ServiceError(f"Cannot listen on {host}:{port}: {problem.strerror}.") from None
            return False
    return True


def secret_key(var: Path) -> str:
    """This machine's own, made on the first start: sign-ins outlive a restart, none is shared."""
    path = var / "secret_key"
    if not path.exists():
        var.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text()


class Run:
    """Starts everything in order; what was started is stopped in the reverse order on leaving."""

    def __init__(self, options: Options, stack: ExitStack) -> None:
        self.options, self.stack = options, stack
        self.processes: list[Process] = []
        self.home = options.var
        self.environment = {
            "DJANGO_MEDIA_ROOT": str(options.var / "media"),
            "DJANGO_PRIVATE_ROOT": str(options.var / "private"),
            "DJANGO_STATIC_ROOT": str(options.var / "static"),
            "DJANGO_SECRET_KEY": secret_key(options.var),
            # To the worker a SIGTERM is a quick stop: what it was at is gone on with next time.
            "REMAP_SIGTERM": "SIGQUIT",
            **options.environment,
            "DJANGO_SETTINGS_MODULE": "omni_stock.settings.local",
            "HOST": options.host,
            "PORT": str(options.port),
            "PYTHONUNBUFFERED": "1",
        }

    def start(self) -> None:
        if self.options.starts("DATABASE_URL"):
            self._start_postgres()
        if self.options.starts("REDIS_URL"):
            self._start_valkey()
        self._leave_word()
        with step("Preparing the database", done="done"):
            self._prepare()
        self._start_worker()
        self._start_web()
        say(READY.format(address=self.options.address, data=self._data(), logs=self.options.logs))

    def watch(self) -> NoReturn:
        while True:
            for process in self.processes:
                process.check()
            time.sleep(0.5)

    def _start_postgres(self) -> None:
        self.home = reachable_home(self.options.var)
        server = Postgres(
            self.home / "postgres",
            port=self.options.postgres_port,
            log=self.options.logs / "postgres.log",
            durable=True,
        )
        self._keep(server.process)
        with step(f"Starting {server.process.name}"):
            server.start()
        self.environment["DATABASE_URL"] = server.url

    def _start_valkey(self) -> None:
        server = Valkey(
            self.options.var / "valkey",
            port=self.options.valkey_port,
            log=self.options.logs / "valkey.log",
            durable=True,
        )
        self._keep(server.process)
        with step("Starting Valkey"):
            server.start()
        self.environment["REDIS_URL"] = server.url

    def _leave_word(self) -> None:
        """For `manage.py` in another terminal: local settings read it (and only they do)."""
        word = self.options.var / "servers.env"
        names = ("DATABASE_URL", "REDIS_URL", "DJANGO_MEDIA_ROOT", "DJANGO_PRIVATE_ROOT")
        word.write_text("".join(f"{name}={self.environment[name]}\n" for name in names))
        word.chmod(0o600)
        self.stack.callback(word.unlink, missing_ok=True)

    def _start_worker(self) -> None:
        schedule = str(self.options.var / "celerybeat-schedule")
        arguments = ("-A", "omni_stock", "worker", "-B", "--concurrency", "2", "-s", schedule)
        worker = self._python("worker", "worker.log", "celery", *arguments)
        with step("Starting the worker", done="started"):
            worker.start()

    def _start_web(self) -> None:
        arguments = ("-c", "gunicorn.conf.py", "omni_stock.wsgi")
        web = self._python("web server", "web.log", "gunicorn", *arguments)
        with step("Starting the web server"):
            web.start(self._answers)

    def _python(self, name: str, log: str, module: str, *arguments: str) -> Process:
        command = [sys.executable, "-m", module, *arguments]
        path = self.options.logs / log
        return self._keep(Process(name, command, path, cwd=ROOT, env=self.environment))

    def _keep(self, process: Process) -> Process:
        self.processes.append(process)
        self.stack.callback(self._stop, process)
        return process

    def _stop(self, process: Process) -> None:
        with step(f"Stopping {process.name}", done="stopped"):
            process.stop()

    def _prepare(self) -> None:
        done = subprocess.run(
            [sys.executable, "-c", PREPARE],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
        )
        if done.returncode:
            raise ServiceError(f"The database could not be prepared:\n{indented(done.stderr)}")

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(self.options.host, self.options.port, timeout=5)
        try:
            connection.request("GET", "/health/ready/")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _data(self) -> str:
        if self.home == self.options.var:
            return str(self.options.var)
        return f"{self.options.var}, PostgreSQL's in {self.home} (its account cannot enter here)"


def main(environment: Mapping[str, str]) -> int:
    """Run until told to stop (0), or until something cannot start or ends by itself (1)."""
    # Also when a shell started us in the background, where Ctrl-C's signal is ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        options = Options.read(environment)
        with only_one(options), ExitStack() as stack:
            run = Run(options, stack)
            try:
                run.start()
                run.watch()
            finally:
                for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                    signal.signal(number, signal.SIG_IGN)
    except KeyboardInterrupt:
        say("Stopped. The data is kept; `make run` starts again.")
        return 0
    except PermissionError as problem:
        say(f"\n{problem}\nAnother account made it? Set OMNI_STOCK_VAR to a directory of yours.")
    except (ServiceError, OSError) as problem:
        say(f"\n{problem}")
    return 1


if __name__ == "__main__":
    sys.exit(main(os.environ))
