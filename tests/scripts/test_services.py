"""The real servers behind the tests and `make run`: they come, go, and keep what they must."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from scripts import services
from scripts.processes import LOOPBACK, Process, ServiceError, free_port
from scripts.services import Account, Postgres, Valkey, find_postgres, reachable_home

ROOT = Path(__file__).resolve().parents[2]
SHOW = "echo $DATABASE_URL $REDIS_URL;"
CONNECT = "import os, psycopg; print(psycopg.connect(os.environ['DATABASE_URL']).info.dbname)"


@pytest.fixture
def home() -> Iterator[Path]:
    """pytest's own directory is closed to the account PostgreSQL runs as when root tests."""
    with tempfile.TemporaryDirectory(prefix="omni-home-") as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


def bare_environment(**more: str) -> dict[str, str]:
    """As in a new shell: nothing of what this test run was given."""
    given = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")
    return {name: value for name, value in os.environ.items() if name not in given} | more


def with_servers(script: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "scripts.services", "--", "sh", "-c", script],
        cwd=ROOT,
        env=bare_environment(**environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )


def answers(url: str) -> bool:
    port = int(url.rpartition(":")[2].partition("/")[0])
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0


def all_gone(urls: list[str], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while any(map(answers, urls)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(map(answers, urls))


def test_the_command_gets_its_own_servers_and_they_are_gone_afterwards() -> None:
    said, _ = with_servers(f'{SHOW} "{sys.executable}" -c "{CONNECT}"').communicate(timeout=60)
    *urls, database = said.split()
    assert database == "omni_stock"
    assert len(urls) == 2
    assert all_gone(urls)


def test_addresses_that_are_given_are_used_and_the_exit_code_is_passed_on() -> None:
    given = {"DATABASE_URL": "postgresql://elsewhere/x", "REDIS_URL": "redis://elsewhere"}
    run = with_servers(f"{SHOW} exit 7", **given)
    assert run.communicate(timeout=60)[0].split() == list(given.values())
    assert run.returncode == 7


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_server_outlives_a_run_that_is_stopped(number: signal.Signals, home: Path) -> None:
    run = with_servers(f"{SHOW} exec sleep 30", TMPDIR=str(home))
    assert run.stdout
    urls = run.stdout.readline().split()
    assert all(map(answers, urls))
    run.send_signal(number)
    run.wait(20)
    assert all_gone(urls)


def test_data_survives_a_crash_after_which_the_process_number_was_given_away(home: Path) -> None:
    server = Postgres(home / "postgres", port=free_port(), log=home / "log", durable=True)
    server.start()
    with psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    crashed = server.process.pid
    assert crashed
    os.kill(crashed, signal.SIGKILL)
    server.process.stop()
    stranger = subprocess.Popen(["sleep", "60"], **server.account.options)
    lock = server.data / "postmaster.pid"
    lock.write_text(lock.read_text().replace(str(crashed), str(stranger.pid), 1))
    try:
        server.start()
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    finally:
        server.process.stop()
        stranger.kill()
        stranger.wait()


def test_data_that_stays_has_a_share_of_the_memory_and_a_test_has_not(home: Path) -> None:
    quarter = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4 // 1024**2
    for durable in (True, False):
        place = home / str(durable)
        server = Postgres(place, port=free_port(), log=home / "log", durable=durable)
        server.start()
        try:
            with psycopg.connect(server.url) as connection:
                asked = "SELECT name, setting::int FROM pg_settings WHERE name = ANY(%s)"
                told: dict[str, int] = dict(
                    connection.execute(
                        asked, [["shared_buffers", "work_mem", "max_wal_size"]]
                    ).fetchall()
                )
        finally:
            server.process.stop()
        megabytes = told["shared_buffers"] * 8 // 1024
        has_share = 128 < megabytes <= quarter
        assert (has_share, told["work_mem"] == 16 * 1024) == (durable, durable)
        log = min(max(2 * megabytes, 1024), 4096)
        assert told["max_wal_size"] == (log if durable else 1024)


def test_queued_jobs_survive_a_restart_of_valkey(home: Path) -> None:
    server = Valkey(home / "valkey", port=free_port(), log=home / "log", durable=True)
    for command in (b"LPUSH queue job\r\n", b"LLEN queue\r\n"):
        server.start()
        with socket.create_connection((LOOPBACK, server.port), 5) as connection:
            connection.sendall(command)
            assert connection.recv(16) == b":1\r\n"
        server.process.stop()


def test_data_of_a_version_that_is_not_installed_says_which_one_is_needed(home: Path) -> None:
    (home / "PG_VERSION").write_text("12\n")
    with pytest.raises(ServiceError, match=r"made by PostgreSQL 12.*apt install postgresql-12"):
        find_postgres(home, Account.for_data(home))


def test_a_home_closed_to_the_server_account_is_left_closed(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "STAND_IN", home / "stand-in")
    monkeypatch.setattr(Account, "can_enter", lambda *_: False)
    chosen = reachable_home(home / "closed")
    assert chosen.parent == home / "stand-in"
    assert chosen == reachable_home(home / "closed")
    assert chosen != reachable_home(home / "other")


def test_a_process_that_ends_is_named_with_the_end_of_its_log(home: Path) -> None:
    process = Process("worker", ["sh", "-c", "echo no broker; exit 3"], home / "worker.log")
    with pytest.raises(ServiceError, match=r"worker has ended \(exit code 3\)[^$]*no broker"):
        process.start(is_ready=lambda: False)


def test_a_process_that_is_never_ready_is_named_and_can_be_stopped(home: Path) -> None:
    process = Process("worker", ["sleep", "60"], home / "worker.log")
    with pytest.raises(ServiceError, match=r"worker was not ready in 0 s"):
        process.start(is_ready=lambda: False, timeout=0.1)
    process.stop()
    assert process.exit_code == -signal.SIGTERM
