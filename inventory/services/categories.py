"""Writing: the categories of a shop, which are trees."""

from typing import TYPE_CHECKING, TypedDict, Unpack

from django.db import transaction
from django.utils.translation import gettext as _

from core.audit import fields_of, log_audit
from core.enums import AuditType
from core.exceptions import InvalidInput
from core.reading import get_row
from core.writing import constraint_as, insert_with_slug, save_changes
from inventory.exceptions import CategoryGone, CategoryTaken
from inventory.models import Category, Collectible
from inventory.selectors import get_category_called

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
    def lock(*, row: Category) -> Category:
        """With its whole tree, which moving and deleting lock first. Raises `NotFoundError`."""
        _locked_tree(row.vendor_id)
        return _locked(row)

    @staticmethod
    @transaction.atomic
    def create(
        *, name: str, vendor: "Vendor", parent: Category | None = None, by: "User | None" = None
    ) -> Category:
        """Raises `CategoryTaken`, and `InvalidInput` for a parent of another vendor."""
        if parent is not None:
            CategoryService.require_place(vendor_id=vendor.pk, parent=parent)
        row = Category(name=name, vendor=vendor, parent=parent, created_by=by, updated_by=by)
        _insert(row)
        action = f"created category “{row.name}”"
        log_audit(AuditType.CATALOG, by, action, obj=row, after=fields_of(row))
        return row

    @staticmethod
    @transaction.atomic
    def update(*, category: Category, by: "User", **changes: Unpack[CategoryChanges]) -> Category:
        """Rename or move; the slug stays, for addresses outlive names."""
        if parent := changes.get("parent"):
            CategoryService.require_place(
                vendor_id=category.vendor_id, parent=parent, moved=category.pk
            )
        row = _locked(category)
        with constraint_as({"category_name_unique": CategoryTaken()}):
            written = save_changes(row, changes, by=by)
        if written:
            action = f"changed category “{row.name}”"
            log_audit(AuditType.CATALOG, by, action, obj=row, **written.record())
        # Read in the transaction that wrote it: as the caller left it, with its count.
        changed: Category = Category.objects.with_item_count().get(pk=row.pk)
        return changed

    @staticmethod
    @transaction.atomic
    def require_place(*, vendor_id: int, parent: Category, moved: int | None = None) -> None:
        """That a new category, or the one `moved`, may be in `parent`: true until the commit.

        Raises `InvalidInput` for a parent of another vendor, a circle, and too deep a tree.
        """
        tree = _locked_tree(vendor_id)
        if parent.pk not in tree:
            raise InvalidInput.of("parent", _("The parent belongs to another vendor."), "unknown")
        above = _path(tree, parent.pk)
        if moved in above:
            raise InvalidInput.of("parent", _("A category cannot be inside itself."), "circle")
        paths = [_path(tree, key) for key in tree]
        levels = max((path.index(moved) + 1 for path in paths if moved in path), default=1)
        if len(above) + levels > MAX_DEPTH:
            detail = _("Categories can be nested %(depth)s deep.") % {"depth": MAX_DEPTH}
            raise InvalidInput.of("parent", detail, "too_deep")

    @staticmethod
    @transaction.atomic
    def delete(*, category: Category, by: "User") -> None:
        """Its items and branches move up to its parent, or to none: nothing else is deleted."""
        _locked_tree(category.vendor_id)
        row = _locked(category)
        # The deleted let go as well: restored later, they must not point to what is gone.
        items = Collectible.all_objects.filter(category=row)
        list(items.select_for_update(no_key=True).order_by("pk").values_list("pk"))
        # Takes the catalog's version: an item that was just being added is there when it is ours.
        Category.objects.filter(pk=row.pk).update(updated_by=by)
        moved = items.filter(is_deleted=False).update(category_id=row.parent_id, updated_by=by)
        items.update(category_id=row.parent_id)
        Category.objects.filter(parent=row).update(parent_id=row.parent_id, updated_by=by)
        Category.all_objects.filter(parent=row).update(parent_id=row.parent_id)
        row.delete()
        action, told = f"deleted category “{row.name}”", f"items moved up: {moved}"
        log_audit(AuditType.CATALOG, by, action, details=told, obj=row)

    @staticmethod
    def resolve(*, vendor: "Vendor", reference: int | str, by: "User | None" = None) -> Category:
        """The vendor's category of this id, name or slug; an unknown name makes a category.

        Raises `InvalidInput` for an id the vendor does not have.
        """
        category = get_category_called(vendor, reference)
        if category is not None:
            return category
        if isinstance(reference, int):
            raise CategoryGone
        try:
            return CategoryService.create(name=reference, vendor=vendor, by=by)
        except CategoryTaken:  # somebody made it at the same moment
            return Category.objects.filter(vendor=vendor).named(reference).get()


def _insert(row: Category) -> None:
    own = Category.objects.filter(vendor_id=row.vendor_id)
    # The same name has the same slug, and which of the two PostgreSQL looks at first hangs on the
    # order in which it once made their indexes; under another slug, only the name is in the way.
    with constraint_as({"category_name_unique": CategoryTaken}, savepoint=False):
        insert_with_slug(row, own, fallback="category", constraint="category_slug_unique")


# Without key: what refers to a category must not wait for it, nor in a circle with its counter.
def _locked(category: Category) -> Category:
    return get_row(Category.objects.select_for_update(no_key=True), category.pk)


def _locked_tree(vendor_id: int) -> dict[int, int | None]:
    """Category → parent. One at a time changes a tree: two moves could close a circle unseen.

    Locked first and in key order, before any single row; read again, for who had to wait.
    """
    rows = (
        Category.objects.filter(vendor_id=vendor_id).order_by("pk").values_list("pk", "parent_id")
    )
    list(rows.select_for_update(no_key=True))
    return dict(rows)


def _path(tree: dict[int, int | None], key: int | None) -> list[int | None]:
    """A category and all above it, outwards."""
    path: list[int | None] = []
    while key is not None:
        path.append(key)
        key = tree.get(key)
    return path
