"""Undoable deletion, on the real models: what goes, what goes along, what comes back."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, QuerySet
from django.utils import timezone

from core.models import SoftDeleteModel, SoftDeleteQuerySet
from inventory.models import Category, Collectible, CollectibleImage
from tests.factories import CategoryFactory, CollectibleFactory, StoreFactory, VendorFactory
from vendors.models import Vendor, VendorStore

pytestmark = pytest.mark.django_db


def picture_of(item: Collectible, **fields: Any) -> CollectibleImage:
    """A row as the database keeps it; the file plays no part here."""
    row = CollectibleImage(collectible=item, file="box.jpg", width=1, height=1, size=1, **fields)
    return CollectibleImage.objects.bulk_create([row])[0]


def columns(row: Any) -> dict[str, Any]:
    return type(row).all_objects.filter(pk=row.pk).values().get()


def stamps(*rows: Any) -> set[datetime | None]:
    return {columns(row)["deleted_at"] for row in rows}


class TestDelete:
    def test_writes_only_what_deletion_is_about(self) -> None:
        item = CollectibleFactory(quantity=5)
        before = columns(item)
        item.delete()
        after = columns(item)
        changed = {name for name in before if before[name] != after[name]}
        assert changed == {"is_deleted", "deleted_at", "updated_at", "version"}
        assert (after["is_deleted"], after["version"]) == (True, 2)
        assert after["deleted_at"] > before["updated_at"]

    def test_stale_instance_does_not_bring_old_values_back(self) -> None:
        stale = CollectibleFactory(low_stock_threshold=5, name="Before")
        Collectible.objects.filter(pk=stale.pk).update(low_stock_threshold=2, name="After")
        stale.delete()
        row = columns(stale)
        told = (row["low_stock_threshold"], row["name"], row["is_deleted"])
        assert told == (2, "After", True)

    def test_instance_knows_what_its_row_says_of_itself(self) -> None:
        item = CollectibleFactory()
        for undo_or_do in (item.delete, item.restore):
            item.low_stock_threshold = 99
            undo_or_do()
            row = columns(item)
            assert item.low_stock_threshold == 99
            for name in ("is_deleted", "deleted_at", "updated_at", "updated_by_id", "version"):
                assert getattr(item, name) == row[name]

    def test_returns_what_djangos_delete_returns(self, vendor: Vendor) -> None:
        first, _second = CollectibleFactory.create_batch(2, vendor=vendor)
        picture_of(first)
        assert vendor.delete() == (
            5,
            {
                "vendors.Vendor": 1,
                "vendors.VendorStore": 1,
                "inventory.Collectible": 2,
                "inventory.CollectibleImage": 1,
            },
        )

    def test_twice_is_once_and_keeps_the_first_time(self) -> None:
        item = CollectibleFactory()
        assert item.delete() == (1, {"inventory.Collectible": 1})
        first = item.deleted_at
        assert item.delete() == (0, {})
        assert stamps(item) == {first}

    def test_queryset_hides_all_in_queries_that_do_not_grow(
        self, vendor: Vendor, django_assert_num_queries: Any
    ) -> None:
        for count in (1, 50):
            CollectibleFactory.create_batch(count, vendor=vendor)
            # Items, pictures, promises, savepoint, hide, release.
            with django_assert_num_queries(6):
                outcome = Collectible.objects.filter(vendor=vendor).delete()
            assert outcome == (count, {"inventory.Collectible": count})
        assert Collectible.objects.count() == 0
        assert Collectible.all_objects.filter(is_deleted=True).count() == 51

    def test_queryset_hides_only_what_it_holds(self) -> None:
        gone, stays = CollectibleFactory.create_batch(2)
        Collectible.objects.filter(pk=gone.pk).delete()
        assert list(Collectible.objects.all()) == [stays]

    @pytest.mark.parametrize("verb", ["delete", "restore", "hard_delete"])
    @pytest.mark.parametrize("manager", ["objects", "all_objects"])
    def test_manager_cannot_do_it_to_a_whole_table_by_accident(
        self, manager: str, verb: str
    ) -> None:
        assert not hasattr(getattr(Collectible, manager), verb)
        assert hasattr(getattr(Collectible, manager).all(), verb)


class TestWhatGoesAlong:
    def test_goes_at_the_same_instant(self, vendor: Vendor) -> None:
        store = vendor.stores.get()
        category = CategoryFactory(vendor=vendor)
        item = CollectibleFactory(vendor=vendor, category=category)
        image = picture_of(item)
        vendor.delete()
        assert stamps(vendor, store, category, item, image) == {vendor.deleted_at}
        assert vendor.deleted_at is not None

    def test_does_not_take_the_rows_of_others(self, vendor: Vendor) -> None:
        other = StoreFactory()
        picture = picture_of(CollectibleFactory(vendor=other.vendor))
        vendor.delete()
        assert stamps(other, other.vendor, picture, picture.collectible) == {None}

    def test_comes_back_with_it(self, vendor: Vendor) -> None:
        item = CollectibleFactory(vendor=vendor, category=CategoryFactory(vendor=vendor))
        image = picture_of(item)
        vendor.delete()
        vendor.restore()
        assert (vendor.is_deleted, vendor.deleted_at) == (False, None)
        assert stamps(vendor, vendor.stores.get(), item, item.category, image) == {None}

    def test_stays_gone_if_it_had_gone_before(self, vendor: Vendor) -> None:
        gone, kept = CollectibleFactory.create_batch(2, vendor=vendor)
        image = picture_of(gone)
        gone.delete()
        vendor.delete()
        vendor.restore()
        assert stamps(vendor, kept) == {None}
        assert stamps(gone, image) == {gone.deleted_at}

    def test_comes_back_without_the_rest_when_it_alone_is_restored(self, vendor: Vendor) -> None:
        first, second = CollectibleFactory.create_batch(2, vendor=vendor)
        image = picture_of(first)
        vendor.delete()
        first.restore()
        assert stamps(first, image) == {None}
        assert stamps(vendor, second) == {vendor.deleted_at}

    def test_queryset_restores_rows_of_several_deletions(self, vendor: Vendor) -> None:
        items = CollectibleFactory.create_batch(3, vendor=vendor)
        pictures = [picture_of(item) for item in items]
        pictures[0].delete()
        for item in items[:2]:
            item.delete()
        assert Collectible.all_objects.filter(vendor=vendor).restore() == 2
        assert Collectible.objects.count() == 3
        assert list(CollectibleImage.objects.order_by("pk")) == pictures[1:]


class TestRefusals:
    def test_what_is_in_use_stays(self, vendor: Vendor) -> None:
        category = CategoryFactory(vendor=vendor)
        item = CollectibleFactory(vendor=vendor, category=category)
        with pytest.raises(ProtectedError) as refusal:
            category.delete()
        assert refusal.value.protected_objects == {item}
        assert stamps(category) == {None}

    def test_what_only_the_deleted_use_can_go(self, vendor: Vendor) -> None:
        category = CategoryFactory(vendor=vendor)
        CollectibleFactory(vendor=vendor, category=category).delete()
        assert category.delete() == (1, {"inventory.Category": 1})

    def test_branch_keeps_its_parent_unless_it_goes_as_well(self, vendor: Vendor) -> None:
        parent = CategoryFactory(vendor=vendor)
        CategoryFactory(vendor=vendor, parent=parent)
        with pytest.raises(ProtectedError):
            parent.delete()
        assert vendor.categories.all().delete() == (2, {"inventory.Category": 2})

    def test_use_from_outside_keeps_the_whole_family(self, vendor: Vendor) -> None:
        category = CategoryFactory(vendor=vendor)
        mine = CollectibleFactory(vendor=vendor, category=category)
        outside = CollectibleFactory(category=category)
        with pytest.raises(ProtectedError) as refusal:
            vendor.delete()
        assert refusal.value.protected_objects == {outside}
        assert stamps(vendor, mine, category) == {None}

    def test_restore_stops_where_a_living_row_took_the_place(self, vendor: Vendor) -> None:
        gone, free = (CollectibleFactory(vendor=vendor, sku=sku) for sku in "AB")
        Collectible.objects.all().delete()
        CollectibleFactory(vendor=vendor, sku="A")
        with pytest.raises(IntegrityError, match="item_sku_unique"), transaction.atomic():
            Collectible.all_objects.filter(pk__in=[gone.pk, free.pk]).restore()
        assert None not in stamps(gone, free)


class TestUnique:
    def test_value_is_unique_among_the_living(self, vendor: Vendor) -> None:
        CollectibleFactory(vendor=vendor, sku="A")
        with pytest.raises(IntegrityError, match="item_sku_unique"), transaction.atomic():
            CollectibleFactory(vendor=vendor, sku="A")

    @pytest.mark.parametrize(
        "make",
        [
            lambda: VendorFactory(slug="shop"),
            lambda: CategoryFactory(vendor_id=Vendor.all_objects.first().pk, name="LEGO"),
            lambda: CollectibleFactory(vendor_id=Vendor.all_objects.first().pk, sku="A"),
            lambda: StoreFactory(vendor_id=Vendor.all_objects.first().pk, slug="main"),
        ],
        ids=["vendor's slug", "category's name", "item's SKU", "store's slug"],
    )
    def test_value_of_the_deleted_is_free_any_number_of_times(self, make: Callable) -> None:
        VendorFactory(slug="first")
        make().delete()
        make().delete()
        assert make().is_deleted is False


class TestHardDelete:
    def test_really_deletes(self) -> None:
        item = CollectibleFactory(quantity=0)
        assert item.hard_delete() == (1, {"inventory.Collectible": 1})
        assert not Collectible.all_objects.exists()

    def test_queryset_really_deletes(self) -> None:
        CollectibleFactory.create_batch(2, quantity=0)
        Collectible.objects.all().delete()
        assert Collectible.all_objects.all().hard_delete() == (2, {"inventory.Collectible": 2})
        assert not Collectible.all_objects.exists()

    def test_is_refused_while_anything_points_there_even_if_deleted(self) -> None:
        item = CollectibleFactory(quantity=0)
        picture_of(item)
        item.delete()
        with pytest.raises(ProtectedError):
            item.hard_delete()
        with pytest.raises(ProtectedError):
            Vendor.all_objects.all().hard_delete()
        assert Collectible.all_objects.count() == Vendor.objects.count() == 1

    def test_is_refused_to_items_that_had_stock(self) -> None:
        item = CollectibleFactory()
        with pytest.raises(ProtectedError):
            item.hard_delete()


class TestManagers:
    @pytest.mark.parametrize("model", [Vendor, VendorStore, Category, Collectible])
    def test_objects_are_the_living_and_all_objects_all(self, model: Any) -> None:
        factory: Any = {
            Vendor: VendorFactory, VendorStore: StoreFactory,
            Category: CategoryFactory, Collectible: CollectibleFactory,
        }[model]  # fmt: skip
        living, gone = factory(), factory()
        gone.delete()
        assert set(model.objects.all()) == {living}
        assert set(model.all_objects.all()) == {living, gone}

    @pytest.mark.parametrize(
        "model", [model for model in apps.get_models() if issubclass(model, SoftDeleteModel)]
    )
    def test_no_model_shows_its_dead_by_default(self, model: Any) -> None:
        assert "is_deleted" in str(model.objects.all().query.where)
        assert "is_deleted" in str(model._default_manager.all().query.where)
        assert isinstance(model.all_objects.all(), SoftDeleteQuerySet)

    def test_related_rows_are_the_living(self, vendor: Vendor) -> None:
        living, gone = CollectibleFactory.create_batch(2, vendor=vendor)
        gone.delete()
        assert list(vendor.items.all()) == [living]

    def test_deleted_parent_can_still_be_read_from_its_child(self, vendor: Vendor) -> None:
        item = CollectibleFactory(vendor=vendor)
        vendor.delete()
        assert Collectible.all_objects.get(pk=item.pk).vendor == vendor


def update_one(rows: QuerySet) -> None:
    rows.update(name="New")


def update_in_bulk(rows: Any) -> None:
    row = rows.get()
    row.name = "New"
    Collectible.objects.bulk_update([row], ["name"])


class TestRecord:
    @pytest.mark.parametrize("write", [update_one, update_in_bulk])
    def test_update_moves_time_and_version(self, write: Callable[[Any], None]) -> None:
        item = CollectibleFactory()
        write(Collectible.objects.filter(pk=item.pk))
        row = columns(item)
        assert (row["name"], row["version"]) == ("New", 2)
        assert row["updated_at"] > item.updated_at

    def test_update_takes_a_time_it_is_given(self) -> None:
        item, then = CollectibleFactory(), timezone.now() - timedelta(days=1)
        Collectible.objects.filter(pk=item.pk).update(updated_at=then)
        assert columns(item)["updated_at"] == then

    @pytest.mark.parametrize("fields", [["name"], ("name",), {"name"}, iter(["name"])])
    def test_save_of_some_fields_carries_the_time(self, fields: Any) -> None:
        item = CollectibleFactory(low_stock_threshold=5)
        before = columns(item)
        Collectible.objects.filter(pk=item.pk).update(low_stock_threshold=2)
        item.name = "New"
        item.save(update_fields=fields)
        after = columns(item)
        assert (after["name"], after["low_stock_threshold"]) == ("New", 2)
        assert after["updated_at"] > before["updated_at"]

    def test_save_of_no_fields_writes_nothing(self, django_assert_num_queries: Any) -> None:
        item = CollectibleFactory()
        with django_assert_num_queries(0):
            item.save(update_fields=[])
