"""Staff see what could not be told, without the addresses in it, and have it tried again."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from core.models import AuditLog, OutboxMessage
from tests.factories import OutboxMessageFactory, UserFactory
from tests.flows.desk import address

pytestmark = pytest.mark.django_db


def desk_of(*codenames: str, **flags: Any) -> Client:
    user = UserFactory(is_staff=True, **flags)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def try_again(desk: Client, *rows: OutboxMessage) -> Any:
    form = {"action": "try_again", "_selected_action": [row.pk for row in rows]}
    return desk.post(address(OutboxMessage), form)


@pytest.fixture
def dead() -> OutboxMessage:
    row: OutboxMessage = OutboxMessageFactory(state="dead", attempts=12, last_error="OSError")
    return row


def test_dead_letters_are_found_and_their_addresses_are_not(dead: OutboxMessage) -> None:
    desk = desk_of(is_superuser=True)
    OutboxMessageFactory(handler="users.handlers.say_good_bye")
    page = desk.get(address(OutboxMessage), {"state": "dead"}).content.decode()
    assert (dead.handler in page, "say_good_bye" in page) == (True, False)
    page = desk.get(address(dead, "change")).content.decode()
    assert ("[not kept]" in page, "ann@example.com" in page) == (True, False)


def test_trying_again_is_a_deed_of_staff(dead: OutboxMessage) -> None:
    done = OutboxMessageFactory(state="done", attempts=1)
    assert try_again(desk_of(is_superuser=True), dead, done).status_code == 302
    for row in (dead, done):
        row.refresh_from_db()
    assert (dead.state, dead.attempts, done.state) == ("pending", 0, "done")
    entry = AuditLog.objects.get(type="admin")
    assert (entry.object_id, entry.action) == (
        str(dead.pk), f"tried again outbox message “{dead}”",
    )  # fmt: skip


def test_who_may_only_look_cannot_try_again(dead: OutboxMessage) -> None:
    try_again(desk_of("view_outboxmessage"), dead)
    dead.refresh_from_db()
    assert dead.state == "dead"
    try_again(desk_of("view_outboxmessage", "change_outboxmessage"), dead)
    dead.refresh_from_db()
    assert dead.state == "pending"
