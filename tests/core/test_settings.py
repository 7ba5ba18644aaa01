"""What the environment may say, and that production does not start on guesses."""

import json
import os
import subprocess
import sys
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from pydantic import ValidationError
from pydantic_settings import SettingsError

from core.postgres.base import DatabaseWrapper
from omni_stock.settings.environment import WEB_ORIGINS, Environment

ROOT: Path = settings.BASE_DIR
ENOUGH = {
    "DJANGO_SECRET_KEY": "k" * 50,
    "DJANGO_ALLOWED_HOSTS": "stock.example",
    "DATABASE_URL": "postgresql://app:s3cret@db.example:5433/stock",
    "REDIS_URL": "redis://cache.example:6379",
    "CORS_ORIGINS": "https://stock.example",
}
SHOW = """
import json
from django.conf import settings
print(json.dumps({name: getattr(settings, name) for name in %r}, default=str))
"""


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As in a new container: nothing is set, and there is no `.env`."""
    names = {name.upper() for name in Environment.model_fields}
    for name in names | {f"{name}_FILE" for name in names} | {"DJANGO_SETTINGS_MODULE"}:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def start(*code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python as the production process would be started."""
    known = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    module = {"DJANGO_SETTINGS_MODULE": "omni_stock.settings.production"}
    return subprocess.run(
        [sys.executable, *code],
        env=known | module | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def production(*names: str, **environment: str) -> dict[str, Any]:
    done = start("-c", SHOW % (names,), **ENOUGH | environment)
    assert done.returncode == 0, done.stderr
    values: dict[str, Any] = json.loads(done.stdout)
    return values


class TestProduction:
    def test_refuses_to_start_and_lists_all_that_is_missing(self) -> None:
        done = start("-c", SHOW % (("DEBUG",),))
        assert done.returncode != 0
        assert done.stderr.splitlines()[-1] == (
            "django.core.exceptions.ImproperlyConfigured: Set these before starting in production: "
            "DJANGO_SECRET_KEY, DJANGO_ALLOWED_HOSTS, DATABASE_URL or DB_PASSWORD, REDIS_URL, "
            "CORS_ORIGINS."
        )

    @pytest.mark.parametrize("missing", ENOUGH)
    def test_refuses_to_start_without_any_one_of_them(self, missing: str) -> None:
        done = start(
            "-c", SHOW % (("DEBUG",),), **{k: v for k, v in ENOUGH.items() if k != missing}
        )
        assert done.returncode != 0
        assert missing in done.stderr.splitlines()[-1]
        assert "s3cret" not in done.stderr

    @pytest.mark.parametrize("origins", ["*", "https://stock.example,*"])
    def test_refuses_to_let_every_page_in(self, origins: str) -> None:
        done = start("-c", SHOW % (("DEBUG",),), **ENOUGH | {"CORS_ORIGINS": origins})
        assert done.returncode != 0
        assert done.stderr.splitlines()[-1].endswith(
            "CORS_ORIGINS may not be *: credentials are allowed."
        )

    def test_starts_with_enough_and_stands_on_the_safe_side(self) -> None:
        safe = {
            "DEBUG": False,
            "ALLOWED_HOSTS": ["stock.example"],
            "CORS_ALLOWED_ORIGINS": ["https://stock.example"],
            "RATE_LIMIT_ENABLED": True,
            "SECURE_SSL_REDIRECT": True,
            "SECURE_HSTS_SECONDS": 31_536_000,
            "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
            "SECURE_CONTENT_TYPE_NOSNIFF": True,
            "SESSION_COOKIE_SECURE": True,
            "CSRF_COOKIE_SECURE": True,
            "CSRF_COOKIE_HTTPONLY": True,
            "SECURE_HSTS_PRELOAD": True,
            "SECURITY_CONTACT": "",
            "SECURE_PROXY_SSL_HEADER": None,
            "TIME_ZONE": "UTC",
        }
        assert production(*safe) == safe

    @pytest.mark.parametrize(
        ("url", "told"),
        [
            ("smtp://mail.example", (25, False, False)),
            ("smtp+tls://u:p@mail.example", (587, True, False)),
            ("smtps://u:p@mail.example", (465, False, True)),
            ("smtps://u:p@mail.example:2465", (2465, False, True)),
        ],
    )
    def test_mail_goes_as_its_address_says(self, url: str, told: tuple[int, bool, bool]) -> None:
        names = ("EMAIL_PORT", "EMAIL_USE_TLS", "EMAIL_USE_SSL")
        assert production(*names, EMAIL_URL=url) == dict(zip(names, told, strict=True))

    def test_never_debugs(self) -> None:
        assert production("DEBUG", DJANGO_DEBUG="true") == {"DEBUG": False}

    def test_believes_a_proxy_only_when_there_is_one(self) -> None:
        told = production("SECURE_PROXY_SSL_HEADER", "REST_FRAMEWORK", TRUSTED_PROXIES="1")
        assert told["SECURE_PROXY_SSL_HEADER"] == ["HTTP_X_FORWARDED_PROTO", "https"]
        assert told["REST_FRAMEWORK"]["NUM_PROXIES"] == 1

    def test_passes_djangos_own_check(self) -> None:
        check = ("manage.py", "check", "--deploy", "--fail-level", "WARNING")
        done = start(str(ROOT / check[0]), *check[1:], **ENOUGH | {"DJANGO_SECRET_KEY": KEY})
        assert (done.returncode, done.stderr.strip()) == (0, "")

    def test_emptying_the_cache_does_not_empty_the_queue(self) -> None:
        told = production("CACHES", "CELERY_BROKER_URL")
        assert told["CACHES"]["default"]["LOCATION"] == "redis://cache.example:6379/0"
        assert told["CELERY_BROKER_URL"] == "redis://cache.example:6379/1"


KEY = "x7!Qz-long-and-random-enough-for-the-check-_8dKp3vB2mN"


class TestSecretsInFiles:
    def test_value_may_lie_in_a_file(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        for name, value in {
            "DB_PASSWORD": "s3cret\n",
            "DJANGO_ALLOWED_HOSTS": "a.b, c.d\n",
        }.items():
            (tmp_path / name).write_text(value)
            monkeypatch.setenv(f"{name}_FILE", str(tmp_path / name))
        env = Environment()
        assert env.db_password is not None
        assert env.db_password.get_secret_value() == "s3cret"
        assert env.django_allowed_hosts == ["a.b", "c.d"]

    def test_variable_itself_wins(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "name").write_text("from-file")
        monkeypatch.setenv("DB_NAME_FILE", str(tmp_path / "name"))
        monkeypatch.setenv("DB_NAME", "from-variable")
        assert Environment().db_name == "from-variable"

    def test_file_that_is_not_there_stops_the_start(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DB_PASSWORD_FILE", "/nowhere/at-all")
        with pytest.raises(SettingsError, match="db_password"):
            Environment()

    def test_production_starts_from_files_alone(self, tmp_path: Path) -> None:
        files = {}
        for name, value in ENOUGH.items():
            (tmp_path / name).write_text(f"{value}\n")
            files[f"{name}_FILE"] = str(tmp_path / name)
        assert start("-c", SHOW % (("DEBUG",),), **files).returncode == 0


class TestValues:
    @pytest.mark.parametrize(
        ("text", "hosts"),
        [("a", ["a"]), ("a,b", ["a", "b"]), (" a , b ,", ["a", "b"]), (",", []), ("", [])],
    )
    def test_lists_are_separated_by_commas(
        self, monkeypatch: pytest.MonkeyPatch, text: str, hosts: list[str]
    ) -> None:
        monkeypatch.setenv("DJANGO_ALLOWED_HOSTS", text)
        assert Environment().django_allowed_hosts == hosts

    def test_web_pages_of_the_documents_are_the_default(self) -> None:
        assert Environment().cors_origins == WEB_ORIGINS == [
            "https://omni-stock.vercel.app", "http://localhost:5173", "http://localhost:5174",
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("name", "value"),
        [("TRUSTED_PROXIES", "-1"), ("DB_PORT", "x"), ("LOG_FORMAT", "xml"),
         ("RATE_LIMIT_ENABLED", "perhaps"), ("DB_POOL_SIZE", "-1"),
         ("DB_LOCK_TIMEOUT", "-1"), ("LIST_CACHE_SECONDS", "-1"),
         ("EMAIL_URL", "smtp+ssl://u:s3cret@h"), ("EMAIL_URL", "mail.example")],
    )  # fmt: skip
    def test_value_of_another_kind_stops_the_start(
        self, monkeypatch: pytest.MonkeyPatch, name: str, value: str
    ) -> None:
        monkeypatch.setenv(name, value)
        with pytest.raises(ValidationError):
            Environment()

    def test_secrets_do_not_show_when_settings_are_printed(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("DJANGO_SECRET_KEY", "DB_PASSWORD", "DATABASE_URL", "REDIS_URL", "EMAIL_URL"):
            monkeypatch.setenv(name, "smtp://u:s3cret@h/1")
        assert "s3cret" not in repr(Environment())


class TestServers:
    def test_database_is_where_the_names_say(self, monkeypatch: pytest.MonkeyPatch) -> None:
        names = {"DB_NAME": "n", "DB_USER": "u", "DB_PASSWORD": "p", "DB_HOST": "h", "DB_PORT": "1"}
        for name, value in names.items():
            monkeypatch.setenv(name, value)
        assert Environment().database() == {
            "NAME": "n", "USER": "u", "PASSWORD": "p", "HOST": "h", "PORT": 1, "OPTIONS": {},
        }  # fmt: skip

    def test_address_wins_over_the_names(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DB_NAME", "other")
        monkeypatch.setenv("DB_PASSWORD", "other")
        monkeypatch.setenv("DATABASE_URL", "postgres://u%40x:p%2Fw@h.example/n?sslmode=require")
        assert Environment().database() == {
            "NAME": "n", "USER": "u@x", "PASSWORD": "p/w", "HOST": "h.example", "PORT": 5432,
            "OPTIONS": {"sslmode": "require"},
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("given", "cache", "broker"),
        [
            ("redis://h:1", "redis://h:1/0", "redis://h:1/1"),
            ("redis://h:1/", "redis://h:1/0", "redis://h:1/1"),
            ("redis://h:1/0", "redis://h:1/0", "redis://h:1/1"),
            ("redis://h:1/5", "redis://h:1/0", "redis://h:1/1"),
            ("redis://h:1?db=3", "redis://h:1/0", "redis://h:1/1"),
            ("rediss://u:p@h:1/0?x=y", "rediss://u:p@h:1/0?x=y", "rediss://u:p@h:1/1?x=y"),
        ],
    )
    def test_cache_and_broker_have_a_database_each(
        self, monkeypatch: pytest.MonkeyPatch, given: str, cache: str, broker: str
    ) -> None:
        monkeypatch.setenv("REDIS_URL", given)
        env = Environment()
        assert (env.redis(0), env.redis(1)) == (cache, broker)


def test_example_names_all_that_is_read_and_nothing_else() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    assigned = [line.lstrip("# ").partition("=")[0] for line in lines if "=" in line]
    named = {name for name in assigned if name.isupper()}
    read = {name.upper() for name in Environment.model_fields}
    assert read - named == set()
    starters = [ROOT / "gunicorn.conf.py", ROOT / "manage.py", *(ROOT / "scripts").glob("*.py")]
    sources = "".join(path.read_text() for path in starters)
    assert [name for name in named - read if name not in sources] == []


def test_requests_wait_for_redis_a_quarter_of_a_second_at_most() -> None:
    """Once for the cache, which the limits use too, and once for the queue; then breakers open."""
    found = production("CACHES", "CELERY_BROKER_TRANSPORT_OPTIONS", "CELERY_TASK_PUBLISH_RETRY")
    cache, queue = found["CACHES"]["default"]["OPTIONS"], found["CELERY_BROKER_TRANSPORT_OPTIONS"]
    assert cache["CONNECTION_POOL_CLASS"] == "core.breaker.GuardedPool"
    assert not found["CELERY_TASK_PUBLISH_RETRY"]
    assert queue["max_retries"] == 0
    connecting = cache["SOCKET_CONNECT_TIMEOUT"] + queue["socket_connect_timeout"]
    answering = cache["SOCKET_TIMEOUT"] + queue["socket_timeout"]
    assert max(connecting, answering) <= 0.25


@pytest.mark.parametrize(("threads", "kept"), [(4, 600), (8, 600), (9, 0)])
def test_threads_keep_connections_where_there_is_one_for_each(
    monkeypatch: pytest.MonkeyPatch, threads: int, kept: int
) -> None:
    options: Any = settings.DATABASES["default"]["OPTIONS"]
    monkeypatch.setitem(options, "pool", {"max_size": 8, "max_idle": 600})
    monkeypatch.setattr(DatabaseWrapper, "kept_seconds", 0)
    server = run_path(str(ROOT / "gunicorn.conf.py"))
    server["_keep_connections"](SimpleNamespace(cfg=SimpleNamespace(threads=threads)))
    assert DatabaseWrapper.kept_seconds == kept


@pytest.mark.parametrize("rate", ["0/hour", "sixty/minute", "60", "60/minutes", "-1/hour"])
def test_rate_that_cannot_be_kept_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, rate: str
) -> None:
    monkeypatch.setenv("RATE_LIMIT_BURST", rate)
    with pytest.raises(ValidationError):
        Environment()
