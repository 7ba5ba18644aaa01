"""The matrix, as the module has it, as the docs tell it, and as every door keeps it."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.test import APIClient

from inventory.models import Collectible, CollectibleImage
from tests.core.test_pictures import picture
from tests.factories import (
    CategoryFactory,
    CollectibleFactory,
    MemberFactory,
    StoreFactory,
    VendorFactory,
)
from tests.vendors.people import PEOPLE, client_of, person, refusal
from users.models import User
from vendors.api.permissions import RolePermission
from vendors.models import Vendor
from vendors.roles import MATRIX, Ability, Role, abilities_of, may_give

ROOT: Path = settings.BASE_DIR
API = "/api/v1/"
ITEMS = f"{API}catalog/items/"
# Who may, from the least: the others who see it get 403, a stranger `hidden`.
RANK = ["viewer", "sales", "manager", "admin", "owner"]


class Shop:
    """One of everything, owned by `vendor.owner`."""

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor
        self.item = CollectibleFactory(vendor=vendor)
        self.gone = CollectibleFactory(vendor=vendor)
        self.gone.delete()
        self.category = CategoryFactory(vendor=vendor)
        self.annex = StoreFactory(vendor=vendor, is_default=False)
        self.member = MemberFactory(vendor=vendor)
        self.image = CollectibleImage.objects.create(
            collectible=self.item, file="items/a.jpeg", width=60, height=40, size=900,
            checksum="0" * 64, is_primary=True,
        )  # fmt: skip


Body = Callable[[Shop], dict[str, Any]]


def nothing(_shop: Shop) -> dict[str, Any]:
    return {}


def table(shop: Shop) -> dict[str, Any]:
    return {"vendor": shop.vendor.pk, "file": SimpleUploadedFile("t.csv", b"sku,name\nA,B")}


def ids_of_gone(shop: Shop) -> dict[str, Any]:
    return {"ids": [shop.gone.pk]}


def to_change(shop: Shop) -> dict[str, Any]:
    return {"ids": [shop.item.pk], "updates": {"value": "5"}}


def here(shop: Shop) -> dict[str, Any]:
    return {"vendor": shop.vendor.pk, "name": "New"}


def name(_shop: Shop) -> dict[str, Any]:
    return {"name": "New"}


def picture_of(_shop: Shop) -> dict[str, Any]:
    return {"file": SimpleUploadedFile("a.png", picture("PNG"))}


def words(_shop: Shop) -> dict[str, Any]:
    return {"alt_text": "Front"}


# Method, address, body, the least role that may, its answer, the stranger's answer.
DOORS: list[tuple[str, str, Body, str, int, int]] = [
    ("get", "catalog/items/{item}/", nothing, "viewer", 200, 404),
    ("post", "catalog/items/", here, "manager", 201, 400),
    ("put", "catalog/items/{item}/", name, "manager", 200, 404),
    ("patch", "catalog/items/{item}/", name, "manager", 200, 404),
    ("delete", "catalog/items/{item}/", nothing, "manager", 204, 404),
    ("post", "catalog/items/{gone}/restore/", nothing, "manager", 200, 404),
    ("post", "catalog/items/bulk_update/", to_change, "manager", 200, 200),
    ("post", "catalog/items/bulk_delete/", lambda s: {"ids": [s.item.pk]}, "manager", 200, 200),
    ("post", "catalog/items/bulk_restore/", ids_of_gone, "manager", 200, 200),
    ("get", "catalog/items/?is_deleted=true", nothing, "manager", 200, 200),
    ("get", "catalog/items/export/?is_deleted=true", nothing, "manager", 200, 200),
    ("get", "catalog/items/export/", nothing, "viewer", 200, 200),
    ("get", "catalog/items/{item}/images/", nothing, "viewer", 200, 404),
    ("post", "catalog/items/{item}/images/",
     picture_of, "manager", 201, 404),
    ("post", "catalog/items/{item}/images/reorder/", lambda s: {"ids": [s.image.pk]}, "manager",
     200, 404),
    ("patch", "catalog/items/{item}/images/{image}/", words, "manager", 200,
     404),
    ("delete", "catalog/items/{item}/images/{image}/", nothing, "manager", 204, 404),
    ("get", "catalog/categories/{category}/", nothing, "viewer", 200, 404),
    ("post", "catalog/categories/", here, "manager", 201, 400),
    ("patch", "catalog/categories/{category}/", name, "manager", 200, 404),
    ("delete", "catalog/categories/{category}/", nothing, "manager", 204, 404),
    ("post", "catalog/imports/", table, "manager", 202, 400),
    ("get", "dashboard/summary/", nothing, "viewer", 200, 200),
    ("get", "audit-logs/", nothing, "viewer", 200, 200),
    ("get", "vendors/{vendor}/", nothing, "viewer", 200, 404),
    ("put", "vendors/{vendor}/", name, "admin", 200, 404),
    ("patch", "vendors/{vendor}/", name, "admin", 200, 404),
    ("delete", "vendors/{vendor}/", nothing, "owner", 204, 404),
    ("post", "vendors/{vendor}/transfer/", lambda s: {"user": s.member.user.pk}, "owner", 200, 404),
    ("post", "vendor-members/",
     lambda s: {"vendor": s.vendor.pk, "email": "new@example.com", "role": "sales"}, "admin", 201,
     400),
    ("post", "vendor-members/select/", lambda s: {"vendor": s.vendor.pk}, "viewer", 200, 400),
    ("get", "vendor-stores/{annex}/", nothing, "viewer", 200, 404),
    ("post", "vendor-stores/", lambda s: {"vendor_id": s.vendor.pk, "name": "New"}, "admin", 201,
     400),
    ("put", "vendor-stores/{annex}/", name, "admin", 200, 404),
    ("patch", "vendor-stores/{annex}/", name, "admin", 200, 404),
    ("delete", "vendor-stores/{annex}/", nothing, "admin", 204, 404),
    ("post", "access-tokens/", lambda s: {"vendor": s.vendor.pk}, "admin", 201, 400),
    ("post", "vendor-stores/select/", lambda s: {"store": s.annex.pk}, "viewer", 200, 400),
]  # fmt: skip


def knock(client: APIClient, shop: Shop, method: str, address: str, body: dict[str, Any]) -> Any:
    keys = {name: row.pk for name, row in vars(shop).items()}
    form = {"format": "multipart"} if any(hasattr(part, "read") for part in body.values()) else {}
    return getattr(client, method)(API + address.format(**keys), body or None, **form)


@pytest.mark.django_db
@pytest.mark.parametrize("role", PEOPLE)
@pytest.mark.parametrize("door", DOORS, ids=lambda door: f"{door[0]} {door[1]}")
def test_door_opens_for_who_may(vendor: Vendor, sign_in: Any, door: Any, role: str) -> None:
    method, address, body, least, good, hidden = door
    shop = Shop(vendor)
    client = client_of(sign_in, vendor, role)
    if role == "stranger":
        expected = hidden
    else:
        expected = good if RANK.index(role) >= RANK.index(least) else 403
    answer = knock(client, shop, method, address, body(shop))
    assert answer.status_code == expected, answer.content
    if expected == 403:
        assert refusal(answer) == (403, "permission_denied")
        if method != "get":
            shop.item.refresh_from_db()
            assert (shop.item.version, shop.item.is_deleted) == (1, False)


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


def views(patterns: Any) -> list[Any]:
    found: list[Any] = []
    for entry in patterns:
        if isinstance(entry, URLResolver):
            found += views(entry.url_patterns)
        elif isinstance(entry, URLPattern) and hasattr(entry.callback, "cls"):
            found.append(entry.callback.cls)
    return found


def test_every_view_of_a_shops_rows_says_what_writing_needs() -> None:
    """A view that forgets `abilities` would let every role write."""
    ours = [
        view
        for view in views(get_resolver().url_patterns)
        if view.__module__.startswith(("vendors.", "inventory."))
        and {"create", "update", "destroy"} & set(dir(view))
    ]
    lax = {view.__name__ for view in ours if not getattr(view, "abilities", None)}
    assert len(ours) > 5
    assert lax == set()
    assert all(RolePermission in view.permission_classes for view in ours)
