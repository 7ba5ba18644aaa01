"""Reading: what there is."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils import timezone

from core.exceptions import ForbiddenError, NotFoundError
from core.tabular import csv_of
from inventory.models import (
    Category,
    CategoryQuerySet,
    Collectible,
    CollectibleImage,
    CollectibleQuerySet,
    ImportJob,
    ImportRow,
)
from inventory.selectors.stock import NOW, Moment, items_at
from vendors.roles import Ability
from vendors.selectors import (
    get_vendors_allowing,
    get_vendors_for_user,
    get_vendors_with_role,
)

if TYPE_CHECKING:
    from users.models import User
    from vendors.models import Vendor

EXPORT_CHUNK = 2000


def get_collectibles_for_user(
    user: "User", filters: Mapping[str, Any] | None = None
) -> CollectibleQuerySet:
    """The items the user may see, newest first, with all that an answer shows.

    `filters`: `category` (id; with its branches), `search` (text), `is_deleted` (the deleted
    instead of the living).
    """
    filters = filters or {}
    rows: Any = Collectible.all_objects.visible_to(user)
    queryset: CollectibleQuerySet = rows.filter(
        is_deleted=bool(filters.get("is_deleted"))
    ).with_details()
    if category := filters.get("category"):
        queryset = queryset.in_categories(get_category_ids(user, str(category)))
    if search := filters.get("search"):
        queryset = queryset.search(search)
    return queryset.order_by("-created_at", "-id")


def get_collectible(user: "User", collectible_id: int) -> Collectible:
    """One living item the user may see; raises `NotFoundError`."""
    item: Collectible | None = get_collectibles_for_user(user).filter(pk=collectible_id).first()
    if item is None:
        raise NotFoundError
    return item


def find_label(collectible_id: int) -> dict[str, Any]:
    """What an item is called, as plain values; of a deleted one too, for the worker."""
    rows = Collectible.all_objects.filter(pk=collectible_id)
    return rows.values("name", "sku", item=F("pk")).first() or {"item": collectible_id}


def require_may_change(user: "User", items: CollectibleQuerySet, ids: Iterable[int]) -> None:
    """Raises `ForbiddenError` when one of `items` with these ids is not the user's to change."""
    writable = get_vendors_allowing(user, Ability.CATALOG_WRITE)
    chosen = items.filter(pk__in=ids).prefetch_related(None)
    if chosen.exclude(vendor__in=writable).exists():
        raise ForbiddenError


def get_categories_for_user(user: "User") -> CategoryQuerySet:
    queryset: CategoryQuerySet = Category.objects.visible_to(user).with_item_count()
    return queryset.order_by("name", "id")


def get_category_ids(user: "User", reference: str) -> list[int]:
    """The ids of the categories called so (name, slug or id), and of all branches below them."""
    visible = Category.objects.visible_to(user)
    children: dict[int, list[int]] = defaultdict(list)
    for key, parent in visible.filter(parent__isnull=False).values_list("pk", "parent_id"):
        children[parent].append(key)
    found = list(visible.called(reference).values_list("pk", flat=True))
    for key in found:  # grows while it is walked
        found += children[key]
    return found


def get_category_called(vendor: "Vendor", reference: int | str) -> Category | None:
    """The vendor's category of this id, or of this name or else slug."""
    own = Category.objects.filter(vendor=vendor)
    if isinstance(reference, int):
        return own.filter(pk=reference).first()
    return own.named(reference).first() or own.filter(slug=reference).first()


def get_category_names(ids: Iterable[int | None]) -> dict[int, str]:
    """By id; of deleted ones too, for history stays."""
    rows = Category.all_objects.filter(pk__in=[key for key in ids if key])
    return dict(rows.values_list("pk", "name"))


def get_images_for_item(item: Collectible) -> QuerySet[CollectibleImage]:
    """Each knows its item without asking again."""
    images: QuerySet[CollectibleImage] = item.images.order_by("position", "pk")
    return images


def get_imports_for_user(user: "User") -> QuerySet[ImportJob]:
    jobs = ImportJob.objects.filter(vendor__in=get_vendors_for_user(user))
    return jobs.select_related("vendor").order_by("-created_at", "-id")


def get_import(user: "User", job_id: int) -> ImportJob:
    """One import the user may see; raises `NotFoundError`."""
    job = get_imports_for_user(user).filter(pk=job_id).first()
    if job is None:
        raise NotFoundError
    return job


def get_import_rows(job: ImportJob) -> QuerySet[ImportRow]:
    return ImportRow.objects.filter(job=job).order_by("line")


def get_images_without_thumbnail(older_than: timedelta) -> QuerySet[CollectibleImage]:
    """Pictures of the last day that have waited this long; what failed for a day stays as it is."""
    now = timezone.now()
    return CollectibleImage.objects.filter(
        thumbnail="", created_at__lt=now - older_than, created_at__gt=now - timedelta(days=1)
    ).order_by("pk")


def get_catalog_version(user: "User") -> str:
    """Changes whenever anything changes that the user's lists are made of. One query.

    The role is part of it: who may not change the catalog any more must not find deleted items.
    """
    vendors = get_vendors_with_role(user).values_list("pk", F("catalogversion__version"), "role")
    return ",".join(f"{vendor}.{version or 0}.{role}" for vendor, version, role in vendors)


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


@dataclass(frozen=True)
class CatalogFigures:
    """Figures over living items; money is a plain sum in the items' own currencies."""

    total_items: int
    total_value: Decimal
    total_stock_value: Decimal
    total_units: int
    low_stock: int
    items_this_month: int
    items_by_category: list[dict[str, Any]]
    recent_items: list[Collectible]


def get_catalog_figures(
    user: "User", vendor_id: int | None = None, moment: Moment = NOW
) -> CatalogFigures:
    """Over all the user's vendors, or one of them. `items_this_month` are the last 30 days.

    At a moment in the past: the items there were, by their units and values of then; categories
    and thresholds are today's.
    """
    items = _items_there(user, moment)
    if vendor_id is not None:
        items = items.filter(vendor_id=vendor_id)
    then = moment.as_of or timezone.now()
    month = then - min(timedelta(days=30), then - datetime.min.replace(tzinfo=UTC))
    value, units = ("value_then", "units_then") if moment else ("value", "quantity")
    sums = items.aggregate(
        total_items=Count("pk"),
        total_value=Sum(value, default=Decimal(0)),
        total_stock_value=Sum(F(value) * F(units), default=Decimal(0)),
        total_units=Sum(units, default=0),
    )
    return CatalogFigures(
        **sums,
        low_stock=items.filter(low_stock_threshold__gte=F(units)).count(),
        items_this_month=items.filter(created_at__gte=month).count(),
        items_by_category=list(
            items.values(category_name=F("category__name"))
            .annotate(count=Count("pk"))
            .order_by("-count", "category_name")
        ),
        recent_items=list(items.with_details().order_by("-created_at", "-id")[:5]),
    )


def _items_there(user: "User", moment: Moment) -> CollectibleQuerySet:
    """The living; at a moment in the past those that had been added and not been deleted."""
    if not moment:
        living: Any = Collectible.objects
        return living.visible_to(user)
    then = min(filter(None, (moment.as_of, moment.known_at)))
    kept = Q(is_deleted=False) | Q(deleted_at__gt=then)
    everything: Any = Collectible.all_objects.visible_to(user)
    return items_at(everything.filter(kept, created_at__lte=then), moment)
