"""Reading: what there is."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Q, QuerySet
from django.db.models.functions import JSONArray, Lower
from django.utils import timezone

from core.exceptions import ForbiddenError
from core.prepared import prepared
from core.reading import get_row
from core.tabular import csv_of
from inventory.models import (
    Category,
    CategoryQuerySet,
    Collectible,
    CollectibleImage,
    CollectibleQuerySet,
    ImportJob,
    ImportRow,
    Match,
)
from vendors.roles import Ability
from vendors.selectors import (
    get_vendor_ids,
    get_vendor_ids_forbidding,
    get_vendors_for_user,
    get_vendors_with_role,
)

if TYPE_CHECKING:
    from users.models import User
    from vendors.models import Vendor

EXPORT_CHUNK = 2000
# As what the scope is read beside the user.
SCOPE = "catalog_scope"
_OF_SCOPE = ("pk", "catalogversion__version", "role", "catalogversion__items")


@dataclass(frozen=True)
class CatalogScope:
    """The vendors whose catalogs a user may see, the version of each, how many living items they
    have together, and what moves when anything in them changes.

    The role is part of that: who may not change the catalog any more must not find deleted items.
    """

    vendor_ids: list[int]
    versions: list[int]
    version: str
    items: int


def get_catalog_scope(user: "User") -> CatalogScope:
    """One query, and none for nobody, nor for who has just been found with it."""
    rows = vars(user).pop(SCOPE, None)
    if rows is None:
        rows = _scope(user.pk) if user.pk else []
    vendors, versions = [row[0] for row in rows], [row[1] or 0 for row in rows]
    version = ",".join(f"{vendor}.{version or 0}.{role}" for vendor, version, role, _items in rows)
    return CatalogScope(vendors, versions, version, sum(row[3] or 0 for row in rows))


def scope_beside(user: Any) -> Any:
    """The scope's rows as one value, to be read with the user: `users.selectors.read_beside`."""
    rows = get_vendors_with_role(user).values(told=JSONArray(*_OF_SCOPE))
    return ArraySubquery(rows)


@prepared
def _scope(user: Any) -> Any:
    return get_vendors_with_role(user).values_list(*_OF_SCOPE)


def get_collectibles_for_user(
    user: "User", filters: Mapping[str, Any] | None = None, scope: CatalogScope | None = None
) -> CollectibleQuerySet:
    """The items the user may see, newest first.

    `scope` is the user's, where it has been asked for already. `filters`: `category` (id; with its
    branches), `search` (text), `is_deleted` (the deleted instead of the living).
    """
    filters = filters or {}
    vendor_ids = scope.vendor_ids if scope else get_vendor_ids(user)
    rows: Any = Collectible.all_objects.of_vendors(vendor_ids)
    deleted = bool(filters.get("is_deleted"))
    queryset: CollectibleQuerySet = rows.filter(is_deleted=deleted)
    if scope and not deleted:
        queryset = queryset.counted(scope.items)
        queryset.match = Match()
    if category := filters.get("category"):
        queryset = queryset.in_categories(get_category_ids(user, str(category)))
    if search := filters.get("search"):
        queryset = queryset.search(search)
    return queryset.order_by("-created_at", "-id")


def get_collectible(user: "User", collectible_id: int) -> Collectible:
    """One living item the user may see; raises `NotFoundError`."""
    return get_row(get_collectibles_for_user(user), collectible_id)


def find_items(vendor_id: int, ids: list[int], skus: list[str]) -> "list[Collectible]":
    """The vendor's living items that have one of the ids or SKUs; a query for each kind."""
    named: list[Collectible] = _with_ids(vendor_id, ids) if ids else []
    return [*named, *(_with_skus(vendor_id, skus) if skus else [])]


@prepared
def _with_ids(vendor: Any, ids: Any) -> Any:
    return Collectible.objects.filter(vendor=vendor, pk__among=ids)


@prepared
def _with_skus(vendor: Any, skus: Any) -> Any:
    return Collectible.objects.filter(vendor=vendor, sku__among=skus)


def find_label(collectible_id: int) -> dict[str, Any]:
    """What an item is called, as plain values; of a deleted one too, for the worker."""
    rows = Collectible.all_objects.filter(pk=collectible_id)
    return rows.values("name", "sku", item=F("pk")).first() or {"item": collectible_id}


def require_may_change(user: "User", items: CollectibleQuerySet, ids: Iterable[int]) -> None:
    """Raises `ForbiddenError` when one of `items` with these ids is not the user's to change."""
    forbidding = get_vendor_ids_forbidding(user, Ability.CATALOG_WRITE)  # mostly none
    if forbidding and items.filter(pk__among={*ids}, vendor__in=forbidding).exists():
        raise ForbiddenError


def get_categories_for_user(user: "User", scope: CatalogScope | None = None) -> CategoryQuerySet:
    """With how many items each has; `scope` is the user's, where it has been asked for already."""
    vendor_ids = scope.vendor_ids if scope else get_vendor_ids(user)
    queryset: CategoryQuerySet = Category.objects.of_vendors(vendor_ids).with_item_count()
    return queryset.order_by("name", "id")


def get_category_ids(user: "User", reference: str) -> list[int]:
    """The ids of the categories called so (name, slug or id), and of all branches below them.

    One query for what has no branches, and one more for each time that branches have some.
    """
    is_number = reference.isascii() and reference.isdigit() and len(reference) < 19
    rows = _called(user.pk, reference, int(reference) if is_number else None)
    found = {key for key, _below in rows}
    while new := {key for _key, below in rows for key in below} - found:
        rows = _branches([*new])
        found |= new
    return [*found]


@prepared
def _called(user: Any, reference: Any, number: Any) -> Any:
    """Names as the database compares them: Python has other small letters for some."""
    own = Category.objects.filter(vendor__in=get_vendors_for_user(user).order_by())
    named = own.alias(name_lower=Lower("name"))
    return _with_branches(
        named.filter(Q(name_lower=Lower(reference)) | Q(slug=reference) | Q(pk=number))
    )


@prepared
def _branches(ids: Any) -> Any:
    return _with_branches(Category.objects.filter(pk__among=ids))


def _with_branches(categories: Any) -> Any:
    below = Category.objects.filter(parent=OuterRef("pk")).values("pk")
    return categories.values_list("pk", ArraySubquery(below))


def get_category_called(vendor: "Vendor", reference: int | str) -> Category | None:
    """The vendor's category of this id, or of this name or else slug."""
    if isinstance(reference, int):
        found = _category_of(vendor.pk, reference)
    else:
        found = _category_named(vendor.pk, reference) or _category_slugged(vendor.pk, reference)
    return next(iter(found), None)


@prepared
def _category_of(vendor: Any, key: Any) -> Any:
    return Category.objects.filter(vendor=vendor, pk=key)


@prepared
def _category_named(vendor: Any, name: Any) -> Any:
    return Category.objects.filter(vendor=vendor).named(name).order_by("pk")[:1]


@prepared
def _category_slugged(vendor: Any, slug: Any) -> Any:
    return Category.objects.filter(vendor=vendor, slug=slug)


def get_category_names(ids: Iterable[int | None]) -> dict[int, str]:
    """By id; of deleted ones too, for history stays."""
    rows = Category.all_objects.filter(pk__in=[key for key in ids if key])
    return dict(rows.values_list("pk", "name"))


def get_images_for_item(item: Collectible) -> QuerySet[CollectibleImage]:
    """Each knows its item without asking again."""
    images: QuerySet[CollectibleImage] = item.images.order_by("position", "pk")
    return images


def get_imports_for_user(user: "User") -> QuerySet[ImportJob]:
    jobs: Any = ImportJob.objects.of_vendors(get_vendor_ids(user))
    newest: QuerySet[ImportJob] = jobs.select_related("vendor").order_by("-created_at", "-id")
    return newest


def get_import(user: "User", job_id: int) -> ImportJob:
    """One import the user may see; raises `NotFoundError`."""
    return get_row(get_imports_for_user(user), job_id)


def get_import_rows(job: ImportJob) -> QuerySet[ImportRow]:
    return ImportRow.objects.filter(job=job).order_by("line")


def get_images_without_thumbnail(older_than: timedelta) -> QuerySet[CollectibleImage]:
    """Pictures of the last day that have waited this long; what failed for a day stays as it is."""
    now = timezone.now()
    return CollectibleImage.objects.filter(
        thumbnail="", created_at__lt=now - older_than, created_at__gt=now - timedelta(days=1)
    ).order_by("pk")


EXPORT_COLUMNS: dict[str, str] = {
    "Name": "name",
    "SKU": "sku",
    "Category": "category__name",
    "Value": "value",
    "Quantity": "quantity",
    "Currency": "currency",
    "Condition": "condition",
    "Description": "description",
    "Low stock threshold": "low_stock_threshold",
    "Active": "is_active",
    "Featured": "is_featured",
    "Bestseller": "is_bestseller",
    "Attributes": "attributes",
    "Created at": "created_at",
    "Updated at": "updated_at",
    "Version": "version",
}
EXPORT_HEADER = list(EXPORT_COLUMNS)[:5]


def stream_export(
    queryset: QuerySet[Collectible], columns: Sequence[str]
) -> Iterator[Sequence[Any]]:
    """One row of plain values per item, from a server-side cursor: memory stays flat."""
    plain = queryset.select_related(None).prefetch_related(None)
    fields = [EXPORT_COLUMNS[column] for column in columns]
    yield from plain.values_list(*fields).iterator(chunk_size=EXPORT_CHUNK)


def stream_csv(queryset: QuerySet[Collectible], columns: Sequence[str]) -> Iterator[bytes]:
    """The same rows as a CSV, written by the database."""
    return csv_of(queryset, {column: EXPORT_COLUMNS[column] for column in columns})
