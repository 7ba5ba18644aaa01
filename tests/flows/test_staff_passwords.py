"""Passwords in the admin are guarded as the API guards them, and its doors are in the audit log."""

from functools import partial
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from core.models import AuditLog, OutboxMessage
from tests.core.limits import pass_time
from tests.factories import NEW_PASSWORD, PASSWORD, UserFactory
from tests.races import in_turn
from users.enums import EmailPurpose
from users.models import User
from users.services import EmailTokenService, PasswordService

pytestmark = pytest.mark.django_db
OWN = "/admin/password_change/"
LOGIN = "/admin/login/"
CHANGED = "users.events.PasswordChanged"


@pytest.fixture
def link(staff: User) -> str:
    """To a new password, mailed to the account of a member of staff."""
    return EmailTokenService.issue(user=staff, purpose=EmailPurpose.RESET)


def change(desk: Client, old: str = PASSWORD) -> int:
    new = dict.fromkeys(("new_password1", "new_password2"), NEW_PASSWORD)
    return desk.post(OWN, {"old_password": old, **new}).status_code


def announced() -> list[tuple[str, dict[str, object]]]:
    return list(OutboxMessage.objects.values_list("event", "payload").distinct())


def trail() -> list[tuple[str, str, str]]:
    return list(AuditLog.objects.order_by("pk").values_list("type", "user", "action"))


def is_good(link: str) -> bool:
    body = {"token": link, "password": "shelf-of-blue-bricks"}
    return APIClient().post("/api/v1/auth/password/reset/confirm/", body).status_code == 204


class TestGivenByStaff:
    @pytest.mark.parametrize("usable", ["true", "false"])
    def test_ends_the_links_and_is_told_by_mail(
        self, client: Client, staff: User, link: str, usable: str
    ) -> None:
        client.force_login(UserFactory(is_staff=True, is_superuser=True))
        body = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD, "usable_password": usable}
        if usable == "false":
            body = {"usable_password": usable, "unset-password": "1"}
        before = staff.token_version
        place = f"/admin/users/user/{staff.pk}/password/"
        assert client.post(place, body).status_code == 302
        staff.refresh_from_db()
        assert staff.check_password(NEW_PASSWORD) == (usable == "true")
        assert staff.has_usable_password() == (usable == "true")
        assert staff.token_version == before + 1
        assert announced() == [(CHANGED, {"user_id": staff.pk})]
        assert not is_good(link)

    def test_weak_one_is_told_in_the_form(self, client: Client, staff: User, link: str) -> None:
        client.force_login(UserFactory(is_staff=True, is_superuser=True))
        body = {"password1": "12345678", "password2": "12345678", "usable_password": "true"}
        answer = client.post(f"/admin/users/user/{staff.pk}/password/", body)
        assert "password2" in answer.context["form"].errors
        assert is_good(link)


class TestOwn:
    def test_ends_the_links_and_is_told_by_mail(self, desk: Client, staff: User, link: str) -> None:
        other = Client()
        other.force_login(staff)
        version = staff.token_version
        assert change(desk) == 302
        staff.refresh_from_db()
        assert (staff.check_password(NEW_PASSWORD), staff.token_version) == (True, version + 1)
        assert not staff.sessions.exists()
        assert trail() == [("security", staff.username, "changed the password")]
        assert announced() == [(CHANGED, {"user_id": staff.pk})]
        assert desk.get("/admin/").status_code == 200
        assert other.get("/admin/").status_code == 302
        assert not is_good(link)

    def test_wrong_one_changes_nothing(self, desk: Client, staff: User, link: str) -> None:
        assert change(desk, "wrong") == 200
        assert (trail(), announced()) == ([], [])
        assert is_good(link)

    def test_guesses_are_limited_wherever_from(self, staff: User, settings: Any) -> None:
        """With those by the API: who found a desk unlocked may have found a token in it."""
        settings.RATE_LIMIT_ENABLED = True
        told = []
        for number in range(6):
            desk = Client(REMOTE_ADDR=f"192.0.2.{number}")
            desk.force_login(staff)
            told.append(change(desk, "wrong"))
        assert told == [200] * 5 + [429]
        pass_time(61)
        assert change(desk) == 302
        pass_time(61)
        assert [change(desk, "wrong") for _ in range(5)] == [200] * 5


class TestDoor:
    def test_signing_in_and_out_are_told(self, client: Client, staff: User) -> None:
        client.post(LOGIN, {"username": staff.email, "password": PASSWORD})
        client.post("/admin/logout/")
        client.post("/admin/logout/")
        who = ("security", staff.username)
        assert trail() == [(*who, "signed in"), (*who, "signed out")]
        assert set(AuditLog.objects.values_list("object_id", "ip_address")) == {
            (str(staff.pk), "127.0.0.1")
        }

    def test_refusals_are_told_without_the_name_that_was_typed(self, staff: User) -> None:
        customer = UserFactory()
        for name, password in [
            (staff.username, "wrong"), (customer.email, PASSWORD), ("hunter2", "wrong"),
            ("", "wrong"), ("a\0b", "wrong"),
        ]:  # fmt: skip
            answer = Client().post(LOGIN, {"username": name, "password": password})
            assert answer.status_code == 200
        told = ("security", "was refused to sign in")
        users = (staff.username, customer.username, "system")
        assert trail() == [(told[0], user, told[1]) for user in users]


@pytest.mark.django_db(transaction=True)
def test_own_password_that_was_changed_at_the_same_moment_is_not_overwritten(staff: User) -> None:
    desk = Client()
    desk.force_login(staff)
    words = {"session_id": None, "current_password": PASSWORD, "new_password": "blue-brick-shelf"}
    first = partial(PasswordService.change, user=staff, **words)
    _grant, status = in_turn(first, partial(change, desk), behind=staff)
    staff.refresh_from_db()
    assert (status, staff.check_password("blue-brick-shelf")) == (200, True)
