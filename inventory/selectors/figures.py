"""Reading: what the catalog comes to: now by what triggers keep, then by what the ledger says.

Why: docs/decisions/0024-maintained-figures.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import Count, F, Q, Sum
from django.utils import timezone

from core.keyset import first_rows
from core.reading import fetch_all
from inventory.models import Collectible, CollectibleQuerySet
from inventory.selectors.catalog import get_catalog_scope
from inventory.selectors.reading import ShownItem, read_shown_items
from inventory.selectors.reconciling import Drift
from inventory.selectors.stock import Moment, items_at
from inventory.triggers import ITEM_COUNTS, ITEM_FIGURES, ITEM_TEXTS, ITEMS_OF, KEPT_OF

if TYPE_CHECKING:
    from users.models import User

RECENT = 5
MONTH = timedelta(days=30)
_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
    recent_items: Sequence[Collectible | ShownItem]


@dataclass(frozen=True)
class CatalogState:
    """What the figures of these vendors depend on: two of one state are the same."""

    vendor_ids: list[int]
    version: str
    items_this_month: int


# The days that are wholly in are counted; of the day that the month begins in, the rest is read.
_MONTH = """
    SELECT (
        SELECT COALESCE(SUM(items), 0) FROM inventory_catalogcount
        WHERE vendor_id = ANY(%(vendors)s) AND facet = 'day' AND key >= %(day)s
    )::bigint + (
        SELECT COUNT(*) FROM inventory_collectible
        WHERE vendor_id = ANY(%(vendors)s) AND NOT is_deleted
            AND created_at >= %(since)s AND created_at < %(midnight)s
    )
"""
_SUMS = """
    SELECT COALESCE(SUM(items), 0), COALESCE(SUM(value), 0), COALESCE(SUM(stock_value), 0),
        COALESCE(SUM(units), 0), COALESCE(SUM(low_stock), 0)
    FROM inventory_catalogversion WHERE vendor_id = ANY(%(vendors)s)
"""
# By name, as it is now: two vendors' categories of one name are one.
_BY_CATEGORY = """
    SELECT category.name, SUM(counted.items)
    FROM inventory_catalogcount AS counted
    LEFT JOIN inventory_category AS category ON category.id = counted.key
    WHERE counted.vendor_id = ANY(%(vendors)s) AND counted.facet = 'category' AND counted.items <> 0
    GROUP BY 1 HAVING SUM(counted.items) <> 0 ORDER BY 2 DESC, 1
"""


def get_catalog_state(user: "User", vendor_id: int | None = None) -> CatalogState:
    """Of all the user's vendors, or one of them; a foreign one counts for nothing. Two queries."""
    scope = get_catalog_scope(user)
    ids = [each for each in scope.vendor_ids if vendor_id in {None, each}]
    since = timezone.now() - MONTH
    midnight = since.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY
    day = (midnight - _EPOCH) // _DAY
    given = {"vendors": ids, "since": since, "midnight": midnight, "day": day}
    [[items]] = fetch_all(_MONTH, given)
    return CatalogState(ids, scope.version, items)


def get_catalog_figures(state: CatalogState) -> CatalogFigures:
    """As they are now. `items_this_month` are the last 30 days."""
    given = {"vendors": state.vendor_ids}
    [(items, value, stock_value, units, low_stock)] = fetch_all(_SUMS, given)
    counts = fetch_all(_BY_CATEGORY, given)
    living: Any = Collectible.objects
    newest = living.of_vendors(state.vendor_ids).order_by("-created_at", "-id")
    recent = first_rows(newest, RECENT).values_list("pk", flat=True)
    return CatalogFigures(
        total_items=items,
        total_value=value,
        total_stock_value=stock_value,
        total_units=units,
        low_stock=low_stock,
        items_this_month=state.items_this_month,
        items_by_category=[{"category_name": name, "count": count} for name, count in counts],
        recent_items=read_shown_items(recent),
    )


def get_past_catalog_figures(vendor_ids: Sequence[int], moment: Moment) -> CatalogFigures:
    """The items there were then, by their units and values of then; categories and thresholds are
    today's."""
    items = _items_there(vendor_ids, moment)
    then = moment.as_of or timezone.now()
    month = then - min(MONTH, then - datetime.min.replace(tzinfo=UTC))
    sums = items.aggregate(
        total_items=Count("pk"),
        total_value=Sum("value_then", default=Decimal(0)),
        total_stock_value=Sum(F("value_then") * F("units_then"), default=Decimal(0)),
        total_units=Sum("units_then", default=0),
    )
    return CatalogFigures(
        **sums,
        low_stock=items.filter(low_stock_threshold__gte=F("units_then")).count(),
        items_this_month=items.filter(created_at__gte=month).count(),
        items_by_category=list(
            items.values(category_name=F("category__name"))
            .annotate(count=Count("pk"))
            .order_by("-count", "category_name")
        ),
        recent_items=list(items.with_details().order_by("-created_at", "-id")[:RECENT]),
    )


def _items_there(vendor_ids: Sequence[int], moment: Moment) -> CollectibleQuerySet:
    """Those that had been added by then and not been deleted."""
    then = min(filter(None, (moment.as_of, moment.known_at)))
    kept = Q(is_deleted=False) | Q(deleted_at__gt=then)
    everything: Any = Collectible.all_objects.filter(vendor_id__in=vendor_ids)
    return items_at(everything.filter(kept, created_at__lte=then), moment)


def find_figure_drift(vendor_ids: Sequence[int] | None = None) -> list[Drift]:
    """The kept figures that are not what the items come to, of these vendors or of all."""
    given = {"vendors": None if vendor_ids is None else list(vendor_ids)}
    return [
        Drift("catalog of vendor", *row)
        for kept in (ITEM_FIGURES, ITEM_COUNTS, ITEM_TEXTS)
        for row in fetch_all(kept.drift(ITEMS_OF, KEPT_OF), given)
    ]
