"""Going from a shop, and what nobody does to the own membership."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from core.exceptions import ForbiddenError
from core.models import AuditLog
from tests.factories import CollectibleFactory, MemberFactory, StoreFactory, VendorFactory
from tests.vendors.people import client_of, person, refusal
from vendors.models import Vendor, VendorMember
from vendors.services import MemberService

pytestmark = pytest.mark.django_db
API = "/api/v1/"
MEMBERS = f"{API}vendor-members/"
ROLES = ["viewer", "sales", "manager", "admin"]


def place(member: VendorMember) -> str:
    return f"{MEMBERS}{member.pk}/"


def mine(client: Any, vendor: Vendor) -> VendorMember:
    member: VendorMember = vendor.members.get(user=client.user)
    return member


class TestLeave:
    @pytest.mark.parametrize("role", ROLES)
    def test_anybody_may_and_is_out_with_the_next_call(
        self, vendor: Vendor, sign_in: Any, role: str
    ) -> None:
        item = CollectibleFactory(vendor=vendor)
        client = client_of(sign_in, vendor, role)
        member = mine(client, vendor)
        assert client.get(f"{API}catalog/items/").json()["count"] == 1
        assert client.delete(place(member)).status_code == 204
        for address in (f"catalog/items/{item.pk}/", f"vendors/{vendor.pk}/"):
            assert client.get(API + address).status_code == 404
        for address in ("catalog/items/", "vendors/", "vendor-members/", "vendor-stores/"):
            assert client.get(API + address).json()["count"] == 0
        assert client.delete(place(member)).status_code == 404
        entry = AuditLog.objects.get()
        assert (entry.action, entry.vendor_id, entry.actor_id) == (
            f"left as member {member.pk}", vendor.pk, client.user.pk,
        )  # fmt: skip
        assert entry.before == {"invite_status": "accepted"}

    def test_one_works_in_the_next_shop_then(self, vendor: Vendor, sign_in: Any) -> None:
        client = client_of(sign_in, vendor, "sales")
        other = StoreFactory(vendor=VendorFactory(owner=client.user)).vendor
        annex = StoreFactory(vendor=vendor, is_default=False)
        client.post(f"{MEMBERS}select/", {"vendor": vendor.pk, "store": annex.pk})
        client.delete(place(mine(client, vendor)))
        me = client.get(f"{API}auth/me/").json()
        assert me["active_vendor"]["id"] == me["active_store"]["vendor_id"] == other.pk
        assert client.post(f"{API}catalog/items/", {"name": "Falcon"}).json()["vendor"] == other.pk

    def test_without_another_shop_one_works_nowhere(self, vendor: Vendor, sign_in: Any) -> None:
        client = client_of(sign_in, vendor, "manager")
        client.post(f"{MEMBERS}select/", {"vendor": vendor.pk})
        client.delete(place(mine(client, vendor)))
        me = client.get(f"{API}auth/me/").json()
        assert (me["active_vendor"], me["active_store"]) == (None, None)

    def test_who_left_can_be_invited_again(
        self, vendor: Vendor, sign_in: Any, owner_client: APIClient
    ) -> None:
        client = client_of(sign_in, vendor, "admin")
        client.delete(place(mine(client, vendor)))
        body = {"email": client.user.email, "role": "viewer"}
        assert owner_client.post(MEMBERS, body).status_code == 201

    def test_owner_has_nothing_to_leave(self, vendor: Vendor, owner_client: APIClient) -> None:
        """Staff made the owner a member as well: the shop is the owner's also without that."""
        member = MemberFactory(vendor=vendor, user=vendor.owner, role="admin")
        assert owner_client.delete(place(member)).status_code == 204
        [told] = owner_client.get(f"{API}auth/abilities/").json()
        assert told["role"] == "owner"

    @pytest.mark.parametrize("role", ROLES)
    def test_others_are_removed_by_who_manages_members(
        self, vendor: Vendor, sign_in: Any, role: str
    ) -> None:
        client = client_of(sign_in, vendor, role)
        other = MemberFactory(vendor=vendor, role="viewer")
        expected = 204 if role == "admin" else 404
        assert client.delete(place(other)).status_code == expected
        assert VendorMember.objects.filter(pk=other.pk).exists() == (role != "admin")

    def test_service_asks_for_the_role_itself(self, vendor: Vendor) -> None:
        """The view lets all of them come so far, for they may be about to leave."""
        other = MemberFactory(vendor=vendor, role="viewer")
        with pytest.raises(ForbiddenError):
            MemberService.remove(member=other, by=person(vendor, "manager"))
        assert VendorMember.objects.filter(pk=other.pk).exists()

    def test_stranger_and_anonymous_cannot(
        self, vendor: Vendor, stranger_client: APIClient, anonymous_client: APIClient
    ) -> None:
        member = MemberFactory(vendor=vendor)
        assert stranger_client.delete(place(member)).status_code == 404
        assert anonymous_client.delete(place(member)).status_code == 401


class TestOwnMembership:
    @pytest.mark.parametrize("change", [{"role": "viewer"}, {"is_active": False}])
    @pytest.mark.parametrize("method", ["put", "patch"])
    def test_is_not_lowered_or_paused_by_oneself(
        self, vendor: Vendor, sign_in: Any, method: str, change: dict[str, Any]
    ) -> None:
        client = client_of(sign_in, vendor, "admin")
        body = {"role": "admin", **change}
        answer = getattr(client, method)(place(mine(client, vendor)), body)
        assert refusal(answer) == (409, "own_membership")
        row = mine(client, vendor)
        assert (row.role, row.is_active, row.version) == ("admin", True, 1)

    def test_takes_another_title(self, vendor: Vendor, sign_in: Any) -> None:
        client = client_of(sign_in, vendor, "admin")
        body = {"role": "admin", "title": "Boss", "is_active": True}
        assert client.put(place(mine(client, vendor)), body).json()["title"] == "Boss"


class TestPut:
    def test_replaces_role_and_title(self, vendor: Vendor, owner_client: APIClient) -> None:
        member = MemberFactory(vendor=vendor, title="Stall")
        store = StoreFactory(vendor=vendor, is_default=False)
        store.choices.create(user=member.user, vendor=vendor)
        answer = owner_client.put(place(member), {"role": "sales", "title": "Weekend"})
        assert (answer.status_code, answer.json()) == (
            200,
            {
                "id": member.pk, "vendor": vendor.pk, "user": member.user.pk,
                "email": member.email, "role": "sales", "title": "Weekend", "is_active": True,
                "invite_status": "accepted", "active_store": store.pk,
            },
        )  # fmt: skip
        assert answer.json() == owner_client.get(place(member)).json()

    def test_needs_the_role(self, vendor: Vendor, owner_client: APIClient) -> None:
        answer = owner_client.put(place(MemberFactory(vendor=vendor)), {"title": "Boss"})
        assert refusal(answer) == (400, "validation_error")
        assert [e["field"] for e in answer.json()["errors"]] == ["role"]

    @pytest.mark.parametrize("role", ["viewer", "sales", "manager"])
    def test_is_for_who_manages_members(self, vendor: Vendor, sign_in: Any, role: str) -> None:
        client = client_of(sign_in, vendor, role)
        answer = client.put(place(mine(client, vendor)), {"role": role})
        assert refusal(answer) == (403, "permission_denied")
        other = MemberFactory(vendor=vendor)
        assert client.put(place(other), {"role": "viewer"}).status_code == 404
