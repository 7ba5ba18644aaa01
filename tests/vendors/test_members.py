"""Who works in a shop: invited, answering, changed, removed; and the shop that changes hands."""

from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from rest_framework.test import APIClient

from core.models import AuditLog
from tests.factories import CollectibleFactory, MemberFactory, StoreFactory, UserFactory
from tests.vendors.people import client_of, person, refusal
from users.models import User
from users.services import MailService
from vendors.models import Vendor, VendorMember, VendorStore

pytestmark = pytest.mark.django_db
API = "/api/v1/"
MEMBERS = f"{API}vendor-members/"
INVITES = f"{API}vendor-invites/"
BOB = {"email": "Bob@example.com", "role": "sales"}


@pytest.fixture
def bob(vendor: Vendor) -> User:
    user = person(vendor, "stranger")
    user.email = "bob@example.com"
    user.save()
    return user


@pytest.fixture
def bob_client(bob: User, sign_in: Any) -> APIClient:
    client: APIClient = sign_in(bob)
    return client


def actions() -> list[str]:
    return list(AuditLog.objects.order_by("pk").values_list("action", flat=True))


class TestInvite:
    def test_is_pending_until_answered(
        self, owner_client: APIClient, owner: User, vendor: Vendor
    ) -> None:
        answer = owner_client.post(MEMBERS, {**BOB, "title": "Weekend stall"})
        assert answer.status_code == 201
        row = VendorMember.objects.get()
        assert answer.json() == {
            "id": row.pk, "vendor": vendor.pk, "user": None, "email": "Bob@example.com",
            "role": "sales", "title": "Weekend stall", "is_active": True,
            "invite_status": "pending", "active_store": None,
        }  # fmt: skip
        assert (row.created_by, row.updated_by) == (owner, owner)
        entry = AuditLog.objects.get()
        assert (entry.action, entry.vendor_id) == ("invited a member as sales", vendor.pk)
        assert "example.com" not in f"{entry.action}{entry.after}"

    @pytest.mark.parametrize(
        ("change", "field", "code"),
        [
            ({"role": "owner"}, "role", "invalid_choice"),
            ({"role": "boss"}, "role", "invalid_choice"),
            ({"email": "bob"}, "email", "invalid"),
            ({"name": "Bob"}, "name", "unknown_field"),
        ],
    )
    def test_bad_input_is_named(
        self, owner_client: APIClient, change: dict[str, Any], field: str, code: str
    ) -> None:
        answer = owner_client.post(MEMBERS, {**BOB, **change})
        assert refusal(answer) == (400, "validation_error")
        assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [(field, code)]
        assert not VendorMember.objects.exists()

    def test_nobody_is_invited_twice_nor_the_owner(
        self, owner_client: APIClient, owner: User
    ) -> None:
        assert owner_client.post(MEMBERS, BOB).status_code == 201
        for email in ("BOB@example.com", owner.email.upper()):
            answer = owner_client.post(MEMBERS, {**BOB, "email": email})
            assert refusal(answer) == (409, "member_taken")

    def test_withdrawn_and_declined_can_be_invited_again(
        self, owner_client: APIClient, bob_client: APIClient
    ) -> None:
        first = owner_client.post(MEMBERS, BOB).json()["id"]
        assert owner_client.delete(f"{MEMBERS}{first}/").status_code == 204
        assert VendorMember.all_objects.get(pk=first).invite_status == "revoked"
        assert bob_client.post(f"{INVITES}{first}/accept/").status_code == 404
        second = owner_client.post(MEMBERS, BOB).json()["id"]
        assert bob_client.post(f"{INVITES}{second}/decline/").status_code == 200
        assert owner_client.get(f"{MEMBERS}{second}/").json()["invite_status"] == "declined"
        assert owner_client.post(MEMBERS, BOB).status_code == 201
        assert VendorMember.objects.get().invite_status == "pending"

    def test_is_mailed_by_the_worker_unless_withdrawn(
        self, owner_client: APIClient, vendor: Vendor, django_capture_on_commit_callbacks: Any
    ) -> None:
        Vendor.objects.update(name="Brick\n& <Card>")
        with django_capture_on_commit_callbacks(execute=True):
            owner_client.post(MEMBERS, BOB)
        [message] = mail.outbox
        assert message.to == ["Bob@example.com"]
        assert message.subject == "You are invited to work in “Brick & <Card>”"
        assert "Your role: Sales." in message.body
        row = VendorMember.objects.get()
        row.delete()
        MailService.invitation(member_id=row.pk, event_id=uuid4())
        assert len(mail.outbox) == 1


class TestAnswer:
    def test_accepting_opens_the_shop_to_the_role(
        self, owner_client: APIClient, bob_client: APIClient, bob: User, vendor: Vendor
    ) -> None:
        item = CollectibleFactory(vendor=vendor)
        owner_client.post(MEMBERS, BOB)
        assert bob_client.get(f"{API}catalog/items/{item.pk}/").status_code == 404
        [invite] = bob_client.get(INVITES).json()["results"]
        assert invite["vendor"] == {"id": vendor.pk, "name": vendor.name}
        assert (invite["role"], invite["invite_status"]) == ("sales", "pending")
        answer = bob_client.post(f"{INVITES}{invite['id']}/accept/")
        assert (answer.status_code, answer.json()["invite_status"]) == (200, "accepted")
        assert bob_client.get(f"{API}catalog/items/{item.pk}/").status_code == 200
        assert bob_client.get(INVITES).json()["count"] == 0
        assert VendorMember.objects.get().user == bob
        assert actions()[-1] == f"accepted the invitation to “{vendor.name}”"

    def test_answered_once(self, owner_client: APIClient, bob_client: APIClient) -> None:
        invite = owner_client.post(MEMBERS, BOB).json()["id"]
        assert bob_client.post(f"{INVITES}{invite}/accept/").status_code == 200
        for answer in ("accept", "decline"):
            assert bob_client.post(f"{INVITES}{invite}/{answer}/").status_code == 404

    @pytest.mark.parametrize("answer", ["accept", "decline"])
    def test_address_must_be_confirmed(
        self, owner_client: APIClient, bob_client: APIClient, bob: User, answer: str
    ) -> None:
        """Else whoever types the address first would get in."""
        User.objects.filter(pk=bob.pk).update(email_verified_at=None)
        invite = owner_client.post(MEMBERS, BOB).json()["id"]
        told = bob_client.post(f"{INVITES}{invite}/{answer}/")
        assert refusal(told) == (403, "email_not_verified")
        assert VendorMember.objects.get().invite_status == "pending"

    def test_others_neither_see_nor_answer_it(
        self, owner_client: APIClient, stranger_client: APIClient
    ) -> None:
        invite = owner_client.post(MEMBERS, BOB).json()["id"]
        for client in (owner_client, stranger_client):
            assert client.get(INVITES).json()["count"] == 0
            assert client.post(f"{INVITES}{invite}/accept/").status_code == 404

    def test_who_works_there_under_another_address_is_refused(
        self, owner_client: APIClient, bob_client: APIClient, bob: User, vendor: Vendor
    ) -> None:
        MemberFactory(vendor=vendor, user=bob, email="old@example.com")
        invite = owner_client.post(MEMBERS, BOB).json()["id"]
        told = bob_client.post(f"{INVITES}{invite}/accept/")
        assert refusal(told) == (409, "member_taken")


class TestChange:
    def test_role_title_and_pause(self, owner_client: APIClient, vendor: Vendor) -> None:
        member = MemberFactory(vendor=vendor)
        change = {"role": "manager", "title": "Boss", "is_active": False}
        body = owner_client.patch(f"{MEMBERS}{member.pk}/", change).json()
        assert {key: body[key] for key in change} == change
        entry = AuditLog.objects.get()
        assert (entry.before["role"], entry.after["role"]) == ("viewer", "manager")
        owner_client.patch(f"{MEMBERS}{member.pk}/", change)
        assert AuditLog.objects.count() == 1

    def test_address_status_and_person_stay(self, owner_client: APIClient, vendor: Vendor) -> None:
        member = MemberFactory(vendor=vendor, invite_status="pending", user=None, email="a@b.com")
        forged = {"email": "c@d.com", "invite_status": "accepted", "user": vendor.owner.pk}
        assert owner_client.patch(f"{MEMBERS}{member.pk}/", forged).status_code == 200
        assert owner_client.patch(f"{MEMBERS}{member.pk}/", {"role": "owner"}).status_code == 400
        row = VendorMember.objects.get()
        assert (row.email, row.invite_status, row.user) == ("a@b.com", "pending", None)

    def test_removed_member_is_out_at_once(
        self, owner_client: APIClient, vendor: Vendor, sign_in: Any
    ) -> None:
        client = client_of(sign_in, vendor, "manager")
        member = vendor.members.get()
        assert owner_client.delete(f"{MEMBERS}{member.pk}/").status_code == 204
        assert client.get(f"{API}vendors/{vendor.pk}/").status_code == 404
        assert actions() == [f"removed member {member.pk}"]

    @pytest.mark.parametrize("role", ["owner", "manager"])
    def test_shop_that_wants_if_match_wants_it_of_who_removes_or_leaves(
        self, vendor: Vendor, sign_in: Any, role: str
    ) -> None:
        vendor.require_if_match = True
        vendor.save()
        member = client_of(sign_in, vendor, "manager")
        client = member if role == "manager" else sign_in(vendor.owner)
        place = f"{MEMBERS}{vendor.members.get().pk}/"
        assert refusal(client.delete(place)) == (428, "precondition_required")
        tag = client.get(place)["ETag"]
        assert client.delete(place, HTTP_IF_MATCH=tag).status_code == 204

    def test_database_knows_no_owner_among_members(self, vendor: Vendor) -> None:
        for wrong in ({"role": "owner"}, {"user": None, "email": "a@b.com"}):
            with pytest.raises(IntegrityError), transaction.atomic():
                MemberFactory(vendor=vendor, **wrong)

    def test_list_is_filtered_searched_and_costs_three_queries(
        self, owner_client: APIClient, vendor: Vendor, django_assert_num_queries: Any
    ) -> None:
        for number in range(5):
            MemberFactory(vendor=vendor, email=f"m{number}@example.com", title="Stall")
        MemberFactory(vendor=vendor, role="admin")
        with django_assert_num_queries(3):  # user, count, page
            assert owner_client.get(MEMBERS).json()["count"] == 6
        for query, count in (
            ({"role": "admin"}, 1), ({"search": "m3@"}, 1), ({"search": "stall"}, 5),
            ({"vendor": vendor.pk}, 6), ({"vendor": 0}, 0), ({"is_active": "false"}, 0),
            ({"invite_status": "accepted"}, 6), ({"ordering": "-email"}, 6),
        ):  # fmt: skip
            assert owner_client.get(MEMBERS, query).json()["count"] == count, query
        assert owner_client.get(MEMBERS, {"role": "owner"}).status_code == 400


class TestSelect:
    @pytest.mark.parametrize("role", ["owner", "viewer"])
    def test_shop_and_store_are_where_one_works(
        self, vendor: Vendor, sign_in: Any, role: str
    ) -> None:
        client = client_of(sign_in, vendor, role)
        store = StoreFactory(vendor=vendor, is_default=False)
        answer = client.post(f"{MEMBERS}select/", {"vendor": vendor.pk, "store": store.pk})
        chosen = {
            "active_vendor": {"id": vendor.pk, "name": vendor.name, "slug": vendor.slug},
            "active_store": {"id": store.pk, "name": store.name, "vendor_id": vendor.pk},
        }
        assert (answer.status_code, answer.json()) == (200, chosen)
        me = client.get(f"{API}auth/me/").json()
        assert {key: me[key] for key in chosen} == chosen
        if role == "viewer":
            [member] = client.get(MEMBERS).json()["results"]
            assert member["active_store"] == store.pk
            VendorStore.objects.filter(pk=store.pk).update(is_active=False)
            [member] = client.get(MEMBERS).json()["results"]
            assert member["active_store"] is None

    def test_store_of_another_shop_is_refused(
        self, owner_client: APIClient, owner: User, vendor: Vendor
    ) -> None:
        other = StoreFactory(vendor__owner=owner)
        answer = owner_client.post(f"{MEMBERS}select/", {"vendor": vendor.pk, "store": other.pk})
        assert refusal(answer) == (400, "validation_error")
        owner.refresh_from_db()
        assert owner.active_vendor is None

    def test_closed_store_gives_way_to_the_default_one(
        self, owner_client: APIClient, vendor: Vendor
    ) -> None:
        store = StoreFactory(vendor=vendor, is_default=False)
        owner_client.post(f"{API}vendor-stores/select/", {"store": store.pk})
        owner_client.delete(f"{API}vendor-stores/{store.pk}/")
        default = vendor.stores.get(is_default=True)
        assert owner_client.get(f"{API}auth/me/").json()["active_store"]["id"] == default.pk


class TestTransfer:
    def test_member_owns_and_the_owner_administers(
        self, owner_client: APIClient, owner: User, vendor: Vendor, sign_in: Any
    ) -> None:
        client = client_of(sign_in, vendor, "manager")
        place = f"{API}vendors/{vendor.pk}/"
        answer = owner_client.post(f"{place}transfer/", {"user": client.user.pk})
        assert (answer.status_code, answer.json()["owner"]) == (200, client.user.pk)
        [told] = client.get(f"{API}auth/abilities/").json()
        assert told["role"] == "owner"
        member = VendorMember.objects.get()
        assert (member.user, member.role, member.invite_status) == (owner, "admin", "accepted")
        assert refusal(owner_client.delete(place)) == (403, "permission_denied")
        assert client.delete(place).status_code == 204
        assert actions()[0] == f"gave shop “{vendor.name}” to another owner"

    def test_goes_back_and_forth(
        self, owner_client: APIClient, owner: User, vendor: Vendor, sign_in: Any
    ) -> None:
        client = client_of(sign_in, vendor, "admin")
        place = f"{API}vendors/{vendor.pk}/transfer/"
        assert owner_client.post(place, {"user": client.user.pk}).status_code == 200
        assert client.post(place, {"user": owner.pk}).status_code == 200
        assert VendorMember.objects.get().user == client.user

    @pytest.mark.parametrize("wrong", ["stranger", "invited", "paused", "away", "owner", "text"])
    def test_only_to_who_works_there(
        self, owner_client: APIClient, owner: User, vendor: Vendor, wrong: str
    ) -> None:
        user: Any = owner if wrong == "owner" else UserFactory()
        if wrong == "invited":
            MemberFactory(vendor=vendor, user=user, invite_status="pending")
        if wrong == "paused":
            MemberFactory(vendor=vendor, user=user, is_active=False)
        if wrong == "away":
            MemberFactory(vendor=vendor, user=user)
            User.objects.filter(pk=user.pk).update(is_active=False)
        body = {"user": "me" if wrong == "text" else user.pk}
        answer = owner_client.post(f"{API}vendors/{vendor.pk}/transfer/", body)
        assert refusal(answer) == (400, "validation_error")
        vendor.refresh_from_db()
        assert vendor.owner == owner
