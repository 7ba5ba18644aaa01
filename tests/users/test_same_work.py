"""Whether somebody has an address costs the same to find out: the answer's time cannot tell it.

No test asserts a time; these count what takes it. benchmarks/same_time.py measures.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from celery.signals import task_prerun
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from tests.factories import PASSWORD, UserFactory
from users.models import User

pytestmark = pytest.mark.django_db
AUTH = "/api/v1/auth/"
NOBODY = "nobody@example.com"


class CountingHasher(MD5PasswordHasher):
    made = 0

    def encode(self, password: str, salt: str) -> str:
        type(self).made += 1
        return super().encode(password, salt)


@dataclass(frozen=True)
class Work:
    """What a call answered, and what it took."""

    status: int
    answer: str
    hashes: int
    statements: tuple[str, ...]
    tasks: tuple[str, ...]


Ask = Callable[..., Work]


@contextmanager
def tasks() -> Iterator[list[str]]:
    seen: list[str] = []

    def note(sender: Any, **_more: Any) -> None:
        seen.append(sender.name)

    task_prerun.connect(note)
    yield seen
    task_prerun.disconnect(note)


@pytest.fixture
def ask(settings: Any, django_capture_on_commit_callbacks: Any) -> Ask:
    settings.PASSWORD_HASHERS = [f"{__name__}.{CountingHasher.__name__}"]

    def ask(door: str, **body: str) -> Work:
        before = CountingHasher.made
        with (
            django_capture_on_commit_callbacks() as callbacks,
            CaptureQueriesContext(connection) as queries,
        ):
            answer = APIClient().post(f"{AUTH}{door}/", body, headers={"X-Request-ID": "same"})
        hashes = CountingHasher.made - before
        with tasks() as queued:
            for callback in callbacks:
                callback()
        return Work(
            status=answer.status_code,
            answer=answer.content.decode(),
            hashes=hashes,
            statements=tuple(query["sql"].split(" ")[0] for query in queries),
            tasks=tuple(queued),
        )

    return ask


@pytest.fixture
def accounts() -> list[User]:
    """One of every kind that might be told from nobody."""
    unusable = UserFactory()
    unusable.set_unusable_password()
    unusable.save()
    return [
        UserFactory(),
        UserFactory(email_verified_at=timezone.now()),
        UserFactory(is_active=False),
        UserFactory(is_admin=True),
        unusable,
    ]


@pytest.mark.parametrize("name", ["email", "username"])
@pytest.mark.parametrize("door", ["token", "admin/login"])
def test_wrong_password_takes_what_an_unknown_name_takes(
    ask: Ask, accounts: list[User], door: str, name: str
) -> None:
    unknown = ask(door, **{name: NOBODY, "password": "not-the-one"})
    assert (unknown.status, unknown.hashes) == (401, 1)
    for user in accounts:
        assert ask(door, **{name: getattr(user, name), "password": "not-the-one"}) == unknown


def test_right_password_does_not_open_what_it_may_not_nor_tell(
    ask: Ask, accounts: list[User]
) -> None:
    ordinary, _confirmed, paused, *_others = accounts
    unknown = {
        door: ask(door, email=NOBODY, password=PASSWORD) for door in ("token", "admin/login")
    }
    assert ask("token", email=paused.email, password=PASSWORD) == unknown["token"]
    for user in (ordinary, paused):
        assert ask("admin/login", email=user.email, password=PASSWORD) == unknown["admin/login"]


@pytest.mark.parametrize("door", ["password/reset", "email/resend"])
def test_mail_is_asked_for_with_the_same_work(ask: Ask, accounts: list[User], door: str) -> None:
    """The worker finds out; asking writes down that it was asked, whoever has the address."""
    unknown = ask(door, email=NOBODY)
    assert (unknown.status, unknown.answer, unknown.statements) == (204, "", ("WITH",))
    assert len(unknown.tasks) == 1
    for user in accounts:
        assert ask(door, email=user.email) == unknown


def test_counting_counts(ask: Ask, accounts: list[User]) -> None:
    """A door that tells by contract whether somebody has the address does more when nobody has."""
    body = {"password": PASSWORD, "email": NOBODY}
    taken, free = ask("register", **body | {"email": accounts[0].email}), ask("register", **body)
    assert (taken.status, free.status) == (400, 201)
    assert len(free.statements) > len(taken.statements)
    assert (len(free.tasks), len(taken.tasks)) == (1, 0)
