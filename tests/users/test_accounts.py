"""Signing up, signing in, and who one is."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from core.models import AuditLog
from tests.factories import PASSWORD, UserFactory
from users.models import User
from users.tokens import read
from vendors.models import Vendor, VendorStore

pytestmark = pytest.mark.django_db
REGISTER = "/api/v1/auth/register/"
TOKEN = "/api/v1/auth/token/"
ME = "/api/v1/auth/me/"
COMPLETE = "/api/v1/auth/profile/complete/"
NEW = {"username": "ann", "email": "Ann@Example.com", "password": PASSWORD}


@pytest.mark.parametrize(
    "email",
    [
        "\u212aate@example.com",
        "a\u017f@x.com",
        "\u0130an@x.com",
        "d\u0131m@x.com",
        "a@\u212aate.com",
    ],
)
def test_address_that_small_letters_make_anothers_is_refused(
    anonymous_client: APIClient, owner_client: APIClient, email: str
) -> None:
    told = anonymous_client.post(REGISTER, {**NEW, "email": email})
    assert [error["field"] for error in told.json()["errors"]] == ["email"]
    invited = owner_client.post("/api/v1/vendor-members/", {"email": email, "role": "viewer"})
    assert [error["field"] for error in invited.json()["errors"]] == ["email"]
    assert not User.objects.filter(username="ann").exists()


class TestUser:
    def test_takes_the_documents_three_ways_of_creation(self) -> None:
        first = User.objects.create_user("test", "test@test.com", "pass")
        second = User.objects.create_user(email="second@test.com", password="pass")
        third = User.objects.create_user("third@test.com", password="pass", is_admin=True)
        assert (first.username, first.email) == ("test", "test@test.com")
        assert second.username.startswith("second-")
        assert third.email == "third@test.com"
        assert third.is_admin
        assert all(user.check_password("pass") for user in (first, second, third))

    @pytest.mark.parametrize("email", ["o'uj^5@jr.net", "a{b}@jr.net", "^^@jr.net"])
    def test_name_made_of_an_address_is_one_that_a_person_may_take(
        self, anonymous_client: APIClient, email: str
    ) -> None:
        made = anonymous_client.post(REGISTER, {"email": email, "password": PASSWORD})
        assert made.status_code == 201
        mine = {**NEW, "username": f"{made.json()['username']}x"}
        assert anonymous_client.post(REGISTER, mine).json()["username"] == mine["username"]

    def test_address_is_unique_without_regard_to_case(self) -> None:
        UserFactory(email="ann@example.com")
        with pytest.raises(IntegrityError, match="user_email_unique"), transaction.atomic():
            UserFactory(email="ANN@example.com")

    def test_needs_an_address(self) -> None:
        with pytest.raises(ValueError, match="e-mail"):
            User.objects.create_user("ann")


class TestRegister:
    def test_makes_account_vendor_and_default_store(self, anonymous_client: APIClient) -> None:
        answer = anonymous_client.post(REGISTER, {**NEW, "company_name": "Brick & Card"})
        assert answer.status_code == 201
        user = User.objects.get()
        assert answer.json() == {"id": user.pk, "username": "ann", "email": "Ann@example.com"}
        vendor = Vendor.objects.get(owner=user)
        assert (vendor.name, vendor.slug) == ("Brick & Card", "brick-card")
        assert user.active_vendor == vendor
        assert VendorStore.objects.get(vendor=vendor).is_default

    def test_welcomes_by_mail_once_it_is_committed(
        self, anonymous_client: APIClient, django_capture_on_commit_callbacks: Any
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            anonymous_client.post(REGISTER, NEW)
        assert [message.to for message in mail.outbox] == [["Ann@example.com"]]

    @pytest.mark.parametrize(
        ("change", "field", "code"),
        [
            ({"email": "ANN@EXAMPLE.COM", "username": "bob"}, "email", "taken"),
            ({"email": "bob@example.com"}, "username", "taken"),
            ({"email": "bob@example.com", "password": "short"}, "password", "password_too_short"),
            (
                {"email": "bob@example.com", "password": "password1"},
                "password",
                "password_too_common",
            ),
            ({"email": "nonsense"}, "email", "invalid"),
            ({"email": "bob@example.com", "username": "a b"}, "username", "invalid"),
            # Kept as `ffion`, and as four words: by what was typed nobody would be found.
            ({"email": "bob@example.com", "username": "ﬀion"}, "username", "invalid"),
            ({"email": "bob@example.com", "username": "ﷺ"}, "username", "invalid"),
            ({"is_superuser": True}, "is_superuser", "unknown_field"),
            ({"is_admin": True}, "is_admin", "unknown_field"),
        ],
    )
    def test_refusal_names_the_field_and_makes_nothing(
        self, anonymous_client: APIClient, change: dict[str, Any], field: str, code: str
    ) -> None:
        anonymous_client.post(REGISTER, NEW)
        answer = anonymous_client.post(REGISTER, {**NEW, **change})
        assert answer.status_code == 400
        assert (field, code) in [(e["field"], e["code"]) for e in answer.json()["errors"]]
        assert User.objects.count() == Vendor.objects.count() == VendorStore.objects.count() == 1


class TestSignIn:
    @pytest.mark.parametrize(
        "name", [{"username": "ann"}, {"username": "ANN@example.com"}, {"email": "ann@example.com"}]
    )
    def test_by_username_or_address(
        self, anonymous_client: APIClient, name: dict[str, str]
    ) -> None:
        user = UserFactory(username="ann", email="ann@example.com")
        answer = anonymous_client.post(TOKEN, {**name, "password": PASSWORD})
        assert answer.status_code == 200
        assert set(answer.json()) == {"access", "refresh"}
        anonymous_client.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.json()['access']}")
        assert anonymous_client.get(ME).json()["id"] == user.pk
        user.refresh_from_db()
        assert user.last_login is not None

    @pytest.mark.parametrize(
        ("name", "password"), [("ann", "wrong"), ("nobody", PASSWORD), ("paused", PASSWORD)]
    )
    def test_refusal_tells_nothing(
        self, anonymous_client: APIClient, name: str, password: str
    ) -> None:
        UserFactory(username="ann")
        UserFactory(username="paused", is_active=False)
        answer = anonymous_client.post(TOKEN, {"username": name, "password": password})
        assert answer.status_code == 401
        assert answer.json()["code"] == "invalid_credentials"
        assert answer.json()["detail"] == "Invalid credentials"

    @pytest.mark.parametrize("name", ["ann", "nobody"])
    def test_refusal_is_in_the_audit_log_without_what_was_typed(
        self, anonymous_client: APIClient, name: str
    ) -> None:
        ann = UserFactory(username="ann")
        anonymous_client.post(TOKEN, {"username": name, "password": "wrong"})
        row = AuditLog.objects.get()
        assert (row.type, row.action) == ("security", "was refused to sign in")
        assert row.actor_id == (ann.pk if name == "ann" else None)
        assert "nobody" not in f"{row.user}{row.action}{row.details}{row.after}"

    def test_one_account_is_limited_whatever_address_tries(
        self, anonymous_client: APIClient, settings: Any
    ) -> None:
        settings.RATE_LIMIT_ENABLED = True
        UserFactory(username="ann")
        statuses = [
            anonymous_client.post(
                TOKEN, {"username": name, "password": "wrong"}, REMOTE_ADDR=f"198.51.100.{n}"
            ).status_code
            for n, name in enumerate(["ann", "Ann", "ann ", "ann", "ann", "ann", "bob"])
        ]
        assert statuses == [401] * 5 + [429, 401]

    def test_own_username_goes_before_anothers_address(self, anonymous_client: APIClient) -> None:
        UserFactory(username="other", email="ann@example.com")
        mine = UserFactory(username="ann@example.com", email="mine@example.com")
        answer = anonymous_client.post(TOKEN, {"username": "ann@example.com", "password": PASSWORD})
        assert read(answer.json()["access"]).user_id == mine.pk

    def test_needs_a_name(self, anonymous_client: APIClient) -> None:
        answer = anonymous_client.post(TOKEN, {"password": PASSWORD})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["field"] == "username"


class TestMe:
    def test_is_told_to_the_owner(self, owner_client: APIClient, owner: User) -> None:
        vendor = owner.vendors.get()
        store = vendor.stores.get()
        answer = owner_client.get(ME)
        assert answer.status_code == 200
        body = answer.json()
        assert body.pop("created_at").endswith("Z")
        assert body.pop("updated_at").endswith("Z")
        assert body == {
            "id": owner.pk,
            "username": owner.username,
            "email": owner.email,
            "first_name": "",
            "last_name": "",
            "full_name": "",
            "role": "user",
            "profile_completed": False,
            "email_verified": False,
            "company_name": "",
            "language": "",
            "phone_number": "",
            "birthdate": None,
            "avatar_url": None,
            "active_vendor": {"id": vendor.pk, "name": vendor.name, "slug": vendor.slug},
            "active_store": {"id": store.pk, "name": store.name, "vendor_id": vendor.pk},
        }

    def test_is_401_to_the_anonymous(self, anonymous_client: APIClient) -> None:
        answer = anonymous_client.get(ME)
        assert answer.status_code == 401
        assert answer.json()["code"] == "not_authenticated"
        assert answer["WWW-Authenticate"].startswith("Bearer")

    def test_profile_can_be_changed(self, owner_client: APIClient) -> None:
        change = {"first_name": "Ann", "last_name": "Lee", "birthdate": "1990-04-01"}
        body = owner_client.patch(ME, change).json()
        assert (body["full_name"], body["profile_completed"]) == ("Ann Lee", True)

    @pytest.mark.parametrize("where", [ME, COMPLETE, REGISTER])
    def test_nobody_is_born_tomorrow(self, owner_client: APIClient, where: str) -> None:
        today = timezone.now().date()
        new = {"email": "ann@example.com", "password": PASSWORD} if where == REGISTER else {}
        names = {} if where == REGISTER else {"first_name": "Ann", "last_name": "Lee"}
        call = owner_client.patch if where == ME else owner_client.post
        tomorrow = {"birthdate": str(today + timedelta(days=1))}
        answer = call(where, {**new, **names, **tomorrow})
        [fault] = answer.json()["errors"]
        assert (answer.status_code, fault["field"], fault["code"]) == (
            400,
            "birthdate",
            "in_future",
        )
        assert call(where, {**new, **names, "birthdate": str(today)}).status_code < 300

    @pytest.mark.parametrize("field", ["is_staff", "is_admin", "is_superuser", "password", "owner"])
    def test_nothing_else_can(self, owner_client: APIClient, owner: User, field: str) -> None:
        answer = owner_client.patch(ME, {field: True})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "unknown_field")

    def test_username_and_address_stay(self, owner_client: APIClient, owner: User) -> None:
        body = owner_client.patch(ME, {"username": "root", "email": "x@example.com"}).json()
        assert (body["username"], body["email"]) == (owner.username, owner.email)
