"""What staff delete in the admin is hidden, and comes back as if it had never been away."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from rest_framework.test import APIClient

from core.models import AuditLog
from inventory.models import Category, Collectible, CollectibleImage
from tests.factories import (
    CategoryFactory,
    CollectibleFactory,
    MemberFactory,
    StoreFactory,
    UserFactory,
    VendorFactory,
)
from tests.flows.desk import (
    BUSINESS,
    MAKE,
    address,
    image,
    save,
    saved,
)
from users.models import User
from users.services import AccountService
from vendors.models import Vendor, VendorMember, VendorStore
from vendors.services import VendorService

pytestmark = pytest.mark.django_db
of_business_models = pytest.mark.parametrize("model", BUSINESS, ids=lambda model: model.__name__)


@of_business_models
def test_deleting_hides_and_restoring_brings_back(desk: Client, staff: User, model: Any) -> None:
    row = MAKE[model]()
    assert saved(desk.post(address(row, "delete"), {"post": "yes"}))
    assert not model.objects.filter(pk=row.pk).exists()
    hidden = model.all_objects.get(pk=row.pk)
    assert (hidden.is_deleted, hidden.updated_by) == (True, staff)
    if model is VendorMember:
        return
    chosen = {"action": "restore", "_selected_action": row.pk}
    answer = desk.post(address(model), chosen, follow=True)
    assert str([*answer.context["messages"]][-1]) == "1 restored."
    assert model.objects.get(pk=row.pk).updated_by == staff


@of_business_models
def test_deleting_the_selected_hides_them(desk: Client, staff: User, model: Any) -> None:
    rows, kept = [MAKE[model]() for _ in range(2)], MAKE[model]()
    chosen = {"action": "delete_selected", "_selected_action": [row.pk for row in rows]}
    assert desk.post(address(model), chosen).status_code == 200  # asks once more
    assert saved(desk.post(address(model), {**chosen, "post": "yes"}))
    hidden = model.all_objects.filter(is_deleted=True, pk__in=[row.pk for row in rows])
    assert {row.updated_by for row in hidden} == {staff}
    assert hidden.count() == 2
    assert model.objects.filter(pk=kept.pk).exists()
    assert LogEntry.objects.filter(user=staff).count() == 2


def test_shop_goes_and_comes_with_all_it_has(desk: Client) -> None:
    category = CategoryFactory()
    StoreFactory(vendor=category.vendor)
    item = CollectibleFactory(vendor=category.vendor, category=category)
    assert saved(desk.post(address(category.vendor, "delete"), {"post": "yes"}))
    assert not Collectible.objects.exists()
    assert desk.get(address(Collectible)).context["cl"].result_count == 1
    desk.post(address(Vendor), {"action": "restore", "_selected_action": category.vendor.pk})
    assert Collectible.objects.get() == item


def test_closed_shop_that_was_given_to_another_comes_back_with_its_store(desk: Client) -> None:
    """As decision 12 has it, where the account of its owner has ended."""
    store, heir = StoreFactory(slug="main-store"), UserFactory()
    shop = store.vendor
    VendorService.delete(vendor=shop, by=shop.owner)
    AccountService.delete(user=shop.owner, by=heir, reason="gone")
    assert save(desk, address(shop, "change"), owner=heir.pk).status_code == 302
    desk.post(address(Vendor), {"action": "restore", "_selected_action": shop.pk})
    assert [*Vendor.objects.get(owner=heir).stores.all()] == [store]


def test_item_comes_back_with_its_units_out_of_a_store_that_was_closed(
    desk: Client, staff: User
) -> None:
    item = CollectibleFactory(quantity=2)
    [closed] = VendorStore.objects.filter(vendor=item.vendor)
    VendorStore.objects.filter(pk=closed.pk).update(is_default=False)
    home = StoreFactory(vendor=item.vendor, is_default=True)
    item.delete()
    assert saved(desk.post(address(closed, "delete"), {"post": "yes"}))
    desk.post(address(Collectible), {"action": "restore", "_selected_action": item.pk})
    assert {level.store: level.on_hand for level in item.levels.all()} == {closed: 0, home: 2}
    assert AuditLog.objects.get(action=f"restored item “{item.name}”").actor_id == staff.pk


def test_shop_comes_back_only_to_an_owner_who_is_there(desk: Client, staff: User) -> None:
    row = VendorFactory()
    VendorService.delete(vendor=row, by=row.owner)
    AccountService.delete(user=row.owner, by=staff, reason="Asked for it")
    chosen = {"action": "restore", "_selected_action": row.pk}
    answer = desk.post(address(Vendor), chosen, follow=True)
    told = [str(message) for message in answer.context["messages"]]
    why = "The account of its owner was deleted: choose another owner first."
    assert told == [f"{row} stays deleted: {why}", "0 restored."]
    assert not saved(save(desk, address(row, "change")))
    heir = UserFactory()
    assert saved(save(desk, address(row, "change"), owner=heir.pk))
    desk.post(address(Vendor), chosen)
    assert Vendor.objects.get().owner == heir


def test_member_who_was_removed_is_invited_again_and_not_restored(
    desk: Client, owner_client: APIClient, vendor: Vendor
) -> None:
    member = MemberFactory(vendor=vendor)
    place = "/api/v1/vendor-members/"
    assert owner_client.delete(f"{place}{member.pk}/").status_code == 204
    desk.post(address(VendorMember), {"action": "restore", "_selected_action": member.pk})
    assert not vendor.members.exists()
    again = {"vendor": vendor.pk, "email": member.email, "role": "sales"}
    assert owner_client.post(place, again).status_code == 201


def test_items_move_up_when_their_category_is_deleted(desk: Client, staff: User) -> None:
    category = CategoryFactory()
    item = CollectibleFactory(vendor=category.vendor, category=category)
    assert saved(desk.post(address(category, "delete"), {"post": "yes"}))
    item.refresh_from_db()
    assert (item.category, item.updated_by) == (None, staff)
    assert not Category.objects.exists()


def test_next_picture_is_primary_when_the_primary_one_is_deleted(desk: Client) -> None:
    first = image()
    second = image(collectible=first.collectible, is_primary=False, position=1)
    desk.post(address(first, "delete"), {"post": "yes"})
    assert CollectibleImage.objects.get(is_primary=True) == second
    desk.post(address(CollectibleImage), {"action": "restore", "_selected_action": first.pk})
    assert CollectibleImage.objects.get(is_primary=True) == second
    assert list(first.collectible.images.order_by("position")) == [second, first]
    assert CollectibleImage.objects.get(pk=first.pk).position == 1


def test_only_picture_that_comes_back_is_primary(desk: Client, staff: User) -> None:
    only = image()
    desk.post(address(only, "delete"), {"post": "yes"})
    desk.post(address(CollectibleImage), {"action": "restore", "_selected_action": only.pk})
    row = CollectibleImage.objects.get(is_primary=True)
    assert (row, row.updated_by) == (only, staff)
    row.collectible.refresh_from_db()
    assert row.collectible.updated_by == staff  # an item whose pictures changed has changed


def test_picture_stays_away_while_the_same_one_is_there(desk: Client) -> None:
    first = image()
    desk.post(address(first, "delete"), {"post": "yes"})
    again = image(collectible=first.collectible, checksum=first.checksum)
    chosen = {"action": "restore", "_selected_action": first.pk}
    answer = desk.post(address(CollectibleImage), chosen, follow=True)
    assert str([*answer.context["messages"]][-1]) == "0 restored."
    assert CollectibleImage.objects.get() == again


def test_restoring_what_is_taken_is_told_and_the_rest_is_restored(desk: Client) -> None:
    taken, free = (CollectibleFactory(sku=sku) for sku in "AB")
    Collectible.objects.filter(pk__in=[taken.pk, free.pk]).delete()
    CollectibleFactory(vendor=taken.vendor, sku="A")
    chosen = {"action": "restore", "_selected_action": [taken.pk, free.pk]}
    answer = desk.post(address(Collectible), chosen, follow=True)
    assert answer.status_code == 200
    told = [str(message) for message in answer.context["messages"]]
    assert len(told) == 2
    assert str(taken) in told[0]
    assert told[1] == "1 restored."
    assert set(Collectible.objects.values_list("sku", flat=True)) == {"A", "B"}
