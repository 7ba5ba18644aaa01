"""What deeds on shops and accounts leave in the audit log, by the API and by staff."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from rest_framework.test import APIClient

from core.audit import HIDDEN
from core.models import AuditLog
from tests.factories import PASSWORD, UserFactory
from tests.flows.desk import address, save, saved
from users.models import User
from users.services import UserService
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
VENDORS = "/api/v1/vendors/"


def trail() -> list[tuple[Any, ...]]:
    names = ["type", "user", "action", "vendor_id", "object_type", "before", "after"]
    return list(AuditLog.objects.order_by("pk").values_list(*names))


def test_shop_is_opened_changed_and_closed(owner: User, owner_client: APIClient) -> None:
    made = owner_client.post(VENDORS, {"name": "Cards", "contact_info": "ann@example.com"}).json()
    place = f"{VENDORS}{made['id']}/"
    owner_client.patch(place, {"currency": "EUR", "contact_info": "bob@example.com"})
    owner_client.patch(place, {"currency": "EUR"})
    owner_client.delete(place)
    who = ("vendor", owner.username)
    where = (made["id"], "vendor")
    after = {
        "name": "Cards", "slug": "cards", "description": "", "contact_info": HIDDEN,
        "currency": "USD", "owner_id": owner.pk, "is_active": True, "require_if_match": False,
    }  # fmt: skip
    change = (
        {"currency": "USD", "contact_info": HIDDEN},
        {"currency": "EUR", "contact_info": HIDDEN},
    )
    assert trail() == [
        (*who, "opened shop “Cards”", *where, None, after),
        (*who, "changed shop “Cards”", *where, *change),
        (*who, "closed shop “Cards”", *where, None, None),
    ]


def test_registering_is_told_to_the_account_and_to_its_shop(anonymous_client: APIClient) -> None:
    new = {"username": "ann", "email": "ann@example.com", "password": PASSWORD}
    assert anonymous_client.post("/api/v1/auth/register/", new).status_code == 201
    vendor = Vendor.objects.get()
    opened, registered = trail()
    assert opened[:5] == ("vendor", "ann", "opened shop “ann’s collection”", vendor.pk, "vendor")
    assert registered == ("account", "ann", "registered", None, "user", None, None)
    assert set(AuditLog.objects.values_list("ip_address", flat=True)) == {"127.0.0.1"}


def test_refused_registering_leaves_nothing(anonymous_client: APIClient) -> None:
    UserFactory(email="ann@example.com")
    new = {"email": "ann@example.com", "password": PASSWORD}
    assert anonymous_client.post("/api/v1/auth/register/", new).status_code == 400
    assert trail() == []


def test_profile_tells_that_it_changed_and_not_the_person(
    owner: User, owner_client: APIClient
) -> None:
    change = {"first_name": "Ann", "birthdate": "1990-04-01", "company_name": "Brick & Card"}
    owner_client.patch("/api/v1/auth/me/", change)
    owner_client.patch("/api/v1/auth/me/", change)
    before = {"first_name": "", "birthdate": None, "company_name": ""}
    after = {"first_name": HIDDEN, "birthdate": HIDDEN, "company_name": "Brick & Card"}
    who = ("account", owner.username, "changed the profile")
    assert trail() == [(*who, None, "user", before, after)]


def test_administrator_by_command_was_made_by_the_system() -> None:
    UserService.create_staff(email="root@example.com", password=PASSWORD, username="root")
    told = ("security", "system", "made administrator “root”", None, "user", None, None)
    assert trail() == [told]


class TestStaff:
    @pytest.fixture
    def staff(self, client: Any, admin_user: User) -> Any:
        client.force_login(admin_user)
        return client

    def test_new_account_is_told_without_password_and_address(
        self, staff: Any, admin_user: User
    ) -> None:
        form = {
            "username": "bob", "email": "bob@example.com", "password1": PASSWORD,
            "password2": PASSWORD,
        }  # fmt: skip
        assert staff.post("/admin/users/user/add/", form).status_code == 302
        [(*told, after)] = trail()
        assert told == ["admin", admin_user.username, "added account “bob”", None, "user", None]
        assert (after["username"], after["email"]) == ("bob", HIDDEN)
        assert {after["password1"], after["password2"]} == {HIDDEN}

    def test_set_password_is_told(self, staff: Any, admin_user: User) -> None:
        user = UserFactory(username="bob")
        form = {"password1": "another-shelf-1", "password2": "another-shelf-1"}
        place = f"/admin/users/user/{user.pk}/password/"
        answer = staff.post(place, form | {"usable_password": "true"})
        assert answer.status_code == 302
        told = ("admin", admin_user.username, "set the password of account “bob”")
        assert trail() == [(*told, None, "user", None, None)]

    @pytest.mark.parametrize(
        ("action", "told"), [("pause", "paused"), ("delete_accounts", "deleted")]
    )
    def test_end_of_an_account_is_told_with_its_reason(
        self, staff: Any, admin_user: User, action: str, told: str
    ) -> None:
        user = UserFactory(username="bob")
        form = {"action": action, "_selected_action": user.pk, "reason": " Spam "}
        assert staff.post("/admin/users/user/", form).status_code == 302
        entry = AuditLog.objects.get()
        assert (entry.type, entry.actor_id) == ("admin", admin_user.pk)
        assert (entry.action, entry.object_id) == (f"{told} account “bob”", str(user.pk))
        assert entry.details == "Spam"

    def test_permissions_given_are_told(self, staff: Any) -> None:
        group = Group.objects.create(name="Helpers")
        allowed = Permission.objects.get(codename="view_vendor")
        assert saved(save(staff, address(group, "change"), permissions=[allowed.pk]))
        entry = AuditLog.objects.get()
        assert (entry.action, entry.before, entry.after) == (
            "changed group “Helpers”",
            {"permissions": []},
            {"permissions": [allowed.pk]},
        )

    def test_store_changed_beside_its_shop_is_told(self, staff: Any, vendor: Vendor) -> None:
        store = vendor.stores.get()
        assert saved(save(staff, address(vendor, "change"), **{"stores-0-name": "Annex"}))
        [(kind, _who, action, key, what, before, after)] = trail()
        assert (kind, action, key) == ("admin", "changed vendor store “Annex”", vendor.pk)
        assert (what, before, after) == ("vendorstore", {"name": store.name}, {"name": "Annex"})
