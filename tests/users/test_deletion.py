"""Accounts deleted by their owners: what ends, what is forgotten, what stays."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.core import mail
from django.core.files.base import ContentFile
from django.utils import timezone
from rest_framework.test import APIClient

from core.models import AuditLog
from inventory.models import Collectible
from omni_stock.settings.storages import on_disk
from tests.core.test_pictures import picture
from tests.factories import (
    PASSWORD,
    CollectibleFactory,
    MemberFactory,
    StoreFactory,
    UserFactory,
    VendorFactory,
)
from users.enums import EmailPurpose
from users.models import EmailToken, Session, User
from users.services import AccountService, AvatarService, EmailTokenService, MailService
from vendors.models import AccessToken, Vendor, VendorMember
from vendors.services import VendorService

pytestmark = pytest.mark.django_db
API = "/api/v1/"
ME = f"{API}auth/me/"
MARKER = "marker7f3a"


def delete(client: APIClient, password: str = PASSWORD) -> Any:
    return client.delete(ME, {"password": password})


def outcome(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.fixture
def root(settings: Any, tmp_path: Path) -> Path:
    settings.STORAGES = {**settings.STORAGES, "default": on_disk(tmp_path)}
    return tmp_path


@pytest.fixture
def ann(root: Path) -> User:
    """Everything that a person can leave here, under one word."""
    user: User = UserFactory(
        username=f"{MARKER}.ann", email=f"{MARKER}@Example.com", first_name=MARKER,
        last_name=MARKER, company_name=MARKER, phone_number=MARKER, birthdate="1990-04-01",
        email_verified_at=timezone.now(), is_staff=True, is_salesperson=True,
    )  # fmt: skip
    user.groups.add(Group.objects.create(name="Helpers"))
    AvatarService.put(user=user, upload=ContentFile(picture()))
    EmailTokenService.issue(user=user, purpose=EmailPurpose.RESET)
    closed = StoreFactory(vendor__owner=user, vendor__contact_info=MARKER, address=MARKER).vendor
    closed.delete()
    return user


@pytest.fixture
def ann_client(ann: User, sign_in: Any) -> APIClient:
    client: APIClient = sign_in(ann)
    return client


def texts(*, without: type[Any]) -> str:
    """All that the database holds, but for one table."""
    rows = [
        row
        for model in apps.get_models()
        if model is not without
        for row in model._base_manager.values()
    ]
    return json.dumps(rows, default=str)


class TestPerson:
    def test_is_forgotten_wherever_it_stood(
        self, ann: User, ann_client: APIClient, root: Path, django_capture_on_commit_callbacks: Any
    ) -> None:
        LogEntry.objects.create(
            user=UserFactory(), content_type_id=1, object_id="1", object_repr="other",
            action_flag=CHANGE,
        )  # fmt: skip
        UserFactory(is_superuser=True)
        kind = apps.get_model("contenttypes", "ContentType").objects.get_for_model(User)
        LogEntry.objects.create(
            user=ann, content_type=kind, object_id=str(ann.pk), object_repr=str(ann),
            action_flag=CHANGE,
        )  # fmt: skip
        MemberFactory(user=ann)
        MemberFactory(user=ann).delete()
        MemberFactory(user=None, email=ann.email.upper(), invite_status="pending")
        MemberFactory(user=None, email=ann.email, invite_status="declined")
        assert MARKER in texts(without=AuditLog).lower()
        assert list(root.rglob("*.webp"))
        with django_capture_on_commit_callbacks(execute=True):
            assert delete(ann_client).status_code == 204
        assert MARKER not in texts(without=AuditLog).lower()
        assert not list(root.rglob("*.webp"))
        row = User.objects.get(pk=ann.pk)
        assert (row.is_active, row.has_usable_password(), row.deleted_at is None) == (
            False, False, False,
        )  # fmt: skip
        assert (row.is_staff, row.is_salesperson) == (False, False)
        assert not row.groups.exists()
        assert (row.birthdate, row.active_vendor) == (None, None)
        assert row.email == f"{row.username}@accounts.invalid"
        assert LogEntry.objects.filter(object_repr="other").exists()

    def test_does_not_come_back_with_a_shop_that_was_closed(
        self, ann: User, ann_client: APIClient
    ) -> None:
        worked = MemberFactory(user=ann)
        invited = MemberFactory(user=None, email=ann.email, invite_status="pending")
        stays = MemberFactory(vendor=worked.vendor)
        for row in (worked, invited):
            VendorService.delete(vendor=row.vendor, by=row.vendor.owner)
        assert delete(ann_client).status_code == 204
        for row in (worked, invited):
            VendorService.restore(vendor=row.vendor, by=UserFactory())
        assert VendorMember.objects.get() == stays

    def test_gets_a_last_mail_at_the_old_address(
        self, ann_client: APIClient, django_capture_on_commit_callbacks: Any
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            delete(ann_client)
        [message] = mail.outbox
        assert (message.to, message.subject) == (
            [f"{MARKER}@Example.com"], "Your account was deleted",
        )  # fmt: skip

    def test_gets_no_mail_that_was_still_under_way(self, ann: User, ann_client: APIClient) -> None:
        delete(ann_client)
        MailService.password_changed(user_id=ann.pk, event_id=uuid4())
        assert mail.outbox == []

    def test_may_register_with_the_same_names(self, ann: User, ann_client: APIClient) -> None:
        MemberFactory(user=None, email=ann.email, invite_status="pending")
        new = {"email": ann.email, "username": ann.username, "password": PASSWORD}
        assert APIClient().post(f"{API}auth/register/", new).status_code == 400
        delete(ann_client)
        answer = APIClient().post(f"{API}auth/register/", new)
        assert answer.status_code == 201
        assert answer.json()["id"] != ann.pk
        pair = APIClient().post(f"{API}auth/token/", {"email": ann.email, "password": PASSWORD})
        fresh = APIClient(HTTP_AUTHORIZATION=f"Bearer {pair.json()['access']}")
        assert fresh.get(f"{API}vendor-invites/").json()["count"] == 0


class TestAccess:
    def test_ends_everywhere(self, ann: User, ann_client: APIClient, sign_in: Any) -> None:
        elsewhere = sign_in(ann)
        assert delete(ann_client).status_code == 204
        for client in (ann_client, elsewhere):
            assert outcome(client.get(ME)) == (401, "token_not_valid")
            assert outcome(delete(client)) == (401, "token_not_valid")
            refresh, access = client.tokens["refresh"], client.tokens["access"]
            for path, body in (
                ("refresh/", {"refresh": refresh}), ("verify/", {"token": access}),
                ("verify/", {"token": refresh}),
            ):  # fmt: skip
                told = APIClient().post(f"{API}auth/token/{path}", body)
                assert outcome(told) == (401, "token_not_valid")
        assert not Session.objects.filter(user=ann).exists()
        assert not EmailToken.objects.filter(user=ann).exists()
        for name in (ann.email, ann.username, User.objects.get(pk=ann.pk).username):
            told = APIClient().post(f"{API}auth/token/", {"username": name, "password": PASSWORD})
            assert outcome(told) == (401, "invalid_credentials")


class TestShops:
    def test_what_the_person_did_there_stays(
        self, stranger: User, vendor: Vendor, sign_in: Any, owner_client: APIClient
    ) -> None:
        stranger.vendors.get().delete()
        member = MemberFactory(vendor=vendor, user=stranger, role="manager")
        client = sign_in(stranger)
        made = client.post(f"{API}catalog/items/", {"name": "Falcon", "vendor": vendor.pk}).json()
        assert delete(client).status_code == 204
        assert Collectible.objects.get(pk=made["id"]).created_by_id == stranger.pk
        assert owner_client.get(f"{API}catalog/items/{made['id']}/").status_code == 200
        assert VendorMember.all_objects.get(pk=member.pk).invite_status == "revoked"
        assert owner_client.get(f"{API}vendor-members/").json()["count"] == 0
        log = owner_client.get(f"{API}audit-logs/", {"vendor": vendor.pk}).json()["results"]
        assert [(entry["user"], entry["action"]) for entry in log] == [
            (stranger.username, f"ended member {member.pk}: the account was deleted"),
            (stranger.username, "created item “Falcon”"),
        ]

    def test_open_ones_must_be_given_away_or_closed_first(
        self, owner: User, owner_client: APIClient, vendor: Vendor
    ) -> None:
        second, member = VendorFactory(owner=owner), MemberFactory(vendor=vendor)
        answer = delete(owner_client)
        assert outcome(answer) == (409, "owns_vendors")
        assert answer.json()["vendors"] == [vendor.pk, second.pk]
        assert owner_client.get(ME).json()["email"] == owner.email
        owner_client.post(f"{API}vendors/{vendor.pk}/transfer/", {"user": member.user.pk})
        assert delete(owner_client).json()["vendors"] == [second.pk]
        owner_client.delete(f"{API}vendors/{second.pk}/")
        assert delete(owner_client).status_code == 204
        assert Vendor.objects.get().owner == member.user
        assert not VendorMember.objects.filter(user=owner).exists()

    def test_invitation_of_another_under_the_same_old_address_stays(
        self, ann: User, ann_client: APIClient
    ) -> None:
        """Who accepted it has another address by now; the work is theirs."""
        other = MemberFactory(email=ann.email)
        delete(ann_client)
        assert VendorMember.objects.get(pk=other.pk).invite_status == "accepted"

    @pytest.mark.parametrize("revoked", [False, True])
    def test_token_they_came_in_by_does_not_name_them(
        self, owner_client: APIClient, anonymous_client: APIClient, revoked: bool
    ) -> None:
        made, other = (
            owner_client.post(f"{API}access-tokens/", {"notes": notes}).json()
            for notes in ("Bob Miller", "Kate Moss")
        )
        bob = {"email": "bob@example.com", "password": PASSWORD, "access_token": made["token"]}
        assert anonymous_client.post(f"{API}auth/salesperson/", bob).status_code == 200
        place = f"{API}access-tokens/{made['id']}/"
        tag = owner_client.get(place)["ETag"]
        if revoked:
            assert owner_client.delete(place).status_code == 204
        user = User.objects.get(email=bob["email"])
        AccountService.delete(user=user, by=UserFactory(is_superuser=True), reason="Asked for it.")
        told = AccessToken.all_objects.values_list("notes", "used_by").order_by("pk")
        assert list(told) == [("", user.pk), ("Kate Moss", None)]
        if not revoked:
            answer = owner_client.get(place, headers={"If-None-Match": tag})
            assert (answer.status_code, answer.json()["notes"]) == (200, "")
        assert owner_client.get(f"{API}access-tokens/{other['id']}/").json()["notes"] == "Kate Moss"


class TestRefusal:
    @pytest.mark.parametrize(
        ("body", "field", "code"),
        [({"password": "wrong"}, "password", "wrong_password"), ({}, "password", "required"),
         ({"password": PASSWORD, "id": 1}, "id", "unknown_field")],
    )  # fmt: skip
    def test_names_the_field_and_ends_nothing(
        self, ann_client: APIClient, body: dict[str, Any], field: str, code: str
    ) -> None:
        answer = ann_client.delete(ME, body)
        assert outcome(answer) == (400, "validation_error")
        assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [(field, code)]
        assert ann_client.get(ME).status_code == 200

    def test_names_a_parameter_that_is_none_and_ends_nothing(self, ann_client: APIClient) -> None:
        answer = ann_client.delete(f"{ME}?dry_run=true", {"password": PASSWORD})
        assert [error["field"] for error in answer.json()["errors"]] == ["dry_run"]
        assert ann_client.get(ME).status_code == 200

    def test_last_administrator_stays(self, sign_in: Any) -> None:
        root, other = UserFactory(is_admin=True), UserFactory(is_admin=True)
        assert delete(sign_in(other)).status_code == 204
        client = sign_in(root)
        assert outcome(delete(client)) == (409, "last_administrator")
        assert client.get(ME).status_code == 200

    def test_password_is_not_guessed_here(self, ann_client: APIClient, settings: Any) -> None:
        settings.RATE_LIMIT_ENABLED = True
        statuses = [delete(ann_client, "wrong").status_code for _ in range(6)]
        assert statuses == [400] * 5 + [429]
        assert ann_client.get(ME).status_code == 200

    def test_needs_a_token(self, anonymous_client: APIClient) -> None:
        assert outcome(delete(anonymous_client)) == (401, "not_authenticated")


def test_is_in_the_audit_log_without_the_person(ann: User, ann_client: APIClient) -> None:
    delete(ann_client)
    entry = AuditLog.objects.get(action="deleted the own account")
    assert (entry.type, entry.user, entry.actor_id, entry.object_id) == (
        "security", f"{MARKER}.ann", ann.pk, str(ann.pk),
    )  # fmt: skip
    named = list(AuditLog.objects.values("action", "details", "before", "after", "object_id"))
    assert MARKER not in json.dumps(named, default=str).lower()


def test_item_made_by_a_deleted_account_is_listed(
    stranger: User, owner_client: APIClient, vendor: Vendor, sign_in: Any
) -> None:
    CollectibleFactory(vendor=vendor, created_by=stranger, updated_by=stranger)
    stranger.vendors.get().delete()
    delete(sign_in(stranger))
    assert owner_client.get(f"{API}catalog/items/").json()["count"] == 1
