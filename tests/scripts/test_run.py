"""`make run`, as someone meets it who has just cloned the project."""

import http.client
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.processes import LOOPBACK, free_port
from tests.scripts.test_services import ROOT, bare_environment

COMMAND = [sys.executable, "-m", "scripts.run"]


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    """Ports and a data directory that nobody else uses."""
    ports = {name: str(free_port()) for name in ("PORT", "POSTGRES_PORT", "VALKEY_PORT")}
    with tempfile.TemporaryDirectory(prefix="omni-run-") as directory:
        Path(directory).chmod(0o755)
        var = str(Path(directory, "var"))
        yield bare_environment(OMNI_STOCK_VAR=var, WEB_CONCURRENCY="1", **ports)


def start(environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(COMMAND, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


def until_ready(run: subprocess.Popen[str]) -> str:
    """What it says until it is ready, or until it ends."""
    lines = []
    for line in run.stdout or ():
        lines.append(line)
        if "Ctrl-C stops it" in line:
            break
    return "".join(lines)


def stop(run: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str]:
    run.send_signal(number)
    said, _ = run.communicate(timeout=60)
    return run.returncode, said


def refusal(environment: dict[str, str]) -> str:
    """What it says when it cannot start."""
    run = start(environment)
    said, _ = run.communicate(timeout=60)
    assert run.returncode == 1
    return said


def status_of(port: str, path: str) -> int:
    connection = http.client.HTTPConnection(LOOPBACK, int(port), timeout=10)
    connection.request("GET", path)
    return connection.getresponse().status


def test_it_starts_serves_stops_and_starts_again_on_the_kept_data(
    environment: dict[str, str],
) -> None:
    run = start(environment)
    said = until_ready(run)
    assert f"http://{LOOPBACK}:{environment['PORT']}/api/docs/" in said
    assert status_of(environment["PORT"], "/health/ready/") == 200
    assert "already runs here" in refusal(environment)
    code, said = stop(run, signal.SIGINT)
    assert re.findall(r"Stopping (\w+)", said) == ["web", "worker", "Valkey", "PostgreSQL"]
    assert code == 0

    data = Path(environment["OMNI_STOCK_VAR"], "postgres", "PG_VERSION")
    made = data.stat().st_mtime
    run = start(environment)
    assert "is ready" in until_ready(run)
    assert data.stat().st_mtime == made
    assert stop(run, signal.SIGTERM)[0] == 0


@pytest.mark.parametrize("variable", ["PORT", "POSTGRES_PORT", "VALKEY_PORT"])
def test_a_taken_port_is_named_with_the_variable_that_changes_it(
    environment: dict[str, str], variable: str
) -> None:
    with socket.create_server((LOOPBACK, int(environment[variable]))):
        said = refusal(environment)
    assert f"Port {environment[variable]}" in said
    assert f"{variable}=" in said
    assert not Path(environment["OMNI_STOCK_VAR"], "postgres").exists()


def test_a_port_that_is_no_number_is_refused_by_name(environment: dict[str, str]) -> None:
    said = refusal(environment | {"VALKEY_PORT": "none"})
    assert "VALKEY_PORT=none is not a port number" in said


def test_a_database_that_cannot_be_prepared_is_explained_and_nothing_is_left_running(
    environment: dict[str, str],
) -> None:
    nowhere = f"postgresql://nobody@{LOOPBACK}:{free_port()}/nothing?connect_timeout=2"
    said = refusal(environment | {"DATABASE_URL": nowhere, "DB_POOL_SIZE": "0"})
    assert "The database could not be prepared" in said
    assert "Stopping Valkey" in said
