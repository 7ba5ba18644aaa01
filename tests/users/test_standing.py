"""Accounts paused by staff and taken up again: by the service, and in the admin."""

from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core import mail
from django.db import IntegrityError
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from core.exceptions import AppException
from core.models import AuditLog
from tests.conftest import pair_for
from tests.factories import NEW_PASSWORD, PASSWORD, UserFactory
from tests.flows.desk import address, filled
from tests.races import ROUNDS, at_once
from users.models import Session, User
from users.services import AccountService
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
API = "/api/v1/"
USERS = "/admin/users/user/"


@pytest.fixture
def staff(db: None) -> User:
    user: User = UserFactory(is_staff=True, is_superuser=True)
    return user


def code_of(deed: Any, **words: Any) -> str:
    with pytest.raises(AppException) as refusal:
        deed(**words)
    return refusal.value.code


def sign_in_by_password(user: User) -> Any:
    return APIClient().post(f"{API}auth/token/", {"email": user.email, "password": PASSWORD})


class TestPause:
    def test_ends_access_at_once_and_refuses_the_next_sign_in(
        self, owner: User, owner_client: APIClient, staff: User
    ) -> None:
        assert owner_client.get(f"{API}auth/me/").status_code == 200
        AccountService.pause(user=owner, by=staff, reason="Unpaid")
        answer = owner_client.get(f"{API}auth/me/")
        assert (answer.status_code, answer.json()["code"]) == (401, "session_ended")
        refresh = {"refresh": owner_client.tokens["refresh"]}
        assert APIClient().post(f"{API}auth/token/refresh/", refresh).status_code == 401
        assert sign_in_by_password(owner).json()["code"] == "invalid_credentials"

    def test_is_told_by_mail_and_written_down_once(
        self, owner: User, staff: User, django_capture_on_commit_callbacks: Any
    ) -> None:
        for _time in range(2):
            with django_capture_on_commit_callbacks(execute=True):
                AccountService.pause(user=owner, by=staff, reason="Unpaid <bill>")
        [message] = mail.outbox
        assert (message.to, message.subject) == ([owner.email], "Your account is paused")
        assert "  Unpaid <bill>\n" in message.body
        entry = AuditLog.objects.get()
        assert (entry.type, entry.action, entry.details, entry.actor_id) == (
            "admin", f"paused account “{owner.username}”", "Unpaid <bill>", staff.pk,
        )  # fmt: skip
        assert (entry.before, entry.after) == ({"is_active": True}, {"is_active": False})

    def test_leaves_the_shop_to_who_works_there(
        self, owner: User, staff: User, vendor: Any, sign_in: Any
    ) -> None:
        member = UserFactory()
        vendor.members.create(user=member, email=member.email, role="manager",
                              invite_status="accepted")  # fmt: skip
        AccountService.pause(user=owner, by=staff, reason="Unpaid")
        assert sign_in(member).get(f"{API}vendors/{vendor.pk}/").status_code == 200

    def test_needs_a_reason(self, owner: User, staff: User) -> None:
        told = code_of(AccountService.pause, user=owner, by=staff, reason=" ")
        assert told == "validation_error"

    def test_is_not_for_oneself_nor_for_the_last_administrator(self, staff: User) -> None:
        helper = UserFactory(is_staff=True)
        UserFactory(is_admin=True, is_active=False)
        told = code_of(AccountService.pause, user=staff, by=helper, reason="x")
        assert told == "last_administrator"
        other = UserFactory(is_admin=True)
        assert code_of(AccountService.pause, user=staff, by=staff, reason="x") == "own_account"
        AccountService.pause(user=staff, by=other, reason="x")
        assert list(User.objects.administrators().filter(is_active=True)) == [other]
        assert not AuditLog.objects.exclude(actor_id=other.pk).exists()


class TestReactivate:
    def test_opens_the_door_and_brings_no_session_back(
        self, owner: User, staff: User, django_capture_on_commit_callbacks: Any
    ) -> None:
        pair = pair_for(owner)
        with django_capture_on_commit_callbacks(execute=True):
            AccountService.pause(user=owner, by=staff, reason="Unpaid")
        mail.outbox.clear()
        for _time in range(2):
            with django_capture_on_commit_callbacks(execute=True):
                AccountService.reactivate(user=owner, by=staff)
        assert [message.subject for message in mail.outbox] == ["Your account is active again"]
        bearer = {"HTTP_AUTHORIZATION": f"Bearer {pair['access']}"}
        assert APIClient().get(f"{API}auth/me/", **bearer).json()["code"] == "session_ended"
        refresh = {"refresh": pair["refresh"]}
        assert APIClient().post(f"{API}auth/token/refresh/", refresh).status_code == 401
        assert not Session.objects.living().exists()
        assert sign_in_by_password(owner).status_code == 200
        actions = list(AuditLog.objects.order_by("pk").values_list("action", flat=True))
        assert actions[:2] == [f"{did} account “{owner.username}”" for did in
                               ("paused", "reactivated")]  # fmt: skip

    def test_does_not_bring_a_deleted_account_back(self, stranger: User, staff: User) -> None:
        stranger.vendors.get().delete()
        AccountService.delete(user=stranger, by=staff, reason="Asked to")
        for deed in (AccountService.reactivate, AccountService.pause):
            words = {"reason": "x"} if deed is AccountService.pause else {}
            assert code_of(deed, user=stranger, by=staff, **words) == "user_not_found"

    def test_nor_does_the_database(self) -> None:
        with pytest.raises(IntegrityError, match="user_deleted_is_not_active"):
            UserFactory(deleted_at=timezone.now())


class TestAdmin:
    @pytest.fixture
    def desk(self, client: Client, staff: User) -> Client:
        client.force_login(staff)
        return client

    def told(self, desk: Client, action: str, *users: User, **words: str) -> list[str]:
        form = {"action": action, "_selected_action": [user.pk for user in users], **words}
        page = desk.post(USERS, form, follow=True)
        return [str(message) for message in page.context["messages"]]

    def test_pauses_and_reactivates_the_selected(self, desk: Client, owner: User) -> None:
        other = UserFactory()
        assert self.told(desk, "pause", owner, other, reason="Unpaid") == ["2 done."]
        assert not User.objects.filter(pk__in=[owner.pk, other.pk], is_active=True).exists()
        assert self.told(desk, "reactivate", owner) == ["1 done."]
        assert User.objects.filter(pk__in=[owner.pk, other.pk], is_active=True).get() == owner

    def test_refusal_keeps_no_other_from_it(self, desk: Client, staff: User, owner: User) -> None:
        own, done = self.told(desk, "pause", staff, owner, reason="Unpaid")
        assert own == f"{staff}: You cannot pause your own account: another administrator can."
        assert done == "1 done."
        [needed, none] = self.told(desk, "pause", owner)
        assert (needed, none) == (f"{owner}: This field is required.", "0 done.")

    def test_deletes_the_selected_unless_they_own_shops(self, desk: Client, owner: User) -> None:
        other = UserFactory()
        owns, done = self.told(desk, "delete_accounts", owner, other, reason="Asked to")
        assert owns.startswith(f"{owner}: The account owns open shops")
        assert done == "1 done."
        assert User.objects.exclude(deleted_at=None).get() == other

    def test_tick_and_button_that_would_pass_by_the_service_are_gone(
        self, desk: Client, owner: User
    ) -> None:
        page = desk.get(f"{USERS}{owner.pk}/change/")
        assert "is_active" not in page.context["adminform"].form.fields
        assert desk.post(f"{USERS}{owner.pk}/delete/", {"post": "yes"}).status_code == 403
        self.told(desk, "delete_selected", owner, post="yes")
        assert User.objects.filter(pk=owner.pk, is_active=True).exists()

    def test_nobody_is_written_into_a_deleted_account(self, desk: Client) -> None:
        gone = UserFactory()
        form = filled(desk.get(address(gone, "change")))
        self.told(desk, "delete_accounts", gone, reason="Asked to")
        place = address(gone, "change")
        assert desk.get(place).status_code == 200
        for body in (form, {**form, "first_name": "Ann"}):
            assert desk.post(place, body).status_code == 403
        words = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD, "usable_password": "true"}
        assert desk.post(f"{USERS}{gone.pk}/password/", words).status_code == 403
        gone.refresh_from_db()
        assert (gone.first_name, gone.email.partition("@")[2]) == ("", "accounts.invalid")
        assert not gone.has_usable_password()

    def test_shop_is_not_given_to_a_deleted_account(self, desk: Client, vendor: Vendor) -> None:
        gone = UserFactory()
        self.told(desk, "delete_accounts", gone, reason="Asked to")
        page = desk.post(f"/admin/vendors/vendor/{vendor.pk}/change/", {"owner": gone.pk})
        assert "owner" in page.context["adminform"].form.errors
        found = desk.get(
            "/admin/autocomplete/",
            {"term": "", "app_label": "vendors", "model_name": "vendor", "field_name": "owner"},
        )
        names = [choice["text"] for choice in found.json()["results"]]
        assert vendor.owner.email in names
        assert not [name for name in names if name.endswith(".invalid")]

    def test_is_for_staff_who_may_change_and_delete_accounts(
        self, client: Client, owner: User
    ) -> None:
        helper = UserFactory(is_staff=True)
        may = Permission.objects.filter(content_type__app_label="users")
        helper.user_permissions.add(may.get(codename="view_user"))
        client.force_login(helper)
        self.told(client, "pause", owner, reason="x")
        assert User.objects.get(pk=owner.pk).is_active
        helper.user_permissions.add(may.get(codename="change_user"))
        owner.vendors.get().delete()
        self.told(client, "delete_accounts", owner, reason="x")
        assert self.told(client, "pause", owner, reason="x") == ["1 done."]
        helper.user_permissions.add(may.get(codename="delete_user"))
        assert self.told(client, "delete_accounts", owner, reason="x") == ["1 done."]

    def test_paused_member_of_staff_is_out(self, desk: Client, staff: User) -> None:
        AccountService.pause(user=staff, by=UserFactory(is_superuser=True), reason="x")
        assert desk.get(USERS).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_of_administrators_who_pause_each_other_one_is_left() -> None:
    for _round in range(max(ROUNDS // 4, 1)):
        ann, bob, eve = (UserFactory(is_admin=True) for _ in range(3))
        pairs = [(ann, bob), (bob, eve), (eve, ann)]
        told = at_once(
            [partial(AccountService.pause, user=user, by=by, reason="x") for user, by in pairs]
        )
        assert sorted(map(str, told)) == ["None", "None", "last_administrator"]
        active = User.objects.administrators().filter(is_active=True)
        assert active.count() == 1
        User.objects.all().update(is_admin=False)
