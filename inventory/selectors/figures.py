"""Reading: what the catalog comes to: now by what triggers keep, then by what the ledger says.

Why: docs/decisions/0024-maintained-figures.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Count, F, Q, Sum
from django.utils import timezone

from inventory.models import CatalogVersion, Collectible, CollectibleQuerySet
from inventory.selectors.catalog import get_collectibles_for_user
from inventory.selectors.reconciling import Drift
from inventory.selectors.stock import NOW, Moment, items_at
from inventory.triggers import ITEM_COUNTS, ITEM_FIGURES, ITEMS_OF

if TYPE_CHECKING:
    from users.models import User

RECENT = 5
MONTH = timedelta(days=30)
_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class CatalogSums:
    """Sums over living items; money is added up whatever the currency."""

    total_items: int = 0
    total_value: Decimal = Decimal(0)
    total_stock_value: Decimal = Decimal(0)
    total_units: int = 0
    low_stock: int = 0
    items_this_month: int = 0


@dataclass(frozen=True, kw_only=True)
class CatalogFigures(CatalogSums):
    items_by_category: list[dict[str, Any]]
    recent_items: list[Collectible]


# The days that are wholly in are counted; of the day that the month begins in, the rest is read.
_SUMS = """
    SELECT COALESCE(SUM(items), 0), COALESCE(SUM(value), 0), COALESCE(SUM(stock_value), 0),
        COALESCE(SUM(units), 0), COALESCE(SUM(low_stock), 0),
        (
            SELECT COALESCE(SUM(items), 0) FROM inventory_catalogcount
            WHERE vendor_id = ANY(%(vendors)s) AND facet = 'day' AND key >= %(day)s
        ) + (
            SELECT COUNT(*) FROM inventory_collectible
            WHERE vendor_id = ANY(%(vendors)s) AND NOT is_deleted
                AND created_at >= %(since)s AND created_at < %(midnight)s
        )
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


def get_item_count(vendor_ids: Sequence[int]) -> int:
    """How many living items these vendors have, exactly, without counting them."""
    kept = CatalogVersion.objects.filter(pk__in=vendor_ids)
    count: int = kept.aggregate(total=Sum("items", default=0))["total"]
    return count


def get_catalog_figures(
    user: "User", vendor_ids: Sequence[int], moment: Moment = NOW
) -> CatalogFigures:
    """Over these vendors of the user. `items_this_month` are the last 30 days.

    At a moment in the past: the items there were, by their units and values of then; categories
    and thresholds are today's.
    """
    if moment:
        return _figures_at(vendor_ids, moment)
    since = timezone.now() - MONTH
    midnight = since.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY
    day = (midnight - _EPOCH) // _DAY
    given = {"vendors": list(vendor_ids), "since": since, "midnight": midnight, "day": day}
    [sums] = _rows(_SUMS, given)
    counts = _rows(_BY_CATEGORY, given)
    mine: Any = get_collectibles_for_user(user).filter(vendor_id__in=vendor_ids)
    return CatalogFigures(
        *sums,
        items_by_category=[{"category_name": name, "count": count} for name, count in counts],
        recent_items=list(mine.first_rows(RECENT)),
    )


def _figures_at(vendor_ids: Sequence[int], moment: Moment) -> CatalogFigures:
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
    among = "%(vendors)s::bigint[] IS NULL OR kept.vendor_id = ANY(%(vendors)s)"
    return [
        Drift("catalog of vendor", *row)
        for kept in (ITEM_FIGURES, ITEM_COUNTS)
        for row in _rows(kept.drift(ITEMS_OF, among), given)
    ]


def _rows(query: str, given: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, given)
        return list(cursor.fetchall())
