"""Two at once over one shop or membership: one outcome, and never a shop without its one owner."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from rest_framework.test import APIClient

from core.models import AuditLog
from inventory.models import Collectible
from tests.factories import PASSWORD, MemberFactory, StoreFactory, UserFactory, VendorFactory
from tests.races import ROUNDS, at_once, in_turn, outcome
from tests.vendors.people import person
from users.models import User
from users.services import AccountService
from vendors.models import SystemSettings, Vendor, VendorMember
from vendors.services import InviteService, MemberService, SettingsService, VendorService

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.chaos]
ITEMS = "/api/v1/catalog/items/"
Deed = Callable[[], Any]
# A round makes people, and writes a dozen rows.
TURNS = max(ROUNDS // 4, 1)


@pytest.fixture
def shop(db: None) -> Vendor:
    vendor: Vendor = StoreFactory().vendor
    return vendor


def outcomes(*deeds: Deed) -> list[str]:
    """`done`, or the code of the refusal, for each."""
    return [told if isinstance(told, str) else "done" for told in at_once(deeds)]


def invited(vendor: Vendor) -> tuple[VendorMember, User]:
    user = person(vendor, "stranger")
    invite = MemberFactory(vendor=vendor, user=None, email=user.email, invite_status="pending")
    return invite, user


def transfer(vendor: Vendor, to: User, by: User) -> Deed:
    return partial(VendorService.transfer, vendor=vendor, user_id=to.pk, by=by)


def require_one_owner(vendor: Vendor) -> User:
    """Who has an account in use, and is not a member besides."""
    vendor.refresh_from_db()
    assert vendor.owner.is_active
    assert not VendorMember.objects.filter(vendor=vendor, user=vendor.owner).exists()
    living = VendorMember.objects.filter(vendor=vendor)
    assert not living.filter(user__is_active=False).exists()
    return vendor.owner


def written(row: Any) -> list[str]:
    rows = AuditLog.objects.filter(object_type=row._meta.model_name, object_id=str(row.pk))
    return list(rows.order_by("pk").values_list("action", flat=True))


def test_invitation_is_answered_once(shop: Vendor) -> None:
    answers: list[tuple[Any, Any]] = [
        (InviteService.accept, InviteService.accept), (InviteService.accept, InviteService.decline),
    ]  # fmt: skip
    for number in range(TURNS):
        invite, user = invited(shop)
        first, second = answers[number % 2]
        told = outcomes(
            partial(first, invite=invite, by=user), partial(second, invite=invite, by=user)
        )
        assert sorted(told) == ["done", "invite_not_pending"]
        winner = "accepted" if told[0] == "done" or first is second else "declined"
        invite.refresh_from_db()
        assert (invite.invite_status, invite.version) == (winner, 2)
        assert written(invite) == [f"{winner} the invitation to “{shop.name}”"]


def test_withdrawn_invitation_opens_nothing(shop: Vendor) -> None:
    """Who accepts first is a member for a moment; the shop's no is the last word."""
    for _round in range(TURNS):
        invite, user = invited(shop)
        accepted, removed = outcomes(
            partial(InviteService.accept, invite=invite, by=user),
            partial(MemberService.remove, member=invite, by=shop.owner),
        )
        assert removed == "done"
        assert accepted in {"done", "invite_not_pending"}
        row = VendorMember.all_objects.get(pk=invite.pk)
        assert (row.is_deleted, row.invite_status) == (True, "revoked")
        joined = [f"accepted the invitation to “{shop.name}”"] if accepted == "done" else []
        assert written(row) == [*joined, f"removed member {row.pk}"]
        assert not Vendor.objects.visible_to(user).exists()


def test_shop_is_given_away_once(shop: Vendor) -> None:
    members = [MemberFactory(vendor=shop).user for _ in range(2)]
    everybody = {shop.owner_id, *(user.pk for user in members)}
    for _round in range(TURNS):
        shop.refresh_from_db()
        giver = shop.owner
        heirs = [User.objects.get(pk=pk) for pk in everybody - {giver.pk}]
        told = outcomes(*(transfer(shop, heir, giver) for heir in heirs))
        assert sorted(told) == ["done", "not_found"]
        assert require_one_owner(shop) == heirs[told.index("done")]
        staying = VendorMember.objects.filter(vendor=shop)
        assert {row.user_id for row in staying} == everybody - {shop.owner_id}
        assert staying.get(user=giver).role == "admin"


@pytest.mark.parametrize("who", ["leaves", "is removed"])
def test_heir_has_the_shop_or_is_gone(shop: Vendor, who: str) -> None:
    admin = MemberFactory(vendor=shop, role="admin").user
    for _round in range(TURNS):
        shop.refresh_from_db()
        giver, member = shop.owner, MemberFactory(vendor=shop)
        by = member.user if who == "leaves" else admin
        given, gone = outcomes(
            transfer(shop, member.user, giver),
            partial(MemberService.remove, member=member, by=by),
        )
        owner = require_one_owner(shop)
        assert (given, gone) in {("done", "not_found"), ("validation_error", "done")}
        assert owner == (member.user if given == "done" else giver)
        assert not VendorMember.objects.filter(pk=member.pk).exists()


def test_heir_has_the_shop_or_no_account(shop: Vendor) -> None:
    for _round in range(TURNS):
        shop.refresh_from_db()
        giver, heir = shop.owner, MemberFactory(vendor=shop).user
        given, deleted = outcomes(
            transfer(shop, heir, giver),
            partial(AccountService.delete_own, user=heir, password=PASSWORD),
        )
        assert (given, deleted) in {("done", "owns_vendors"), ("validation_error", "done")}
        assert require_one_owner(shop) == (heir if given == "done" else giver)


def test_giver_who_deletes_the_account_leaves_nothing_behind(shop: Vendor) -> None:
    for _round in range(TURNS):
        shop.refresh_from_db()
        giver, heir = shop.owner, MemberFactory(vendor=shop).user
        given, deleted = outcomes(
            transfer(shop, heir, giver),
            partial(AccountService.delete_own, user=giver, password=PASSWORD),
        )
        assert (given, deleted) in {("done", "owns_vendors"), ("done", "done")}
        assert require_one_owner(shop) == heir
        left = VendorMember.objects.filter(vendor=shop, user=giver)
        assert left.exists() == (deleted == "owns_vendors")


def test_account_that_ends_opens_no_shop_and_accepts_nothing() -> None:
    for _round in range(TURNS):
        inviting = VendorFactory()
        invite, user = invited(inviting)
        opened, accepted, _deleted = outcomes(
            partial(VendorService.create, name="Shop", owner=user),
            partial(InviteService.accept, invite=invite, by=user),
            partial(AccountService.delete_own, user=user, password=PASSWORD),
        )
        account = User.objects.get(pk=user.pk)
        owns = Vendor.objects.filter(owner=user).exists()
        assert owns == (opened == "done")
        assert account.is_active == owns
        assert accepted in {"done", "invite_not_pending"}
        works = VendorMember.objects.filter(user=user).exists()
        assert works == (account.is_active and accepted == "done")


@pytest.mark.parametrize("whose", ["shop", "platform"])
def test_first_settings_are_one_row_with_what_each_has_said(whose: str, shop: Vendor) -> None:
    vendor_id = shop.pk if whose == "shop" else None
    for _round in range(TURNS):
        SystemSettings.objects.all().delete()
        settle = partial(SettingsService.update, vendor_id=vendor_id, by=shop.owner)
        told = outcomes(
            partial(settle, low_stock_threshold=1),
            partial(settle, order_expiry_minutes=2),
            partial(settle, order_confirmations=False),
        )
        assert told == ["done"] * 3
        row = SystemSettings.objects.get()
        assert (row.low_stock_threshold, row.order_expiry_minutes) == (1, 2)
        assert (row.order_confirmations, row.version) == (False, 4)


def test_lower_role_writes_nothing_after_it_was_given(shop: Vendor, sign_in: Any) -> None:
    """A write that began before may end well; the next one is refused, whatever was first."""
    client: APIClient = sign_in(person(shop, "manager"))
    member = shop.members.get()
    for number in range(TURNS):
        VendorMember.objects.update(role="manager")
        body = {"name": f"Item {number}", "vendor": shop.pk}
        wrote, _changed = at_once(
            [
                partial(client.post, ITEMS, body),
                partial(MemberService.update, member=member, by=shop.owner, role="viewer"),
            ]
        )
        assert wrote.status_code in {201, 403}
        there = Collectible.objects.filter(name=body["name"]).exists()
        assert there == (wrote.status_code == 201)
        assert client.post(ITEMS, body).status_code == 403


@pytest.mark.parametrize("comes_back_first", [False, True])
def test_shop_comes_back_before_its_owner_goes_or_stays_closed(
    shop: Vendor, comes_back_first: bool
) -> None:
    owner, staff = shop.owner, UserFactory()
    VendorService.delete(vendor=shop, by=owner)
    calls = [
        partial(outcome, partial(VendorService.restore, vendor=shop, by=staff)),
        partial(outcome, partial(AccountService.delete, user=owner, by=staff, reason="Gone")),
    ]
    outcomes = in_turn(*calls[:: 1 if comes_back_first else -1], behind=owner)
    assert outcomes == ["done", "owns_vendors" if comes_back_first else "validation_error"]
    owner.refresh_from_db()
    assert Vendor.objects.filter(pk=shop.pk).exists() == comes_back_first == owner.is_active


def test_first_store_is_opened_while_an_item_wants_one(
    owner_client: APIClient, owner: User
) -> None:
    for _ in range(min(TURNS, 25)):
        vendor = VendorFactory(owner=owner)
        item = {"name": "Tower Bridge", "vendor": vendor.pk, "quantity": 1}
        store = {"name": "Stall", "vendor_id": vendor.pk, "type": "retail"}
        answers = at_once(
            [
                partial(owner_client.post, ITEMS, item),
                partial(owner_client.post, "/api/v1/vendor-stores/", store),
            ]
        )
        assert [answer.status_code for answer in answers] == [201, 201]
        assert vendor.stores.filter(is_default=True).count() == 1
