"""What each deed in the catalog leaves in the audit log: one row, in its own transaction."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from rest_framework.test import APIClient

from core.models import AuditLog
from inventory.models import Category, Collectible
from inventory.services import CategoryService, CollectibleService, ImageService, ImportService
from tests.core.test_pictures import picture
from tests.factories import CategoryFactory, CollectibleFactory, VendorFactory
from tests.flows.desk import address, save, saved
from users.models import User
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
ITEMS = "/api/v1/catalog/items/"
Row = dict[str, Any]


def trail() -> list[Row]:
    """All entries in order, without what every one of them has."""
    names = ["type", "user", "action", "vendor_id", "object_type", "before", "after", "details"]
    return list(AuditLog.objects.order_by("pk").values(*names))


def row(owner: User, action: str, **values: Any) -> Row:
    usual = {
        "type": "catalog",
        "user": owner.username,
        "action": action,
        "vendor_id": owner.vendors.get().pk,
        "object_type": "collectible",
        "before": None,
        "after": None,
        "details": "",
    }
    return usual | values


@pytest.fixture
def item(vendor: Vendor) -> Collectible:
    return CollectibleFactory(vendor=vendor, name="Lotus", sku="L-1", value=Decimal("1.00"))


class TestItems:
    def test_a_new_one_is_told_whole(self, owner: User, vendor: Vendor) -> None:
        made = CollectibleService.create(name="Lotus", sku="L-1", vendor=vendor, by=owner)
        [entry] = trail()
        after: Row = {
            "vendor_id": vendor.pk, "category_id": None, "name": "Lotus", "slug": made.slug,
            "sku": "L-1", "description": "", "condition": "unspecified", "value": "0",
            "currency": "USD", "quantity": 1, "allocated": 0, "low_stock_threshold": 10,
            "is_active": True, "is_featured": False, "is_bestseller": False, "attributes": {},
        }  # fmt: skip
        assert entry == row(owner, "created item “Lotus”", after=after)
        assert AuditLog.objects.get().object_id == str(made.pk)

    def test_a_change_tells_what_was_and_what_became(self, owner: User, item: Collectible) -> None:
        category = CategoryFactory(vendor=item.vendor, name="Magic")
        changes: Any = {"value": Decimal("2.50"), "category": "Magic", "sku": "L-1"}
        CollectibleService.update(collectible=item, by=owner, **changes)
        before = {"value": "1.00", "category_id": None}
        after = {"value": "2.50", "category_id": category.pk}
        assert trail() == [row(owner, "changed item “Lotus”", before=before, after=after)]

    def test_no_change_leaves_none(self, owner: User, item: Collectible) -> None:
        CollectibleService.update(collectible=item, by=owner, name="Lotus")
        assert trail() == []

    def test_deleting_and_restoring(self, owner: User, item: Collectible) -> None:
        CollectibleService.delete(collectible=item, by=owner)
        CollectibleService.restore(collectible=item, by=owner)
        CollectibleService.restore(collectible=item, by=owner)
        assert trail() == [row(owner, "deleted item “Lotus”"), row(owner, "restored item “Lotus”")]

    def test_what_was_refused_leaves_none(
        self, owner_client: APIClient, item: Collectible, vendor: Vendor
    ) -> None:
        CollectibleFactory(vendor=vendor, sku="TAKEN")
        answer = owner_client.patch(f"{ITEMS}{item.pk}/", {"sku": "TAKEN", "category": "New"})
        assert answer.status_code == 409
        assert trail() == []

    def test_what_was_rolled_back_leaves_none(self, owner: User, vendor: Vendor) -> None:
        with transaction.atomic():
            CollectibleService.create(name="Lotus", vendor=vendor, by=owner)
            transaction.set_rollback(True)
        assert trail() == []


class TestBulk:
    def test_each_item_has_its_own_row(self, owner: User, vendor: Vendor) -> None:
        first = CollectibleFactory(vendor=vendor, name="A", value=Decimal("1.00"))
        same = CollectibleFactory(vendor=vendor, name="B", value=Decimal("3.00"))
        bulk(owner, "bulk_update", [first, same], updates={"value": Decimal("3.00")})
        changed = {"before": {"value": "1.00"}, "after": {"value": "3.00"}}
        assert trail() == [row(owner, "changed item “A”", **changed)]
        bulk(owner, "bulk_delete", [first, same])
        bulk(owner, "bulk_restore", [first, same])
        assert [entry["action"] for entry in trail()[1:]] == [
            "deleted item “A”", "deleted item “B”", "restored item “A”", "restored item “B”",
        ]  # fmt: skip

    def test_category_is_told_by_its_id(self, owner: User, vendor: Vendor) -> None:
        old, new = CategoryFactory(vendor=vendor), CategoryFactory(vendor=vendor)
        item = CollectibleFactory(vendor=vendor, name="A", category=old)
        bulk(owner, "bulk_update", [item], updates={"category": new.pk})
        changed = {"before": {"category_id": old.pk}, "after": {"category_id": new.pk}}
        assert trail() == [row(owner, "changed item “A”", **changed)]

    def test_not_restored_leaves_none(self, owner: User, vendor: Vendor) -> None:
        item = CollectibleFactory(vendor=vendor, sku="A")
        item.delete()
        CollectibleFactory(vendor=vendor, sku="A")
        bulk(owner, "bulk_restore", [item])
        assert trail() == []

    @pytest.mark.parametrize("count", [1, 100])
    def test_all_rows_are_one_statement(
        self, owner: User, vendor: Vendor, django_assert_num_queries: Any, count: int
    ) -> None:
        items = CollectibleFactory.create_batch(count, vendor=vendor)
        with django_assert_num_queries(6):  # shops, lock, change, log; a savepoint around
            bulk(owner, "bulk_update", items, updates={"value": Decimal(5)})
        with django_assert_num_queries(11):  # what hangs on or holds them is asked for, and hidden
            bulk(owner, "bulk_delete", items)
        assert AuditLog.objects.count() == 2 * count


def bulk(owner: User, deed: str, items: list[Collectible], **more: Any) -> None:
    rows = Collectible.all_objects.visible_to(owner)
    ids = [item.pk for item in items]
    getattr(CollectibleService, deed)(items=rows, ids=ids, by=owner, **more)


class TestCategories:
    def test_from_the_first_to_the_last(self, owner: User, vendor: Vendor) -> None:
        made = CategoryService.create(name="Cards", vendor=vendor, by=owner)
        CategoryService.update(category=made, by=owner, name="Karten")
        CategoryService.update(category=made, by=owner, name="Karten")
        CollectibleFactory(vendor=vendor, category=made)
        CategoryService.delete(category=made, by=owner)
        after = {"vendor_id": vendor.pk, "parent_id": None, "name": "Cards", "slug": "cards"}
        kind = {"object_type": "category"}
        assert trail() == [
            row(owner, "created category “Cards”", **kind, after=after),
            row(
                owner,
                "changed category “Karten”",
                **kind,
                before={"name": "Cards"},
                after={"name": "Karten"},
            ),
            row(owner, "deleted category “Karten”", **kind, details="items moved up: 1"),
        ]

    def test_made_by_the_way_is_told_too(self, owner: User, vendor: Vendor) -> None:
        CollectibleService.create(name="Lotus", vendor=vendor, by=owner, category="Magic")
        actions = [entry["action"] for entry in trail()]
        assert actions == ["created category “Magic”", "created item “Lotus”"]


class TestPictures:
    @pytest.fixture
    def add(self, owner: User, item: Collectible) -> Callable[[int], Any]:
        def add(shade: int) -> Any:
            upload = ContentFile(picture(colour=(shade, 0, 0)))
            return ImageService.add(collectible=item, upload=upload, by=owner)

        return add

    def test_from_the_first_to_the_last(
        self, owner: User, item: Collectible, add: Callable[[int], Any]
    ) -> None:
        first, second = add(0), add(200)
        ImageService.update(image=first, by=owner, alt_text="Front")
        order = [first.pk, second.pk]
        ImageService.reorder(collectible=item, by=owner, ids=order[::-1])
        ImageService.reorder(collectible=item, by=owner, ids=order[::-1])
        ImageService.delete(image=second, by=owner)
        made, _also, *later = trail()
        assert made["action"] == "added a picture to item “Lotus”"
        assert set(made["after"]) == {
            "collectible_id", "alt_text", "is_primary", "position", "width", "height", "size",
            "checksum",
        }  # fmt: skip
        kind = {"object_type": "collectibleimage"}
        assert later == [
            row(
                owner,
                "changed a picture of item “Lotus”",
                **kind,
                before={"alt_text": ""},
                after={"alt_text": "Front"},
            ),
            row(
                owner,
                "put the pictures of item “Lotus” in order",
                before={"images": order},
                after={"images": order[::-1]},
            ),
            row(owner, "deleted a picture of item “Lotus”", **kind),
        ]


class TestTables:
    @staticmethod
    def take(vendor: Vendor, *lines: str, **options: Any) -> None:
        file = SimpleUploadedFile("lego.csv", "\n".join(["name,sku,value", *lines]).encode())
        job = ImportService.request(file=file, vendor=vendor, by=vendor.owner, **options)
        ImportService.run(job_id=job.pk)
        ImportService.run(job_id=job.pk)

    @pytest.mark.parametrize(("dry_run", "title"), [(False, "import"), (True, "rehearsal")])
    def test_import_is_told_twice_and_its_rows_elsewhere(
        self, owner: User, vendor: Vendor, dry_run: bool, title: str
    ) -> None:
        self.take(vendor, "A,1,1", "B,2,nonsense", dry_run=dry_run)
        kind = {"type": "import", "object_type": "importjob"}
        counts = {
            "total": 2, "processed": 2, "created": 1, "updated": 0, "unchanged": 0, "failed": 1,
        }  # fmt: skip
        assert trail() == [
            row(owner, f"requested {title} of “lego.csv”", **kind),
            row(owner, f"completed {title} of “lego.csv”", **kind, after=counts),
        ]

    def test_export_names_the_filters_and_not_their_values(
        self, owner: User, owner_client: APIClient, item: Collectible
    ) -> None:
        query = {"format": "csv", "search": "lotus", "min_value": "1", "columns": "Condition"}
        assert owner_client.get(f"{ITEMS}export/", query).status_code == 200
        told = {"type": "export", "object_type": "", "details": "filters: min_value, search"}
        assert trail() == [row(owner, "exported items as csv", **told)]

    def test_export_is_told_to_every_vendor_whose_items_it_has(
        self, owner: User, owner_client: APIClient, item: Collectible
    ) -> None:
        second, _empty = VendorFactory.create_batch(2, owner=owner)
        CollectibleFactory(vendor=second)
        owner_client.get(f"{ITEMS}export/", {"format": "jsonl"})
        told = [(entry["vendor_id"], entry["details"]) for entry in trail()]
        assert told == [(item.vendor_id, "filters: none"), (second.pk, "filters: none")]


class TestAdmin:
    @pytest.fixture
    def staff(self, client: Any, admin_user: User) -> Any:
        client.force_login(admin_user)
        client.user = admin_user
        return client

    @pytest.fixture
    def category(self, vendor: Vendor) -> Category:
        return CategoryFactory(vendor=vendor, name="Cards", slug="cards")

    def form(self, category: Category, **changes: Any) -> dict[str, Any]:
        return {
            "vendor": category.vendor_id,
            "parent": "",
            "name": "Cards",
            "slug": "cards",
            "children-TOTAL_FORMS": 0,
            "children-INITIAL_FORMS": 0,
        } | changes

    def told(self, owner: User, staff: Any, verb: str, **values: Any) -> Row:
        action = f"{verb} category “{values.pop('name', 'Cards')}”"
        usual = {"type": "admin", "user": staff.user.username, "object_type": "category"}
        return row(owner, action, **usual, **values)

    def test_what_staff_change_is_told(self, owner: User, staff: Any, category: Category) -> None:
        for _ in range(2):
            assert saved(save(staff, address(category, "change"), name="Karten"))
        changed = {"before": {"name": "Cards"}, "after": {"name": "Karten"}}
        assert trail() == [self.told(owner, staff, "changed", name="Karten", **changed)]

    def test_what_staff_add_is_told(self, owner: User, staff: Any, category: Category) -> None:
        form = self.form(category, name="Coins", slug="coins")
        assert staff.post("/admin/inventory/category/add/", form).status_code == 302
        after = {"vendor_id": category.vendor_id, "name": "Coins", "slug": "coins"}
        assert trail() == [self.told(owner, staff, "added", name="Coins", after=after)]

    def test_what_staff_delete_and_restore_is_told(
        self, owner: User, staff: Any, category: Category
    ) -> None:
        place = "/admin/inventory/category/"
        staff.post(f"{place}{category.pk}/delete/", {"post": "yes"})
        chosen = {"_selected_action": [category.pk]}
        staff.post(place, chosen | {"action": "restore"})
        staff.post(place, chosen | {"action": "restore"})
        staff.post(place, chosen | {"action": "delete_selected", "post": "yes"})
        # Deleting a category is the service's deed, for it moves items as well.
        deed = {"type": "catalog", "details": "items moved up: 0"}
        deleted = self.told(owner, staff, "deleted") | deed
        assert trail() == [deleted, self.told(owner, staff, "restored"), deleted]
        category.refresh_from_db()
        assert category.is_deleted
