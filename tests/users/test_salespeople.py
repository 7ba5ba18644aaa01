"""The salesperson's door: a shop's token, an address, a password; in, or nothing happens."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone
from rest_framework.test import APIClient

from core.models import AuditLog
from tests.factories import PASSWORD, MemberFactory, UserFactory
from tests.users.door import BOB, PATH, come, inside, issue
from tests.vendors.people import person, refusal
from users.models import Session, User
from users.tokens import read
from vendors.models import AccessToken, Vendor, VendorMember, VendorStore
from vendors.services import AccessTokenService, MemberService, VendorService

pytestmark = pytest.mark.django_db
API = "/api/v1/"
NOT_VALID = (400, "access_token_not_valid")
WRONG = (401, "invalid_credentials")
Committed = Callable[[], AbstractContextManager[Any]]


@pytest.fixture
def committed(django_capture_on_commit_callbacks: Any) -> Committed:
    """What happens after the commit happens at the end of the block."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


def nothing_happened(code: str) -> bool:
    """The token is good still, and nobody came in by it."""
    row = AccessToken.objects.get()
    assert (row.is_used, row.used_by, row.used_at, row.version) == (False, None, None, 1)
    assert not Session.objects.exists()
    assert not AuditLog.objects.filter(action__contains="came in by").exists()
    return bool(AccessTokenService.spend(code=code))


class TestNewAddress:
    def test_makes_a_salesperson_of_the_shop(
        self, vendor: Vendor, code: str, committed: Committed
    ) -> None:
        with committed():
            client = inside(come(code.lower(), "Bob@Example.com"))
        user = User.objects.get(email="Bob@example.com")
        assert (user.role, user.is_salesperson, user.is_staff) == ("salesperson", True, False)
        assert user.check_password(PASSWORD)
        assert user.last_login is not None
        [member] = VendorMember.objects.all()
        assert (member.vendor, member.user, member.email) == (vendor, user, user.email)
        assert (member.role, member.invite_status, member.is_active) == ("sales", "accepted", True)
        row = AccessToken.objects.get()
        assert (row.is_used, row.used_by, row.used_at is not None) == (True, user, True)
        me = client.get(f"{API}auth/me/").json()
        assert me["active_vendor"] == {"id": vendor.pk, "name": vendor.name, "slug": vendor.slug}
        [told] = client.get(f"{API}auth/abilities/").json()
        assert (told["vendor"]["id"], told["role"]) == (vendor.pk, "sales")
        [message] = mail.outbox
        assert message.to == [user.email]
        assert "/verify-email?token=" in message.body
        assert "The shop that gave you its token is open to you." in message.body
        assert "collection" not in message.body

    def test_gets_no_shop_of_its_own(self, code: str) -> None:
        inside(come(code))
        assert Vendor.objects.count() == VendorStore.objects.count() == 1

    def test_leaves_its_trail_without_secret_or_address(self, vendor: Vendor, code: str) -> None:
        inside(come(code))
        row, member = AccessToken.objects.get(), VendorMember.objects.get()
        user = User.objects.get(email=BOB)
        names = ["type", "action", "object_type", "object_id", "vendor_id", "actor_id"]
        entries = AuditLog.objects.order_by("pk").exclude(actor_id=vendor.owner_id)
        assert list(entries.values_list(*names)) == [
            ("account", "registered", "user", str(user.pk), None, user.pk),
            ("vendor", "came in by a sign-up token", "vendormember", str(member.pk), vendor.pk,
             user.pk),
            ("vendor", f"used sign-up token {row.pk}", "accesstoken", str(row.pk), vendor.pk,
             user.pk),
            ("security", "signed in", "user", str(user.pk), None, user.pk),
        ]  # fmt: skip
        written = str(list(AuditLog.objects.values()))
        assert code not in written
        assert BOB not in written

    @pytest.mark.parametrize(
        ("change", "field", "fault"),
        [
            ({"password": "short"}, "password", "password_too_short"),
            ({"password": "password1"}, "password", "password_too_common"),
            ({"email": "nonsense"}, "email", "invalid"),
            ({"email": None}, "email", "null"),
            ({"access_token": ""}, "access_token", "blank"),
            ({"access_token": "0" * 21}, "access_token", "max_length"),
            ({"username": "bob"}, "username", "unknown_field"),
            ({"is_admin": True}, "is_admin", "unknown_field"),
        ],
    )
    def test_refusal_names_the_field_and_spends_nothing(
        self, code: str, change: dict[str, Any], field: str, fault: str
    ) -> None:
        body = {"access_token": code, "email": BOB, "password": PASSWORD, **change}
        answer = APIClient().post(PATH, body)
        assert refusal(answer) == (400, "validation_error")
        assert (field, fault) in [(e["field"], e["code"]) for e in answer.json()["errors"]]
        assert User.objects.count() == 1
        assert nothing_happened(code)


class TestKnownAddress:
    def test_is_let_in_with_its_password_and_becomes_a_member(
        self, vendor: Vendor, code: str, stranger: User
    ) -> None:
        client = inside(come(code, stranger.email.upper()))
        stranger.refresh_from_db()
        assert (stranger.is_salesperson, stranger.token_version) == (False, 1)
        assert VendorMember.objects.get().user == stranger
        assert {row["role"] for row in client.get(f"{API}auth/abilities/").json()} == {
            "owner", "sales",
        }  # fmt: skip
        assert client.get(f"{API}auth/me/").json()["active_vendor"]["id"] != vendor.pk

    @pytest.mark.parametrize(("password", "active"), [("wrong", True), (PASSWORD, False)])
    def test_is_refused_as_at_the_common_door(
        self, code: str, stranger: User, password: str, active: bool
    ) -> None:
        User.objects.filter(pk=stranger.pk).update(is_active=active)
        answer = come(code, stranger.email, password)
        common = APIClient().post(
            f"{API}auth/token/", {"email": stranger.email, "password": password}
        )
        assert refusal(answer) == refusal(common) == WRONG
        assert {**answer.json(), "request_id": ""} == {**common.json(), "request_id": ""}
        entry = AuditLog.objects.get(action="was refused to come in by a sign-up token")
        assert (entry.type, entry.actor_id) == ("security", stranger.pk)
        assert not VendorMember.objects.exists()
        assert nothing_happened(code)

    def test_username_is_no_address(self, code: str) -> None:
        """Somebody's username may be what another types as the address."""
        other = UserFactory(username=BOB, email="other@example.com")
        inside(come(code))
        assert VendorMember.objects.get().user == User.objects.get(email=BOB) != other

    @pytest.mark.parametrize(
        ("role", "after"),
        [("viewer", "sales"), ("sales", "sales"), ("manager", "manager"), ("admin", "admin")],
    )
    def test_of_a_member_keeps_the_higher_role(
        self, vendor: Vendor, code: str, role: str, after: str
    ) -> None:
        inside(come(code, person(vendor, role).email))
        assert VendorMember.objects.get().role == after
        assert AccessToken.objects.get().is_used

    def test_of_the_owner_is_refused(self, vendor: Vendor, code: str) -> None:
        answer = come(code, vendor.owner.email)
        assert refusal(answer) == (409, "member_taken")
        assert nothing_happened(code)

    def test_of_a_paused_member_is_refused(self, vendor: Vendor, code: str) -> None:
        member = MemberFactory(vendor=vendor, is_active=False, role="sales")
        answer = come(code, member.email)
        assert refusal(answer) == (403, "member_paused")
        member.refresh_from_db()
        assert not member.is_active
        assert nothing_happened(code)

    def test_of_a_removed_member_comes_back_to_sell(self, vendor: Vendor, code: str) -> None:
        member = MemberFactory(vendor=vendor, role="admin")
        MemberService.remove(member=member, by=vendor.owner)
        inside(come(code, member.email))
        assert VendorMember.objects.get().role == "sales"

    @pytest.mark.parametrize("status", ["pending", "declined"])
    @pytest.mark.parametrize("known", [True, False])
    def test_that_is_invited_sells_whatever_the_invitation_says(
        self, vendor: Vendor, code: str, status: str, known: bool
    ) -> None:
        """The token does not prove whose the address is, so it must not make an administrator."""
        if known:
            UserFactory(email=BOB)
        MemberFactory(
            vendor=vendor, user=None, email=BOB.upper(), role="admin", invite_status=status
        )
        inside(come(code))
        [member] = VendorMember.objects.all()
        assert (member.role, member.invite_status) == ("sales", "accepted")
        assert member.user == User.objects.get(email=BOB)

    def test_that_another_account_works_under_is_refused(self, vendor: Vendor, code: str) -> None:
        MemberFactory(vendor=vendor, email=BOB)
        assert refusal(come(code)) == (409, "member_taken")
        assert not User.objects.filter(email=BOB).exists()
        assert nothing_happened(code)


class TestToken:
    @pytest.mark.parametrize("case", ["unknown", "used", "expired", "revoked", "closed"])
    def test_that_is_not_good_answers_alike_whoever_comes(
        self, vendor: Vendor, code: str, stranger: User, case: str, django_assert_num_queries: Any
    ) -> None:
        row = AccessToken.objects.get()
        match case:
            case "unknown":
                code = "0123456789"
            case "used":
                assert row.mark_used()
            case "expired":
                AccessToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
            case "revoked":
                AccessTokenService.revoke(token=row, by=vendor.owner)
            case "closed":
                VendorService.delete(vendor=vendor, by=vendor.owner)
        answers = []
        for email, password in (
            (BOB, PASSWORD), (BOB, "x"), (stranger.email, PASSWORD), (stranger.email, "wrong"),
            (vendor.owner.email, PASSWORD),
        ):  # fmt: skip
            # account, name, account again, token, audit; two savepoints made, undone, let go
            with django_assert_num_queries(5 + 6):
                answer = come(code, email, password)
            assert refusal(answer) == NOT_VALID
            answers.append({**answer.json(), "request_id": ""})
        assert all(answer == answers[0] for answer in answers)
        assert User.objects.count() == 2
        assert not VendorMember.objects.exists()
        assert not Session.objects.exists()
        told = AuditLog.objects.filter(action="was refused to come in by a sign-up token")
        assert told.count() == 5

    def test_is_good_once(self, code: str) -> None:
        inside(come(code))
        assert refusal(come(code)) == NOT_VALID
        assert refusal(come(code, "ann@example.com")) == NOT_VALID
        assert VendorMember.objects.count() == 1

    @pytest.mark.parametrize("typed", ["{}-{}", " {} {} ", "{}{}"])
    def test_is_read_as_it_was_meant(self, code: str, typed: str) -> None:
        inside(come(typed.format(code[:5].lower(), code[5:].replace("0", "O").replace("1", "l"))))

    def test_of_one_shop_opens_no_other(self, code: str, stranger: User) -> None:
        client = inside(come(code))
        other = stranger.vendors.get()
        assert client.get(f"{API}vendors/{other.pk}/").status_code == 404

    def test_two_make_a_salesperson_of_two_shops(
        self, vendor: Vendor, code: str, stranger: User
    ) -> None:
        inside(come(code))
        client = inside(come(issue(stranger.vendors.get())))
        assert client.get(f"{API}vendors/").json()["count"] == 2
        assert User.objects.filter(email=BOB).count() == 1


class TestVerification:
    @pytest.fixture(autouse=True)
    def _required(self, settings: Any) -> None:
        settings.EMAIL_VERIFICATION = "required"

    def test_of_a_new_address_comes_first_and_then_the_common_door_opens(
        self, vendor: Vendor, code: str, committed: Committed
    ) -> None:
        """Made and mailed: were it all undone, nobody could ever come in by a token here."""
        with committed():
            answer = come(code)
        assert refusal(answer) == (403, "email_not_verified")
        user = User.objects.get(email=BOB)
        assert VendorMember.objects.get().user == user
        assert AccessToken.objects.get().used_by == user
        assert not Session.objects.exists()
        [message] = mail.outbox
        link = message.body.split("?token=")[1].split()[0]
        assert APIClient().post(f"{API}auth/email/verify/", {"token": link}).status_code == 204
        body = {"email": BOB, "password": PASSWORD}
        assert APIClient().post(f"{API}auth/token/", body).status_code == 200

    def test_of_a_known_address_is_asked_for_and_spends_nothing(
        self, code: str, stranger: User
    ) -> None:
        assert refusal(come(code, stranger.email)) == (403, "email_not_verified")
        assert not VendorMember.objects.exists()
        assert nothing_happened(code)

    def test_of_a_verified_address_was_done(self, code: str, stranger: User) -> None:
        User.objects.filter(pk=stranger.pk).update(email_verified_at=timezone.now())
        inside(come(code, stranger.email))


def test_session_is_of_the_device_that_came(code: str) -> None:
    answer = come(code, HTTP_USER_AGENT="Till 3", REMOTE_ADDR="203.0.113.7")
    token = read(answer.json()["refresh"])
    session = Session.objects.get(pk=token.session_id)
    assert (session.user_agent, session.ip) == ("Till 3", "203.0.113.7")


def test_other_methods_are_unknown(owner_client: APIClient) -> None:
    for method in ("get", "put", "patch", "delete"):
        assert refusal(getattr(owner_client, method)(PATH)) == (405, "method_not_allowed")
