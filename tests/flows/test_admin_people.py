"""Who owns a shop and who works there, as staff settle it: as if the shop's own people had."""

from functools import partial
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from rest_framework.test import APIClient

from core.models import AuditLog, OutboxMessage
from tests.factories import MemberFactory, StoreFactory, UserFactory, VendorFactory
from tests.flows.desk import address, filled, save, saved
from tests.races import in_turn
from users.models import User
from users.services import AccountService
from vendors.exceptions import MemberTaken
from vendors.models import Vendor, VendorMember
from vendors.services import VendorService

pytestmark = pytest.mark.django_db
ADD = address(VendorMember, "add")


def people(shop: Vendor) -> set[tuple[User | None, str, str]]:
    return {(row.user, row.role, row.invite_status) for row in shop.members.all()}


def gone() -> User:
    user: User = UserFactory()
    AccountService.delete(user=user, by=UserFactory(), reason="Asked for it")
    user.refresh_from_db()
    return user


class TestOwner:
    @pytest.mark.parametrize("standing", ["stranger", "member", "invited", "paused"])
    def test_who_is_chosen_owns_and_the_former_one_administers(
        self, desk: Client, owner: User, vendor: Vendor, sign_in: Any, standing: str
    ) -> None:
        heir = UserFactory(is_active=standing != "paused")
        if standing == "member":
            MemberFactory(vendor=vendor, user=heir, role="viewer")
        if standing == "invited":
            MemberFactory(vendor=vendor, user=None, email=heir.email, invite_status="pending")
        assert saved(save(desk, address(vendor, "change"), owner=heir.pk))
        vendor.refresh_from_db()
        assert (vendor.owner, people(vendor)) == (heir, {(owner, "admin", "accepted")})
        entry = AuditLog.objects.get()
        assert (entry.before, entry.after) == ({"owner_id": owner.pk}, {"owner_id": heir.pk})
        if standing == "member":  # and the shop goes back as any other
            place = f"/api/v1/vendors/{vendor.pk}/transfer/"
            assert sign_in(heir).post(place, {"user": owner.pk}).status_code == 200
            assert people(vendor) == {(heir, "admin", "accepted")}

    def test_other_changes_leave_people_alone(
        self, desk: Client, owner: User, vendor: Vendor
    ) -> None:
        member = MemberFactory(vendor=vendor, role="sales")
        assert saved(save(desk, address(vendor, "change"), description="Cards"))
        assert people(vendor) == {(member.user, "sales", "accepted")}

    @pytest.mark.parametrize("stays", [True, False])
    def test_of_a_closed_shop_is_no_member_when_it_comes_back(
        self, desk: Client, stays: bool
    ) -> None:
        vendor = VendorFactory()
        owner = vendor.owner
        heir = MemberFactory(vendor=vendor).user
        other = MemberFactory(vendor=vendor, role="sales").user
        VendorService.delete(vendor=vendor, by=owner)
        if not stays:
            AccountService.delete(user=owner, by=heir, reason="Asked for it")
        assert saved(save(desk, address(vendor, "change"), owner=heir.pk))
        assert people(vendor) == set()
        VendorService.restore(vendor=Vendor.all_objects.get(pk=vendor.pk), by=heir)
        former = {(owner, "admin", "accepted")} if stays else set()
        assert people(vendor) == {(other, "sales", "accepted")} | former

    def test_whose_account_was_deleted_gets_no_shop(self, desk: Client) -> None:
        heir = gone()
        assert not saved(save(desk, address(StoreFactory().vendor, "change"), owner=heir.pk))
        place = address(Vendor, "add")
        assert not saved(save(desk, place, name="Shop", owner=heir.pk))

    @pytest.mark.parametrize("text", ["", "9" * 30, "-1"])
    def test_that_is_nobody_is_told(self, desk: Client, vendor: Vendor, text: str) -> None:
        assert not saved(save(desk, address(vendor, "change"), owner=text))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("page", ["add", "change"])
def test_account_that_ends_meanwhile_gets_no_shop(page: str) -> None:
    desk, heir, by = Client(), UserFactory(), UserFactory(is_staff=True, is_superuser=True)
    desk.force_login(by)
    where = address(Vendor, "add") if page == "add" else address(StoreFactory().vendor, "change")
    form = {**filled(desk.get(where)), "name": "Shop", "owner": heir.pk}
    end = partial(AccountService.delete, user=heir, by=by, reason="Asked for it")
    _done, answer = in_turn(end, partial(desk.post, where, form), behind=heir)
    assert not saved(answer)
    assert not heir.vendors.exists()


@pytest.mark.django_db(transaction=True)
def test_shop_given_away_twice_at_once_is_given_once() -> None:
    shop = StoreFactory().vendor
    first, second = (MemberFactory(vendor=shop).user for _ in range(2))
    desk = Client()
    desk.force_login(UserFactory(is_staff=True, is_superuser=True))
    where = address(shop, "change")
    form = {**filled(desk.get(where)), "owner": second.pk}
    give = partial(VendorService.transfer, vendor=shop, user_id=first.pk, by=shop.owner)
    _row, answer = in_turn(give, partial(desk.post, where, form), behind=shop.owner)
    assert not saved(answer)
    assert Vendor.objects.get().owner == first


class TestMember:
    def test_who_is_invited_gets_the_mail(
        self, desk: Client, vendor: Vendor, django_capture_on_commit_callbacks: Any
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            body = {"vendor": vendor.pk, "email": "ann@example.com", "role": "sales"}
            assert saved(save(desk, ADD, **body))
        assert [message.to for message in mail.outbox] == [["ann@example.com"]]
        member = VendorMember.objects.get()
        with django_capture_on_commit_callbacks(execute=True):
            assert saved(save(desk, address(member, "change"), title="Buyer"))
            assert len(mail.outbox) == 1
            assert saved(save(desk, address(member, "change"), email="anna@example.com"))
        assert [message.to for message in mail.outbox[1:]] == [["anna@example.com"]]

    def test_who_works_there_at_once_gets_none(self, desk: Client, vendor: Vendor) -> None:
        user = UserFactory()
        body = {"vendor": vendor.pk, "email": user.email, "user": user.pk}
        assert saved(save(desk, ADD, **body, invite_status="accepted"))
        assert people(vendor) == {(user, "viewer", "accepted")}
        assert not OutboxMessage.objects.exists()

    def test_owner_is_told_in_the_form(self, desk: Client, owner: User, vendor: Vendor) -> None:
        theirs = [
            {"user": owner.pk, "email": "ann@example.com", "invite_status": "accepted"},
            {"email": owner.email.upper()},
        ]
        member = MemberFactory(vendor=vendor)
        for body in theirs:
            for place in (ADD, address(member, "change")):
                answer = save(desk, place, vendor=vendor.pk, **body)
                assert not saved(answer)
                assert str(MemberTaken.detail) in str(answer.context["errors"])

    def test_deleted_account_is_told_in_the_form(self, desk: Client, vendor: Vendor) -> None:
        body = {"user": gone().pk, "email": "ann@example.com", "invite_status": "accepted"}
        for place in (ADD, address(MemberFactory(vendor=vendor), "change")):
            answer = save(desk, place, vendor=vendor.pk, **body)
            assert not saved(answer)
            assert "This account was deleted." in str(answer.context["errors"])

    def test_end_is_not_a_choice_but_a_deletion(
        self, desk: Client, vendor: Vendor, owner_client: APIClient
    ) -> None:
        member = MemberFactory(vendor=vendor)
        place = address(member, "change")
        assert not saved(save(desk, place, invite_status="revoked"))
        assert desk.post(address(member, "delete"), {"post": "yes"}).status_code == 302
        again = {"vendor": vendor.pk, "email": member.email, "role": "sales"}
        assert owner_client.post("/api/v1/vendor-members/", again).status_code == 201
        old = VendorMember.all_objects.get(pk=member.pk)
        assert saved(save(desk, address(old, "change"), title="Buyer"))
