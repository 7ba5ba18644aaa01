"""How movements are written: under the item's lock, judged on the sum, told on the crossing.

The row of an item is the lock of its stock. Whoever moves stock locks the rows of all items in
question first, in key order; levels, lots, allocations and the item's digests then belong to one
transaction alone, and calls in opposite order wait for each other instead of dying.

Who locks more does it in this order: categories, items, stores where units come in
(`require_open`), the catalog's version. The last one is taken by triggers, with the first write to
a category, an item or the ledger: so who writes one of them locks the stores before.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import connection
from django.db.models import F, Max, Min, OuterRef, Subquery, Sum, Window
from django.utils import timezone

from core.adding import add, draw, together
from core.exceptions import NotFoundError
from core.outbox import announce
from core.prepared import prepared
from core.saying import Drawn
from core.writing import constraint_as
from inventory.enums import MovementKind
from inventory.events import StockRanLow, StockRanOut
from inventory.exceptions import InsufficientStock, StockFull, StoreClosed
from inventory.models import MAX_QUANTITY, Collectible, StockLevel, StockLot, StockMovement
from inventory.selectors import find_items
from inventory.services.costs import Holding, Piece, consume
from vendors.services import StoreService

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from users.models import User
    from vendors.models import VendorStore


@dataclass(frozen=True)
class Line:
    """So many units of an item in a store; of a named lot, or of the oldest."""

    item: Collectible
    store: "VendorStore"
    quantity: int
    lot: StockLot | None = None


@dataclass(frozen=True)
class Entry:
    """What is said of movements besides what moved."""

    kind: MovementKind
    by: "User | None" = None
    reason: str = ""
    reference: str = ""
    note: str = ""
    occurred_at: datetime | None = None

    @cached_property
    def at(self) -> datetime:
        """One moment for all of a deed: no time is between what leaves and what arrives.

        Asked for under the locks: what comes later in the ledger is not earlier in time.
        """
        return self.occurred_at or timezone.now()

    def movement(self, lot: StockLot, quantity: int, cost: Any, **links: Any) -> StockMovement:
        """`cost` is without a sign; it takes the quantity's."""
        movement = StockMovement(
            item_id=lot.item_id, store_id=lot.store_id, lot=lot, kind=self.kind, quantity=quantity,
            cost=cost if quantity > 0 else -cost, reason=self.reason, reference=self.reference,
            note=self.note, actor=self.by, occurred_at=self.at, **links,
        )  # fmt: skip
        if lot.item_id is None:
            movement.item = lot.item
        return movement


class NewLot(NamedTuple):
    """Units that an item starts with."""

    item_id: int
    store_id: int
    quantity: int
    unit_cost: Decimal
    currency: str


FULL = {"level_sane": StockFull, "item_quantity_sane": StockFull}
CLOSED = {"item_starts_in_open_store": StoreClosed}
_OPEN = """
    INSERT INTO inventory_stocklot (
        item_id, store_id, received, unit_cost, cost, currency, landed_costs, remaining,
        remaining_cost, received_at, reference
    )
    SELECT item, store, quantity, unit_cost, unit_cost * quantity, currency, '[]', 0,
        0, at, reference
    FROM unnest(%s::bigint[], %s::bigint[], %s::integer[], %s::numeric[], %s::text[])
        AS each (item, store, quantity, unit_cost, currency),
        (VALUES (%s::timestamptz, %s)) AS said (at, reference);
    INSERT INTO inventory_stockmovement (
        item_id, store_id, lot_id, quantity, cost, kind, reason, reference, note, actor_id,
        occurred_at
    )
    SELECT item_id, store_id, id, received, cost, %s, %s, %s, %s, %s::bigint, %s::timestamptz
    FROM inventory_stocklot AS lot
    WHERE item_id = ANY(%s)
        AND NOT EXISTS (SELECT FROM inventory_stockmovement WHERE lot_id = lot.id)
    ORDER BY id
"""


def locked_items(ids: Iterable[int], *, deleted_too: bool = False) -> dict[int, Collectible]:
    """The items, locked in key order until the transaction ends. Raises `NotFoundError`."""
    wanted = sorted(set(ids))
    found = _any_locked(wanted) if deleted_too else _living_locked(wanted)
    if len(found) < len(wanted):
        raise NotFoundError
    return {item.pk: item for item in found}


def locked_named(vendor_id: int, ids: list[int], skus: list[str]) -> list[Collectible]:
    """Those of the shop that have one of the ids or SKUs; an item that is not there is missing."""
    named = [item.pk for item in find_items(vendor_id, [], skus)] if skus else []
    rows: list[Collectible] = _own_locked(vendor_id, sorted({*ids, *named}))
    return rows


@prepared
def _own_locked(vendor: Any, ids: Any) -> Any:
    rows = Collectible.objects.filter(vendor=vendor, pk__among=ids).order_by("pk")
    return rows.select_for_update(no_key=True)


@prepared
def _living_locked(ids: Any) -> Any:
    return _locked(Collectible.objects, ids)


@prepared
def _any_locked(ids: Any) -> Any:
    return _locked(Collectible.all_objects, ids)


def _locked(rows: Any, ids: Any) -> Any:
    # No key of theirs changes, so rows that point to them can be added meanwhile.
    found = rows.filter(pk__among=ids).select_related("vendor").order_by("pk")
    return found.select_for_update(of=["self"], no_key=True)


def require_open(stores: Iterable[int]) -> None:
    """Raises `StoreClosed` for one that has been closed; until the transaction ends none of the
    others is. Asked under the items' locks, before anything of them moves."""
    wanted = {*stores}
    if closed := wanted - StoreService.keep_open(ids=wanted):
        raise StoreClosed(min(closed))


def add_lots(lots: Sequence[StockLot], entry: Entry, **links: Any) -> list[StockMovement]:
    """New lots, and the movements that fill them. The caller holds the items' locks."""
    movements = [entry.movement(lot, lot.received, lot.cost, **links) for lot in lots]
    with constraint_as(FULL, savepoint=False), together():
        add(*lots)
        return post(movements, {}, since=entry.occurred_at)


def allow_opening() -> None:
    """Let the next INSERT of items have what they start with.

    `open_stock` has to follow: the database refuses the transaction in which it did not.
    """
    draw(Drawn("set_config('omni_stock.opening', 'true', true)"))


def open_stock(lots: Sequence[NewLot], entry: Entry) -> None:
    """The lots that items start with, and the movements that fill them, however many."""
    if not lots:
        return
    actor = entry.by.pk if entry.by else None
    items, *others = map(list, zip(*lots, strict=True))
    said = [entry.kind, entry.reason, entry.reference, entry.note, actor, entry.at]
    with constraint_as(FULL, savepoint=False), connection.cursor() as cursor:
        # Both in one call.
        cursor.execute(_OPEN, [items, *others, entry.at, entry.reference, *said, items])


def take(
    lines: Sequence[Line], entry: Entry, *, moves: bool = False, **links: Any
) -> list[list[StockMovement]]:
    """Movements that take the lines' units, oldest lots first: for each line its own.

    The lines' items are as they were read under their locks. Raises `InsufficientStock` when all
    lines for an item in a store together ask for more than is available there, or was at any time
    since `occurred_at`. What only `moves`, and will be in another store at once, makes nothing run
    low.
    """
    lots = _lots_of(lines, entry.occurred_at)
    taken: list[list[StockMovement]] = [[] for _line in lines]
    # Who names a lot chooses before those that take any.
    for place in sorted(range(len(lines)), key=lambda place: lines[place].lot is None):
        pieces = _pieces(lines[place], lots)
        taken[place] = [entry.movement(p.lot, -p.units, p.cost, **links) for p in pieces]
    items = {} if moves else {line.item.pk: line.item for line in lines}
    post([movement for movements in taken for movement in movements], items, moves=moves)
    return taken


def post(
    movements: list[StockMovement],
    items: Mapping[int, Collectible],
    *,
    since: datetime | None = None,
    moves: bool = False,
) -> list[StockMovement]:
    """Write movements; levels, lots and quantities follow in the database.

    Who listens hears of `items` that ran low or out by them: those that lose units, as they were
    read under their locks. `since` is when they were, if that is told late. Raises `StockFull`.
    """
    if since:
        _require_room(movements, since)
    with constraint_as(FULL, savepoint=False):
        add(*movements)
    changes: dict[int, int] = defaultdict(int)
    for movement in [] if moves else movements:
        changes[movement.item_id] += movement.quantity
    losses = [(items[key], change) for key, change in changes.items() if change < 0]
    _tell_of_crossings(losses)
    return movements


def _tell_of_crossings(losses: Iterable[tuple[Collectible, int]]) -> None:
    told: list[object] = []
    for item, change in losses:
        threshold, before = item.low_stock_threshold, item.quantity
        now = before + change
        if threshold is not None and now <= threshold < before:
            told.append(StockRanLow(item.pk, item.vendor_id, now, threshold))
        if now == 0:
            told.append(StockRanOut(item.pk, item.vendor_id))
    announce(*told)


def available_in(places: Iterable[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """What can be taken, by item and store; a store that never had the item has none of it."""
    wanted = set(places)
    rows = StockLevel.objects.filter(
        item_id__in={item for item, _store in wanted},
        store_id__in={store for _item, store in wanted},
    )
    found = {(level.item_id, level.store_id): level.available for level in rows}
    return {place: found.get(place, 0) for place in wanted}


def demand_of(lines: Iterable[Line]) -> dict[tuple[int, int], int]:
    """Summed, for two lines that are each fulfillable may not be so together."""
    demand: dict[tuple[int, int], int] = defaultdict(int)
    for line in lines:
        demand[line.item.pk, line.store.pk] += line.quantity
    return demand


def require_free(lines: Iterable[Line]) -> None:
    """Raises `InsufficientStock` when more is asked for than is on hand and not allocated."""
    demand = demand_of(lines)
    _require(demand, available_in(demand))


def _require(demand: Mapping[tuple[int, int], int], there: Mapping[tuple[int, int], int]) -> None:
    for (item, store), quantity in demand.items():
        if quantity > there.get((item, store), 0):
            raise InsufficientStock(there.get((item, store), 0), item=item, store=store)


def _require_since(demand: Mapping[tuple[int, int], int], moment: datetime) -> None:
    for (item, store), quantity in demand.items():
        rows = StockMovement.objects.filter(item_id=item, store_id=store)
        _require({(item, store): quantity}, {(item, store): lowest_since(rows, moment)})


def _require_room(movements: Iterable[StockMovement], moment: datetime) -> None:
    changes: dict[int, int] = defaultdict(int)
    for movement in movements:
        changes[movement.item_id] += movement.quantity
    for item, change in changes.items():
        rows = StockMovement.objects.filter(item=item)
        if change > 0 and _range_since(rows, moment)[1] + change > MAX_QUANTITY:
            raise StockFull


def lowest_since(rows: "QuerySet[Any]", moment: datetime) -> int:
    """The smallest sum of these movements from that moment on: what leaves then must have been
    there ever since."""
    return _range_since(rows, moment)[0]


def _range_since(rows: "QuerySet[Any]", moment: datetime) -> tuple[int, int]:
    """The smallest and the largest sum of these movements from that moment on."""
    then = rows.filter(occurred_at__lte=moment).aggregate(total=Sum("quantity", default=0))
    # Of one instant all at once: a movement and its correction were never apart.
    running = Window(Sum("quantity"), order_by=F("occurred_at").asc())
    later = rows.filter(occurred_at__gt=moment).annotate(running=running)
    found = later.aggregate(lowest=Min("running"), highest=Max("running"))
    total = int(then["total"])
    return total + min(0, found["lowest"] or 0), total + max(0, found["highest"] or 0)


_Lots = dict[tuple[int, int], list[Holding]]


def _lots_of(lines: Sequence[Line], moment: datetime | None) -> _Lots:
    """What there is of the items in the stores, oldest first; and was ever since the moment.

    Raises `InsufficientStock` when it is not enough, or promised to others.
    """
    demand = demand_of(lines)
    found = _lots_in([*{item for item, _store in demand}], [*{store for _item, store in demand}])
    # Where no lot has any left there is nothing, and so nothing that could be promised.
    _require(demand, {(lot.item_id, lot.store_id): lot.available for lot in found})
    if moment:
        _require_since(demand, moment)
    lowest = _lowest_of(found, moment) if moment else {lot.pk: lot.remaining for lot in found}
    lots: _Lots = defaultdict(list)
    for lot in found:
        lots[lot.item_id, lot.store_id].append(Holding(lot, lowest.get(lot.pk, 0)))
    return lots


@prepared
def _lots_in(items: Any, stores: Any) -> Any:
    level = StockLevel.objects.filter(item=OuterRef("item_id"), store=OuterRef("store_id"))
    available = Subquery(level.values(free=F("on_hand") - F("allocated")))
    lots = StockLot.objects.filter(item__among=items, store__among=stores, remaining__gt=0)
    return lots.annotate(available=available).order_by("received_at", "pk")


def _lowest_of(lots: Sequence[StockLot], moment: datetime) -> dict[int, int]:
    """`lowest_since` for each lot. One that was moved here later was not here then, however old."""
    rows = StockMovement.objects.filter(lot__in=lots)
    then = rows.filter(occurred_at__lte=moment).values("lot").annotate(total=Sum("quantity"))
    totals = dict(then.values_list("lot", "total"))
    running = Window(Sum("quantity"), partition_by="lot", order_by=F("occurred_at").asc())
    later = rows.filter(occurred_at__gt=moment).annotate(running=running)
    lowest = dict(totals)
    for lot, change in later.values_list("lot", "running"):
        there = totals.get(lot, 0)
        lowest[lot] = min(lowest.get(lot, there), there + change)
    return lowest


def _pieces(line: Line, lots: _Lots) -> list[Piece]:
    known = lots[line.item.pk, line.store.pk]
    chosen = [each for each in known if line.lot is None or each.lot.pk == line.lot.pk]
    there = sum(each.free for each in chosen)
    if there < line.quantity:
        raise InsufficientStock(there, item=line.item.pk, store=line.store.pk)
    return consume(chosen, line.quantity)


def fresh(lines: Sequence[Line]) -> list[Line]:
    """The same lines with their items as they are now, locked."""
    items = locked_items(line.item.pk for line in lines)
    return [replace(line, item=items[line.item.pk]) for line in lines]
