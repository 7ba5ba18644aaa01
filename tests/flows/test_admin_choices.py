"""What there must be one of, staff choose by an action, and no form leaves it out."""

from typing import Any

import pytest
from django.test import Client

from core.models import AuditLog
from inventory.models import CollectibleImage
from tests.factories import StoreFactory, UserFactory, VendorFactory
from tests.flows.desk import address, image, save, saved
from users.models import User
from vendors.exceptions import DefaultStoreNeeded
from vendors.models import Vendor, VendorStore

pytestmark = pytest.mark.django_db


def told(desk: Client, action: str, *rows: Any) -> list[str]:
    chosen = {"action": action, "_selected_action": [row.pk for row in rows]}
    answer = desk.post(address(type(rows[0])), chosen, follow=True)
    return [str(message) for message in answer.context["messages"]]


class TestPrimaryPicture:
    def test_is_chosen_by_an_action(self, desk: Client, staff: User) -> None:
        first = image()
        second = image(collectible=first.collectible, is_primary=False)
        assert told(desk, "make_primary", second) == ["1 done."]
        assert CollectibleImage.objects.get(is_primary=True) == second
        entry = AuditLog.objects.get()
        assert (entry.type, entry.actor_id, entry.object_id) == (
            "catalog", staff.pk, str(second.pk),
        )  # fmt: skip

    def test_deleted_one_is_not_chosen(self, desk: Client) -> None:
        first = image()
        second = image(collectible=first.collectible, is_primary=False)
        second.delete()
        assert told(desk, "make_primary", second)[-1] == "0 done."
        assert CollectibleImage.objects.get(is_primary=True) == first

    def test_no_form_takes_it_away_or_gives_a_second(self, desk: Client) -> None:
        first = image()
        second = image(collectible=first.collectible, is_primary=False)
        ticks = [{"images-0-is_primary": ""}, {f"images-{n}-is_primary": "on" for n in (0, 1)}]
        for change in ticks:
            assert saved(save(desk, address(first.collectible, "change"), **change))
        assert saved(save(desk, address(first, "change"), is_primary=""))
        assert saved(save(desk, address(second, "change"), is_primary="on"))
        assert CollectibleImage.objects.get(is_primary=True) == first


class TestDefaultStore:
    def test_is_chosen_by_an_action(self, desk: Client, staff: User) -> None:
        first = StoreFactory()
        second = StoreFactory(vendor=first.vendor, is_default=False)
        assert told(desk, "make_default", second) == ["1 done."]
        row = VendorStore.objects.get(is_default=True)
        assert (row, row.updated_by) == (second, staff)

    def test_store_that_is_not_in_use_is_not_chosen(self, desk: Client) -> None:
        first = StoreFactory()
        second = StoreFactory(vendor=first.vendor, is_default=False, is_active=False)
        why = f"{second}: {DefaultStoreNeeded.detail}"
        assert told(desk, "make_default", second) == [why, "0 done."]
        assert VendorStore.objects.get(is_default=True) == first

    def test_no_form_takes_it_away_or_gives_a_second(self, desk: Client) -> None:
        first = StoreFactory()
        second = StoreFactory(vendor=first.vendor, is_default=False)
        assert saved(save(desk, address(first, "change"), is_default=""))
        assert saved(save(desk, address(second, "change"), is_default="on"))
        ticks = {"stores-0-is_default": "", "stores-1-is_default": "on"}
        assert saved(save(desk, address(first.vendor, "change"), **ticks))
        assert not saved(save(desk, address(first, "change"), is_active=""))
        assert saved(save(desk, address(second, "change"), is_active=""))
        place = [*first.vendor.stores.all()].index(first)
        off = {f"stores-{place}-is_active": ""}
        assert not saved(save(desk, address(first.vendor, "change"), **off))
        row = VendorStore.objects.get(is_default=True)
        assert (row, row.is_active) == (first, True)

    def test_is_not_deleted(self, desk: Client, staff: User) -> None:
        first = StoreFactory()
        second = StoreFactory(vendor=first.vendor, is_default=False)
        page = desk.post(address(first, "delete"), {"post": "yes"})
        assert str(DefaultStoreNeeded.detail) in page.content.decode()
        both = {"action": "delete_selected", "_selected_action": [first.pk, second.pk]}
        assert desk.post(address(VendorStore), {**both, "post": "yes"}).status_code == 200
        assert first.vendor.stores.count() == 2
        assert desk.post(address(second, "delete"), {"post": "yes"}).status_code == 302
        assert first.vendor.stores.get() == first
        assert VendorStore.all_objects.get(pk=second.pk).updated_by == staff

    def test_is_the_first_one_that_is_added(self, desk: Client) -> None:
        vendor = VendorFactory()
        for name in ("First", "Second"):
            assert saved(save(desk, address(VendorStore, "add"), vendor=vendor.pk, name=name))
        assert vendor.stores.get(is_default=True).name == "First"

    def test_of_a_shop_opened_with_stores_is_the_first_in_use(self, desk: Client) -> None:
        stores: dict[str, Any] = {"stores-TOTAL_FORMS": 3}
        for number, name in enumerate(["Cellar", "Front", "Back"]):
            values = {"name": name, "type": "retail", "currency": "USD", "is_active": "on"}
            stores |= {f"stores-{number}-{key}": value for key, value in values.items()}
        del stores["stores-0-is_active"]
        place = address(Vendor, "add")
        assert saved(save(desk, place, name="Shop", owner=UserFactory().pk, **stores))
        assert set(Vendor.objects.get().stores.values_list("name", "is_default")) == {
            ("Cellar", False), ("Front", True), ("Back", False),
        }  # fmt: skip

    def test_closed_shop_gets_no_store(self, desk: Client) -> None:
        shop = StoreFactory().vendor
        shop.delete()
        more = {"stores-TOTAL_FORMS": 1, "stores-0-name": "New", "stores-0-type": "retail",
                "stores-0-currency": "USD", "stores-0-is_active": "on"}  # fmt: skip
        save(desk, address(shop, "change"), **more)
        assert not VendorStore.all_objects.filter(name="New").exists()
