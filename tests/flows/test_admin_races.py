"""Staff's forms beside what others do meanwhile: neither undoes the other's work."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Model
from django.test import Client

from core.forms import STALE
from inventory.models import Collectible, CollectibleImage
from inventory.services import CategoryService, CollectibleService, Line, StockService
from sales.services import CustomerService
from tests.factories import (
    PASSWORD,
    CategoryFactory,
    CollectibleFactory,
    CustomerFactory,
    MemberFactory,
    StoreFactory,
    UserFactory,
)
from tests.flows.desk import MAKE, READ_ONLY, address, filled, image, save, saved
from tests.races import in_turn
from users.models import User
from users.services import AccountService, PasswordService, SessionService, UserService
from vendors.models import VendorStore
from vendors.services import AccessTokenService, MemberService, StoreService, VendorService

NEW = "another-shelf-1"
EDITED = [model for model in MAKE if model not in READ_ONLY]


class Deed(NamedTuple):
    """What somebody does to the row whose form staff have open, and what must be true after."""

    row: Any
    field: str
    act: Callable[[], Any]
    behind: Any
    done: Callable[[Any], object]


def _account(act: Callable[..., Any], done: Callable[[Any], object]) -> Deed:
    user, by = UserFactory(), UserFactory(is_admin=True)
    deed = partial(act, user=user, by=by, reason="Asked for it")
    return Deed(user, "phone_number", deed, user, done)


def _paused() -> Deed:
    return _account(AccountService.pause, lambda row: not row.is_active)


def _deleted() -> Deed:
    return _account(AccountService.delete, lambda row: row.deleted_at and "invalid" in row.email)


def _password() -> Deed:
    user = UserFactory()
    words = {"session_id": None, "current_password": PASSWORD, "new_password": NEW}
    act = partial(PasswordService.change, user=user, **words)
    return Deed(user, "phone_number", act, user, lambda row: row.check_password(NEW))


def _profile() -> Deed:
    user = UserFactory()
    act = partial(UserService.update_profile, user=user, first_name="Ann")
    return Deed(user, "phone_number", act, user, lambda row: row.first_name == "Ann")


def _spent() -> Deed:
    token, code = AccessTokenService.issue(vendor=StoreFactory().vendor, by=UserFactory())
    act = partial(AccessTokenService.spend, code=code)
    return Deed(token, "notes", act, token.vendor, lambda row: row.is_used)


def _closed() -> Deed:
    shop = StoreFactory().vendor
    act = partial(VendorService.delete, vendor=shop, by=shop.owner)
    return Deed(shop, "description", act, shop, lambda row: row.is_deleted)


def _transferred() -> Deed:
    shop = StoreFactory().vendor
    heir = MemberFactory(vendor=shop).user
    act = partial(VendorService.transfer, vendor=shop, user_id=heir.pk, by=shop.owner)
    return Deed(shop, "description", act, shop, lambda row: row.owner == heir)


def _store() -> Deed:
    shop = StoreFactory().vendor
    store = StoreFactory(vendor=shop, is_default=False)
    act = partial(StoreService.update, store=store, by=shop.owner, is_default=True)
    return Deed(store, "address", act, shop, lambda row: row.is_default)


def _removed() -> Deed:
    member = MemberFactory()
    act = partial(MemberService.remove, member=member, by=member.vendor.owner)
    return Deed(member, "title", act, member, lambda row: row.is_deleted)


def _erased() -> Deed:
    row = CustomerFactory(name="Bob", email="bob@example.com")
    act = partial(CustomerService.erase, customer=row, by=row.vendor.owner)
    return Deed(row, "notes", act, row, lambda row: row.erased_at and not row.email)


def _priced() -> Deed:
    item = CollectibleFactory(value=5)
    act = partial(CollectibleService.update, collectible=item, by=item.vendor.owner, value=9)
    return Deed(item, "description", act, item, lambda row: row.value == 9)


def _moved() -> Deed:
    row = CategoryFactory()
    stem = CategoryFactory(vendor=row.vendor)
    act = partial(CategoryService.update, category=row, by=row.vendor.owner, parent=stem)
    return Deed(row, "name", act, row, lambda row: row.parent == stem)


def _pictured() -> Deed:
    row = image()

    def act() -> None:  # the worker, who has made the thumbnail
        list(Collectible.objects.select_for_update().filter(pk=row.collectible_id))
        CollectibleImage.objects.filter(pk=row.pk).update(thumbnail="t.webp")

    return Deed(row, "alt_text", act, row.collectible, lambda row: row.thumbnail == "t.webp")


DEEDS = [
    _paused, _deleted, _password, _profile, _spent, _closed, _transferred, _store, _removed,
    _erased, _priced, _moved, _pictured,
]  # fmt: skip


def _atomically(act: Callable[[], Any]) -> Callable[[], Any]:
    def deed() -> None:
        with transaction.atomic():
            act()

    return deed


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("make", DEEDS, ids=lambda make: make.__name__.strip("_"))
def test_form_undoes_nothing_that_happens_while_it_is_saved(make: Callable[[], Deed]) -> None:
    deed, desk = make(), Client()
    desk.force_login(UserFactory(is_staff=True, is_superuser=True))
    where = address(deed.row, "change")
    form = {**filled(desk.get(where)), deed.field: "7"}
    in_turn(_atomically(deed.act), partial(desk.post, where, form), behind=deed.behind)
    assert deed.done(type(deed.row)._base_manager.get(pk=deed.row.pk))


@pytest.mark.django_db(transaction=True)
def test_store_in_the_form_of_its_shop_undoes_nothing_neither() -> None:
    store, desk = StoreFactory(), Client()
    desk.force_login(UserFactory(is_staff=True, is_superuser=True))
    where = address(store.vendor, "change")
    form = {**filled(desk.get(where)), "description": "7"}
    rename = partial(StoreService.update, store=store, by=store.vendor.owner, name="Annex")
    _done, answer = in_turn(rename, partial(desk.post, where, form), behind=store.vendor)
    assert not saved(answer)
    assert VendorStore.objects.get().name == "Annex"


@pytest.mark.django_db
class TestStale:
    def _refused(self, answer: Any) -> bool:
        return not saved(answer) and STALE in str(answer.context["errors"])

    def test_form_opened_before_another_was_saved_is_refused(self, desk: Client) -> None:
        user, group = UserFactory(is_staff=True), Group.objects.create(name="Helpers")
        user.groups.add(group)
        where = address(user, "change")
        old = {**filled(desk.get(where)), "phone_number": "7"}
        assert saved(save(desk, where, is_staff=""))
        assert self._refused(desk.post(where, old))
        old = filled(desk.get(where))
        assert saved(save(desk, where, groups=[]))
        assert self._refused(desk.post(where, old))
        user.refresh_from_db()
        assert (user.is_staff, user.phone_number, [*user.groups.all()]) == (False, "", [])
        assert saved(save(desk, where, phone_number="7"))

    def test_permissions_of_a_group_come_not_back(self, desk: Client) -> None:
        group = Group.objects.create(name="Helpers")
        group.permissions.add(Permission.objects.get(codename="view_vendor"))
        where = address(group, "change")
        old = filled(desk.get(where))
        group.permissions.clear()
        assert self._refused(desk.post(where, old))
        assert not group.permissions.exists()

    def test_form_does_not_undo_what_the_api_wrote(self, desk: Client) -> None:
        item = CollectibleFactory(value=5)
        where = address(item, "change")
        old = filled(desk.get(where))
        CollectibleService.update(collectible=item, by=item.vendor.owner, value=9)
        assert self._refused(desk.post(where, old))
        item.refresh_from_db()
        assert item.value == 9

    def test_what_the_form_does_not_show_may_change_meanwhile(self, desk: Client) -> None:
        item = CollectibleFactory(quantity=2)
        where = address(item, "change")
        old = {**filled(desk.get(where)), "description": "7"}
        line = Line(item, item.levels.get().store, 1)
        StockService.sell(lines=[line], by=item.vendor.owner)
        assert saved(desk.post(where, old))
        item.refresh_from_db()
        assert (item.description, item.quantity) == ("7", 1)

    def test_signing_in_meanwhile_stays_known(self, desk: Client) -> None:
        user = UserFactory()
        where = address(user, "change")
        old = {**filled(desk.get(where)), "phone_number": "7"}
        SessionService.let_in(user=user)
        assert saved(desk.post(where, old))
        row = User.objects.get(pk=user.pk)
        assert (row.last_login, row.phone_number) == (user.last_login, "7")

    @pytest.mark.parametrize("model", EDITED, ids=lambda model: model.__name__)
    def test_form_that_does_not_tell_how_it_was_shown_is_refused(
        self, desk: Client, model: type[Model]
    ) -> None:
        assert self._refused(save(desk, address(MAKE[model](), "change"), as_shown=""))

    def test_who_may_only_look_sees_nothing_of_it(self, client: Client) -> None:
        clerk = UserFactory(is_staff=True)
        clerk.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
        client.force_login(clerk)
        for row in (StoreFactory().vendor, image().collectible, UserFactory()):
            page = client.get(address(row, "change")).content.decode()
            assert "as_shown" not in page.lower()
            assert "as shown" not in page.lower()
