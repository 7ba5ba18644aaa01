"""The matrix, as the module has it and as the docs tell it, and where it takes two shops to see it.

Who gets what at every door: tests/flows/test_role_matrix.py.
"""

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from rest_framework.test import APIClient

from inventory.models import Collectible
from tests.factories import (
    CollectibleFactory,
    MemberFactory,
    VendorFactory,
)
from tests.vendors.people import client_of, person, refusal
from users.models import User
from vendors.models import Vendor
from vendors.roles import MATRIX, Ability, Role, abilities_of, may_give

ROOT: Path = settings.BASE_DIR
API = "/api/v1/"
ITEMS = f"{API}catalog/items/"
RANK = ["viewer", "sales", "manager", "admin", "owner"]


@pytest.mark.django_db
@pytest.mark.parametrize("role", RANK[:-1])
def test_members_are_changed_by_who_manages_them(vendor: Vendor, sign_in: Any, role: str) -> None:
    """The others see themselves alone, and may not even change that."""
    other = MemberFactory(vendor=vendor)
    client = client_of(sign_in, vendor, role)
    mine = vendor.members.get(user=client.user)
    manages = role == "admin"
    for row, expected in ((mine, 200 if manages else 403), (other, 200 if manages else 404)):
        address = f"{API}vendor-members/{row.pk}/"
        assert client.patch(address, {"title": "Boss"}).status_code == expected
    assert client.get(f"{API}vendor-members/").json()["count"] == (2 if manages else 1)


@pytest.mark.django_db
class TestMixed:
    """Who works in two shops may do in each what the role there allows."""

    @pytest.fixture
    def client(self, vendor: Vendor, owner: User, sign_in: Any) -> APIClient:
        user = person(vendor, "viewer")
        VendorFactory(owner=user)
        return sign_in(user)

    def test_bulk_call_with_one_forbidden_item_changes_nothing(
        self, client: APIClient, vendor: Vendor
    ) -> None:
        theirs = CollectibleFactory(vendor=vendor)
        mine = CollectibleFactory(vendor=client.user.vendors.get())
        body = {"ids": [theirs.pk, mine.pk]}
        assert refusal(client.post(f"{ITEMS}bulk_delete/", body)) == (403, "permission_denied")
        assert Collectible.objects.count() == 2
        assert client.post(f"{ITEMS}bulk_delete/", {"ids": [mine.pk]}).json()["deleted"] == 1

    def test_deleted_items_are_those_of_the_writable_shop(
        self, client: APIClient, vendor: Vendor
    ) -> None:
        theirs = CollectibleFactory(vendor=vendor)
        mine = CollectibleFactory(vendor=client.user.vendors.get())
        assert client.get(ITEMS).json()["count"] == 2
        for item in (theirs, mine):
            item.delete()
        found = client.get(ITEMS, {"is_deleted": "true"}).json()["results"]
        assert [row["id"] for row in found] == [mine.pk]

    def test_new_item_goes_to_the_own_shop_unless_another_is_chosen(
        self, client: APIClient, vendor: Vendor
    ) -> None:
        made = client.post(ITEMS, {"name": "Falcon"}).json()
        assert made["vendor"] == client.user.vendors.get().pk
        client.post(f"{API}vendor-members/select/", {"vendor": vendor.pk})
        assert client.post(ITEMS, {"name": "Falcon"}).status_code == 403

    def test_shop_of_two_ways_is_listed_once(self, vendor: Vendor, owner_client: APIClient) -> None:
        """Staff made the owner a member as well."""
        MemberFactory(vendor=vendor, user=vendor.owner, role="viewer")
        assert owner_client.get(f"{API}vendors/").json()["count"] == 1
        [told] = owner_client.get(f"{API}auth/abilities/").json()
        assert told["role"] == "owner"


@pytest.mark.django_db
def test_cached_list_of_deleted_items_ends_with_the_role(vendor: Vendor, sign_in: Any) -> None:
    client = client_of(sign_in, vendor, "manager")
    assert client.get(ITEMS, {"is_deleted": "true"}).status_code == 200
    vendor.members.update(role="viewer")
    assert refusal(client.get(ITEMS, {"is_deleted": "true"})) == (403, "permission_denied")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change", [{"is_active": False}, {"invite_status": "declined"}, {"invite_status": "pending"}]
)
def test_member_out_of_work_sees_nothing(
    vendor: Vendor, sign_in: Any, change: dict[str, Any]
) -> None:
    item = CollectibleFactory(vendor=vendor)
    client = client_of(sign_in, vendor, "admin")
    assert client.get(f"{ITEMS}{item.pk}/").status_code == 200
    vendor.members.update(**change)
    assert client.get(f"{ITEMS}{item.pk}/").status_code == 404
    assert client.get(f"{API}vendors/").json()["count"] == 0


@pytest.mark.django_db
@pytest.mark.parametrize("role", RANK)
def test_audit_log_is_read_by_who_may(vendor: Vendor, sign_in: Any, role: str) -> None:
    client = client_of(sign_in, vendor, role)
    CollectibleFactory(vendor=vendor)
    sign_in(vendor.owner).post(ITEMS, {"name": "Falcon"})
    count = client.get(f"{API}audit-logs/", {"vendor": vendor.pk}).json()["count"]
    assert bool(count) == (role in {"admin", "owner"})


@pytest.mark.django_db
@pytest.mark.parametrize("role", RANK)
def test_abilities_are_those_of_the_matrix(vendor: Vendor, sign_in: Any, role: str) -> None:
    told = client_of(sign_in, vendor, role).get(f"{API}auth/abilities/").json()
    assert told == [
        {
            "vendor": {"id": vendor.pk, "name": vendor.name},
            "role": role,
            "abilities": [ability.value for ability in abilities_of(role)],
        }
    ]


class TestMatrix:
    def test_each_role_may_what_the_next_lower_may(self) -> None:
        order = [MATRIX[Role(role)] for role in RANK]
        assert all(less < more for less, more in pairwise(order))
        assert order[-1] == frozenset(Ability)

    def test_nobody_gives_a_role_above_the_own(self) -> None:
        for own in RANK:
            given = [role for role in RANK if may_give(own, role)]
            assert given == RANK[: RANK.index(own) + 1]

    def test_table_in_the_docs_is_the_matrix(self) -> None:
        rows = [
            f"| `{ability.value}` | {ability.label} | "
            + " | ".join("yes" if ability in MATRIX[role] else "" for role in Role)
            + " |"
            for ability in Ability
        ]
        text = (ROOT / "docs" / "api" / "roles.md").read_text()
        written = [line for line in text.splitlines() if line.startswith("| `")]
        assert written == rows
        assert f"| {' | '.join(role.value for role in Role)} |" in text
