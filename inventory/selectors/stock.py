"""Reading: what is where, how it came there, and what it cost and is worth, now or at any time."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from core.reading import get_row
from inventory.models import (
    Allocation,
    Collectible,
    CollectibleQuerySet,
    LedgerQuerySet,
    StockLevel,
    StockLot,
    StockMovement,
    StockTransfer,
    Valuation,
)

if TYPE_CHECKING:
    from users.models import User


@dataclass(frozen=True)
class Moment:
    """A time to look at (`as_of`), with what was known at another (`known_at`); now if neither.

    A movement entered later for an earlier time is part of the past, and was not known then.
    """

    as_of: datetime | None = None
    known_at: datetime | None = None

    def __bool__(self) -> bool:
        return self.as_of is not None or self.known_at is not None

    def covers(self, *, happened: str = "occurred_at", recorded: str = "recorded_at") -> Q:
        """The rows that had happened, and been recorded, by then."""
        happened_by = Q(**{f"{happened}__lte": self.as_of}) if self.as_of else Q()
        return happened_by & (Q(**{f"{recorded}__lte": self.known_at}) if self.known_at else Q())


NOW = Moment()


def items_at(items: CollectibleQuerySet, moment: Moment) -> CollectibleQuerySet:
    """Each with `units_then`, `held_then`, `value_then` and `currency_then`; value 0 for what was
    not valued."""
    newest = Valuation.objects.filter(
        moment.covers(happened="valued_at"), item_id=OuterRef("pk")
    ).order_by("-valued_at", "-id")
    moved = StockMovement.objects.filter(moment.covers(), item_id=OuterRef("pk"))
    held = Allocation.objects.filter(_held_at(moment), item_id=OuterRef("pk"))
    return items.annotate(
        units_then=_sum(moved),
        held_then=_sum(held),
        value_then=Coalesce(Subquery(newest.values("amount")[:1]), Value(Decimal(0))),
        currency_then=Coalesce(Subquery(newest.values("currency")[:1]), F("currency")),
    )


def get_levels_for_user(user: "User", moment: Moment = NOW) -> LedgerQuerySet:
    """Levels of living items, each with `units` on hand and `held` by allocations at the moment."""
    levels: LedgerQuerySet = StockLevel.objects.visible_to(user).of_living_items()
    if moment:
        levels = levels.annotate(units=_on_hand(moment), held=_allocated(moment))
    else:
        levels = levels.annotate(units=F("on_hand"), held=F("allocated"))
    return levels.select_related("item").order_by("item_id", "store_id")


def _on_hand(moment: Moment) -> Coalesce:
    moved = StockMovement.objects.filter(
        moment.covers(), item_id=OuterRef("item_id"), store_id=OuterRef("store_id")
    )
    return _sum(moved)


def _allocated(moment: Moment) -> Coalesce:
    held = Allocation.objects.filter(
        _held_at(moment), item_id=OuterRef("item_id"), store_id=OuterRef("store_id")
    )
    return _sum(held)


def _held_at(moment: Moment) -> Q:
    """Promises are known at once: the earlier of both times counts."""
    then = min(filter(None, (moment.as_of, moment.known_at)))
    return Q(created_at__lte=then) & (Q(closed_at=None) | Q(closed_at__gt=then))


def _sum(rows: QuerySet[Any]) -> Coalesce:
    total = rows.order_by().values("item_id").annotate(total=Sum("quantity")).values("total")
    return Coalesce(Subquery(total), Value(0))


def get_movements_for_user(user: "User") -> LedgerQuerySet:
    """The ledger, newest first; of deleted items too."""
    movements: LedgerQuerySet = StockMovement.objects.visible_to(user).select_related("lot")
    return movements.order_by("-occurred_at", "-id")


def get_lots_for_user(user: "User") -> LedgerQuerySet:
    """Newest first; empty ones too."""
    lots: LedgerQuerySet = StockLot.objects.visible_to(user)
    return lots.order_by("-received_at", "-id")


def get_transfers_for_user(user: "User") -> LedgerQuerySet:
    transfers: LedgerQuerySet = StockTransfer.objects.visible_to(user).select_related("item")
    return transfers.order_by("-created_at", "-id")


def get_transfer(user: "User", transfer_id: int) -> StockTransfer:
    """One transfer the user may see; raises `NotFoundError`."""
    return get_row(get_transfers_for_user(user), transfer_id)


def get_valuations_of(item: Collectible) -> LedgerQuerySet:
    """The item's value history, newest first."""
    valuations: LedgerQuerySet = Valuation.objects.filter(item=item)
    return valuations.order_by("-valued_at", "-id")


@dataclass(frozen=True)
class Availability:
    """Of one item over all stores; in each, `store` is the id."""

    item: int
    on_hand: int
    allocated: int
    available: int
    stores: list[StockLevel]


def get_availability(item: Collectible) -> Availability:
    """What can be promised now; each store that ever had the item is named."""
    levels = list(StockLevel.objects.filter(item=item).order_by("store_id"))
    on_hand = sum(level.on_hand for level in levels)
    allocated = sum(level.allocated for level in levels)
    return Availability(item.pk, on_hand, allocated, on_hand - allocated, levels)
