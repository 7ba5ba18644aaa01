"""The watch over the log sees what it is for: a secret planted on any way into it."""

import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import structlog
from django.conf import settings
from django.core import mail
from django.db import transaction
from rest_framework.test import APIClient

from core.audit import log_audit
from core.enums import AuditType
from tests.conftest import pair_for
from tests.factories import PASSWORD
from tests.watch import Watch
from users.models import User
from users.tokens import key_ring

UNIQUE = "ein-Paßwort-für-diesen-Test"
log = logging.getLogger("inventory.services")
words = structlog.get_logger("inventory.services")


def in_an_exception() -> None:
    try:
        int(PASSWORD)
    except ValueError:
        log.exception("Something is wrong")


def in_another_thread() -> None:
    thread = Thread(target=lambda: log.info("%s", PASSWORD))
    thread.start()
    thread.join()


@pytest.mark.parametrize(
    "plant",
    [
        lambda: log.info("Somebody typed %s", PASSWORD),
        lambda: log.info("Somebody typed", extra={"typed": PASSWORD}),
        lambda: log.debug(PASSWORD),
        lambda: words.warning("typed", body={"password": [PASSWORD]}),
        lambda: logging.getLogger("django.server").error(PASSWORD),
        lambda: log.info("signed with %s", settings.SECRET_KEY),
        lambda: log.info("signed with %s", key_ring().signing_key),
        lambda: log.info("GET / HTTP/1.1 Authorization: Basic YW5uOnBhc3M="),
        lambda: log.info("see https://omni-stock.example/verify-email?token=%s", "x" * 43),
        in_an_exception,
        in_another_thread,
    ],
)
def test_secret_is_seen(watch: Watch, plant: Callable[[], None]) -> None:
    plant()
    assert len(watch.leaks()) == 1
    watch.forget()


def test_harmless_line_is_kept_and_is_no_leak(watch: Watch) -> None:
    log.info("Items of %s were counted", "ann@example.com")
    assert [line for line in watch.lines if "ann@example.com" in line]
    assert watch.leaks() == []


@pytest.mark.django_db
def test_tokens_are_seen(watch: Watch, owner: User) -> None:
    for token in pair_for(owner).values():
        log.info("came with %s", token)
    assert len(watch.leaks()) == 2
    watch.forget()


@pytest.mark.django_db
@pytest.mark.parametrize("form", ["json", "multipart"])
def test_what_a_request_sends_as_a_secret_is_learnt(watch: Watch, form: str) -> None:
    assert watch.with_secrets([UNIQUE]) == []
    body = {"username": "ann", "password": UNIQUE}
    APIClient().post("/api/v1/auth/token/", body, format=form)
    log.info("password %s was typed", UNIQUE)
    assert len(watch.leaks()) == 1
    APIClient(HTTP_AUTHORIZATION="Token of-another-kind").get("/api/v1/auth/me/")
    assert watch.with_secrets(["of-another-kind"])
    watch.forget()


def test_what_signs_and_what_is_mailed_is_learnt(watch: Watch, settings: Any) -> None:
    settings.SETUP_SECRET = "told-to-who-installs-it"
    settings.JWT_SIGNING_KEYS = {"2026": "old-key-" * 5}
    mail.send_mail(
        "Hello", "https://omni-stock.example/?token=mailed-to-ann", None, ["a@b.example"]
    )
    for secret in ("told-to-who-installs-it", "old-key-" * 5, "mailed-to-ann"):
        assert watch.with_secrets([f"it is {secret}."])


@pytest.mark.django_db
def test_secret_in_the_audit_log_is_seen(watch: Watch, owner: User) -> None:
    log_audit(AuditType.SECURITY, owner, "typed something")
    assert watch.leaks_in_audit() == []
    with transaction.atomic():  # a row cannot be taken out again
        log_audit(AuditType.SECURITY, owner, "typed something", after={"note": [PASSWORD]})
        assert len(watch.leaks_in_audit()) == 1
        transaction.set_rollback(True)


PLANTED = """
import logging

def test_that_leaks():
    logging.getLogger("inventory").info("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmVk")

def test_that_does_not():
    logging.getLogger("inventory").info("Nothing to see")
"""


def test_the_test_that_logged_it_fails_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "test_planted.py").write_text(PLANTED)
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["tests.conftest"]')
    options = ["-q", "-n", "0", "-c", "pyproject.toml"]
    command = [sys.executable, "-m", "pytest", *options, "-p", "no:cacheprovider", tmp_path]
    done = subprocess.run(
        command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False
    )
    assert "ERROR at teardown of test_that_leaks" in done.stdout, done.stdout
    assert "A secret was logged." in done.stdout
    assert "2 passed, 1 error" in done.stdout, done.stdout
