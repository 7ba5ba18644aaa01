"""The stand: one PostgreSQL, one Valkey, the data, and the contestants side by side."""

from __future__ import annotations

import http.client
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import orjson
import psycopg

from benchmarks.client import Ask, fetch
from benchmarks.limit.tables import prepare
from scripts.processes import LOOPBACK, Process, ServiceError, free_port, indented
from scripts.services import Postgres, Valkey

ROOT = Path(__file__).parents[1]
OURS, PLAIN, LIMIT = "ours", "plain", "limit"
OWNER = {"username": "scale@omni-stock.example", "password": "scale-collector-2026"}
STATEMENTS = "pg_stat_statements"
# So high that nobody is refused: what the limits cost is measured, not whom they stop.
RATES = (
    "ANON", "USER", "BURST", "FIRST_PARTY", "FIRST_PARTY_BURST", "LOGIN", "SIGNUP", "CODE",
    "CHECK_EMAIL", "ACCESS_TOKEN", "INVITE",
)  # fmt: skip
JSON = "application/json"
_PREPARE = """
import django
from django.core.management import call_command
django.setup()
call_command("migrate", verbosity=0)
call_command("seed_demo", scale={scale})
"""
# What the server asks itself, for keys and for constants, is told as if clients had sent it.
_STATEMENTS = f"""
    SELECT COALESCE(SUM(calls) FILTER (
            WHERE query !~* '^(begin|commit|rollback|savepoint|release|set|deallocate)'
                AND query !~ 'FROM ONLY |SELECT public.unaccent'
        ), 0)::bigint,
        COALESCE(SUM(total_exec_time), 0)
    FROM {STATEMENTS} JOIN pg_database ON pg_database.oid = dbid
    WHERE datname = current_database() AND query !~ '{STATEMENTS}'
"""


@dataclass
class Contestant:
    """One of those that are compared, and how it is spoken to."""

    name: str
    port: int
    process: Process
    token: str = ""
    # Ids that its next bulk works take, and how many items it has made.
    memory: dict[str, Any] = field(default_factory=dict)

    def request(
        self, method: str, path: str, body: bytes = b"", kind: str = JSON, **headers: str
    ) -> bytes:
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: {LOOPBACK}",
            f"Authorization: Bearer {self.token}",
            "Accept: */*",
            *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
        ]
        if body:
            lines += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + body

    def get(self, path: str) -> Any:
        """The body, read."""
        answer = fetch(self.port, Ask(self.request("GET", path)))
        return orjson.loads(answer.body)

    def send(self, path: str, body: Any, status: int = 200) -> Any:
        sent = self.request("POST", path, orjson.dumps(body))
        return orjson.loads(fetch(self.port, Ask(sent, status)).body)

    def resident(self) -> int:
        """Bytes of memory that its workers hold."""
        pages = 0
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        for pid in children.split():
            with suppress(FileNotFoundError):
                pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


@dataclass
class Stand:
    url: str
    environment: dict[str, str]
    home: Path
    contestants: dict[str, Contestant] = field(default_factory=dict)

    def rows(self, statement: str, *given: Any) -> list[Any]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(statement, given or None).fetchall()

    def sign_in(self) -> None:
        """Again before each work: our access tokens live for a quarter of an hour."""
        ours = self.contestants[OURS]
        ours.token = ours.send("/api/v1/auth/token/", OWNER)["access"]

    def counts_statements(self) -> bool:
        """Whether the server can tell; it is asked to."""
        try:
            with psycopg.connect(self.url, autocommit=True) as connection:
                connection.execute(f"CREATE EXTENSION IF NOT EXISTS {STATEMENTS}")
                connection.execute(f"SELECT {STATEMENTS}_reset()")
        except psycopg.errors.Error:
            return False
        return True

    def statements(self) -> tuple[int, float]:
        """How many clients sent since the last time, and the milliseconds that all took."""
        [(calls, spent)] = self.rows(_STATEMENTS)
        self.rows(f"SELECT {STATEMENTS}_reset()")
        return int(calls), float(spent)


@contextmanager
def stand(scale: int, environment: Mapping[str, str]) -> Iterator[Stand]:
    """Everything started and filled; DATABASE_URL and REDIS_URL name servers that run already."""
    with ExitStack() as stack:
        place = tempfile.TemporaryDirectory(prefix="omni-bench-", ignore_cleanup_errors=True)
        home = Path(stack.enter_context(place))
        home.chmod(0o755)
        told = _servers(home, dict(environment), stack)
        ready = Stand(told["DATABASE_URL"], told, home)
        _fill(ready, scale)
        prepare(ready.url)
        _start(ready, stack)
        yield ready


def _servers(home: Path, environment: dict[str, str], stack: ExitStack) -> dict[str, str]:
    if "DATABASE_URL" not in environment:
        postgres = Postgres(
            home / "postgres", port=free_port(), log=home / "postgres.log", durable=True
        )
        if list(postgres.bin.parent.glob(f"lib*/**/{STATEMENTS}.so")):
            postgres.process.command = [
                *postgres.process.command,
                f"--shared_preload_libraries={STATEMENTS}",
            ]
        stack.callback(postgres.process.stop)
        postgres.start()
        environment["DATABASE_URL"] = postgres.url
    if "REDIS_URL" not in environment:
        valkey = Valkey(home / "valkey", port=free_port(), log=home / "valkey.log", durable=True)
        stack.callback(valkey.process.stop)
        valkey.start()
        environment["REDIS_URL"] = valkey.url
    return {
        **environment,
        "DJANGO_SECRET_KEY": secrets.token_urlsafe(48),
        "JWT_SECRET": secrets.token_urlsafe(48),
        "DJANGO_ALLOWED_HOSTS": LOOPBACK,
        "CORS_ORIGINS": "https://omni-stock.example",
        "SECURE_SSL_REDIRECT": "false",
        "DJANGO_MEDIA_ROOT": str(home / "media"),
        "DJANGO_PRIVATE_ROOT": str(home / "private"),
        "DJANGO_STATIC_ROOT": str(home / "static"),
        "REMAP_SIGTERM": "SIGQUIT",
        "PYTHONUNBUFFERED": "1",
        "WEB_CONCURRENCY": "2",
        "HOST": LOOPBACK,
        **{f"RATE_LIMIT_{name}": "9999999/second" for name in RATES},
    }


def _fill(ready: Stand, scale: int) -> None:
    environment = {**ready.environment, "DJANGO_SETTINGS_MODULE": "omni_stock.settings.local"}
    command = [sys.executable, "-c", _PREPARE.format(scale=scale)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ServiceError(f"The database could not be filled:\n{indented(done.stderr)}")


def _start(ready: Stand, stack: ExitStack) -> None:
    production = {**ready.environment, "DJANGO_SETTINGS_MODULE": "omni_stock.settings.production"}
    plain = {**ready.environment, "DJANGO_SETTINGS_MODULE": "benchmarks.settings.plain"}
    alone = ("-c", "python:benchmarks.workers")
    ours = ("-c", "gunicorn.conf.py", "omni_stock.wsgi")
    web = (
        (OURS, production, ours),
        (PLAIN, plain, (*alone, "django.core.wsgi:get_wsgi_application()")),
        (LIMIT, ready.environment, (*alone, "benchmarks.limit.app")),
    )
    for name, environment, arguments in web:
        _serve(ready, stack, name, environment, arguments)
    celery = ("-A", "omni_stock", "worker", "--concurrency", "2")
    worker = _python(ready, "worker", production, "celery", *celery)
    stack.callback(worker.stop)
    worker.start()
    _mint(ready)
    ready.sign_in()


def _serve(
    ready: Stand, stack: ExitStack, name: str, environment: dict[str, str], arguments: Any
) -> None:
    port = free_port()
    bound = () if name == OURS else ("--bind", f"{LOOPBACK}:{port}")
    told = {**environment, "PORT": str(port)}
    process = _python(ready, name, told, "gunicorn", *bound, *arguments)
    stack.callback(process.stop)
    process.start(lambda: _answers(port))
    ready.contestants[name] = Contestant(name, port, process)


def _python(
    ready: Stand, name: str, environment: dict[str, str], module: str, *arguments: str
) -> Process:
    command = [sys.executable, "-m", module, *arguments]
    return Process(name, command, ready.home / f"{name}.log", cwd=ROOT, env=environment)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", "/health/")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _mint(ready: Stand) -> None:
    """The other two believe whoever holds their key."""
    [(user, username, vendor, store)] = ready.rows(
        "SELECT u.id, u.username, u.active_vendor_id, s.id FROM users_user AS u"
        " JOIN vendors_vendorstore AS s ON s.vendor_id = u.active_vendor_id AND s.is_default"
        " WHERE u.email = %s",
        OWNER["username"],
    )
    claims = {
        "token_type": "access", "jti": secrets.token_hex(16), "user_id": str(user), "user": user,
        "username": username, "vendor": vendor, "store": store,
        "exp": datetime.now(UTC) + timedelta(days=1), "iat": datetime.now(UTC),
    }  # fmt: skip
    for name, key in ((PLAIN, "DJANGO_SECRET_KEY"), (LIMIT, "JWT_SECRET")):
        ready.contestants[name].token = jwt.encode(claims, ready.environment[key], "HS256")
