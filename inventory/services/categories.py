from typing import TYPE_CHECKING, TypedDict, Unpack

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.exceptions import InvalidInput, NotFoundError
from core.writing import constraint_as, free_slug, save_changes
from inventory.exceptions import CategoryTaken
from inventory.models import Category, Collectible

if TYPE_CHECKING:
    from users.models import User
    from vendors.models import Vendor

# Deeper trees than this are a mistake of a script, and would make every walk long.
MAX_DEPTH = 10


class CategoryChanges(TypedDict, total=False):
    name: str
    parent: Category | None


class CategoryService:
    @staticmethod
    @transaction.atomic
    def create(
        *, name: str, vendor: "Vendor", parent: Category | None = None, by: "User | None" = None
    ) -> Category:
        """Raises `CategoryTaken`, and `InvalidInput` for a parent of another vendor."""
        _require_fitting(vendor.pk, parent, moved=None)
        slug = free_slug(name, Category.objects.filter(vendor=vendor), fallback="category")
        row = Category(
            name=name, vendor=vendor, parent=parent, slug=slug, created_by=by, updated_by=by
        )
        with constraint_as({"category_name_unique": CategoryTaken()}):
            row.save()
        return row

    @staticmethod
    @transaction.atomic
    def update(*, category: Category, by: "User", **changes: Unpack[CategoryChanges]) -> Category:
        """Rename or move; the slug stays, for addresses outlive names."""
        row = _locked(category)
        _require_fitting(row.vendor_id, changes.get("parent"), moved=row)
        with constraint_as({"category_name_unique": CategoryTaken()}):
            save_changes(row, changes, by=by)
        return row

    @staticmethod
    @transaction.atomic
    def delete(*, category: Category, by: "User") -> None:
        """Its items and branches move up to its parent, or to none: nothing else is deleted."""
        row = _locked(category)
        items = Collectible.objects.filter(category=row)
        items.update(category_id=row.parent_id, updated_by=by)
        Category.objects.filter(parent=row).update(parent_id=row.parent_id, updated_by=by)
        # Deleted items let go as well: restored later, they must not point to what is gone.
        Collectible.all_objects.filter(category=row).update(category_id=row.parent_id)
        row.delete()

    @staticmethod
    @transaction.atomic
    def resolve(*, vendor: "Vendor", reference: int | str, by: "User | None" = None) -> Category:
        """The vendor's category of this id, name or slug; an unknown name makes a category.

        Raises `InvalidInput` for an id the vendor does not have.
        """
        own = Category.objects.filter(vendor=vendor)
        if isinstance(reference, int):
            found = own.filter(pk=reference).first()
            if found is None:
                raise InvalidInput.of("category", _("This vendor has no such category."), "unknown")
        else:
            found = own.filter(name__iexact=reference).first() or own.filter(slug=reference).first()
        if found is not None:
            category: Category = found
            return category
        try:
            return CategoryService.create(name=str(reference), vendor=vendor, by=by)
        except CategoryTaken:  # somebody made it at the same moment
            return own.get(name__iexact=reference)


def _locked(category: Category) -> Category:
    row: Category | None = Category.objects.select_for_update().filter(pk=category.pk).first()
    if row is None:
        raise NotFoundError
    return row


def _require_fitting(vendor_id: int, parent: Category | None, *, moved: Category | None) -> None:
    if parent is None:
        return
    if parent.vendor_id != vendor_id:
        raise InvalidInput.of("parent", _("The parent belongs to another vendor."), "unknown")
    # One move at a time within a vendor: two at once could close a circle unseen.
    parents = dict(
        Category.objects.select_for_update()
        .filter(vendor_id=vendor_id)
        .order_by("pk")
        .values_list("pk", "parent_id")
    )
    above: int | None = parent.pk
    depth = 1
    while above is not None:
        if moved and above == moved.pk:
            raise InvalidInput.of("parent", _("A category cannot be inside itself."), "circle")
        above, depth = parents.get(above), depth + 1
    if depth > MAX_DEPTH:
        detail = _("Categories can be nested %(depth)s deep.") % {"depth": MAX_DEPTH}
        raise InvalidInput.of("parent", detail, "too_deep")
