"""Reading: a vendor's stock at any moment, from the closing before it and what came since.

Every row of the ledger is added once and never changed, so a closing stays true of the rows it was
made of. To know another moment, what has moved, been valued or sorted anew since is asked for, and
for those items alone it is looked up how they stand now and how they stood in the closing.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from core.reading import fetch_all
from inventory.models import StockClosing

Sums = tuple[Decimal, ...]
# (currency, store, category) → units, cost, worth, cost of what was valued, units of what was not,
# and the sum over the units of when each came.
Held = dict[Any, Sums]
# (currency,) → units in transit, what they cost, cost of what was sold, of what was written off;
# and the units on hand.
Gone = dict[Any, Sums]
NOTHING: Sums = (Decimal(0),) * 6
ALL = 2**63 - 1


@dataclass(frozen=True)
class Marks:
    """A moment, and the last rows that are looked at, by id."""

    at: datetime | str
    movement: int = ALL
    valuation: int = ALL
    sorting: int = ALL

    def given(self, name: str) -> dict[str, Any]:
        rows = {"movement": self.movement, "valuation": self.valuation, "sorting": self.sorting}
        return {name: self.at} | {f"{name}_{kind}": last for kind, last in rows.items()}


BEFORE_ALL = Marks("-infinity", 0, 0, 0)


# The items that may stand otherwise than in the closing; rows for a moment before it came late.
_TOUCHED = """
    SELECT item_id FROM inventory_stockmovement
    WHERE vendor_id = ANY(%(vendors)s)
        AND occurred_at > %(since)s AND occurred_at <= %(until)s
    UNION
    SELECT item_id FROM inventory_stockmovement
    WHERE vendor_id = ANY(%(vendors)s) AND id > %(since_movement)s AND occurred_at <= %(since)s
    UNION
    SELECT item.id FROM (
        SELECT item_id FROM inventory_valuation
        WHERE valued_at > %(since)s AND valued_at <= %(until)s
        UNION
        SELECT item_id FROM inventory_valuation
        WHERE id > %(since_valuation)s AND valued_at <= %(since)s
        UNION
        SELECT item_id FROM inventory_sorting WHERE id > %(since_sorting)s
    ) AS other JOIN inventory_collectible AS item ON item.id = other.item_id
    WHERE item.vendor_id = ANY(%(vendors)s)
"""
_ALL_LOTS = """
    SELECT item_id, store_id, lot_id, SUM(quantity) AS units, SUM(cost) AS cost
    FROM inventory_stockmovement
    WHERE vendor_id = ANY(%(vendors)s) AND occurred_at <= %(until)s AND recorded_at <= %(known_at)s
    GROUP BY 1, 2, 3 HAVING SUM(quantity) <> 0
"""
# Item by item, for they are few: else the planner reads the whole ledger to find them.
_TOUCHED_LOTS = """
    SELECT touched.item_id, held.* FROM touched CROSS JOIN LATERAL (
        SELECT store_id, lot_id, SUM(quantity) AS units, SUM(cost) AS cost
        FROM inventory_stockmovement
        WHERE item_id = touched.item_id AND vendor_id = ANY(%(vendors)s) AND {known}
        GROUP BY 1, 2 HAVING SUM(quantity) <> 0
    ) AS held
"""
# What each lot held at a moment, and the newest valuation of its item by then.
_STATE = """
    SELECT {sign} AS sign, lot.currency, held.store_id, {category} AS category_id,
        held.units, held.cost, EXTRACT(epoch FROM lot.received_at) AS received, valuation.amount
    FROM ({lots}) AS held
    JOIN inventory_stocklot AS lot ON lot.id = held.lot_id
    JOIN inventory_collectible AS item ON item.id = held.item_id
    {sorted}
    LEFT JOIN LATERAL (
        SELECT amount, currency FROM inventory_valuation
        WHERE item_id = held.item_id AND {valued} ORDER BY valued_at DESC, id DESC LIMIT 1
    ) AS valuation ON valuation.currency = lot.currency
"""
_SORTED = """LEFT JOIN LATERAL (
        SELECT id, category_id FROM inventory_sorting
        WHERE item_id = held.item_id AND id > %({side}_sorting)s ORDER BY id LIMIT 1
    ) AS sorting ON true"""


def _side(side: str, sign: int) -> str:
    """How the touched items stand by these marks."""
    return _STATE.format(
        sign=sign,
        category="CASE WHEN sorting.id IS NULL THEN item.category_id ELSE sorting.category_id END",
        lots=_TOUCHED_LOTS.format(known=f"occurred_at <= %({side})s AND id <= %({side}_movement)s"),
        sorted=_SORTED.format(side=side),
        valued=f"valued_at <= %({side})s AND id <= %({side}_valuation)s",
    )


_HELD = """
    {touched}
    SELECT currency, store_id, category_id, SUM(sign * units), SUM(sign * cost),
        COALESCE(SUM(sign * units * amount), 0),
        COALESCE(SUM(sign * cost) FILTER (WHERE amount IS NOT NULL), 0),
        COALESCE(SUM(sign * units) FILTER (WHERE amount IS NULL), 0), SUM(sign * units * received)
    FROM ({states}) AS state GROUP BY 1, 2, 3
"""
_ALL_HELD = _HELD.format(
    touched="",
    states=_STATE.format(
        sign=1, category="item.category_id", lots=_ALL_LOTS, sorted="",
        valued="valued_at <= %(until)s AND recorded_at <= %(known_at)s",
    ),
)  # fmt: skip
_HELD_SINCE = _HELD.format(
    touched=f"WITH touched AS MATERIALIZED ({_TOUCHED})",
    states=f"{_side('until', 1)} UNION ALL {_side('since', -1)}",
)
# Both ends of transfers are added up, lot by lot: so nothing is missing even at a moment between
# two rows of one deed, when one lot is known to have arrived and the next is not.
_GONE = """
    SELECT lot.currency,
        COALESCE(-SUM(movement.quantity)
            FILTER (WHERE movement.kind IN ('transfer_out', 'transfer_in')), 0),
        COALESCE(-SUM(movement.cost)
            FILTER (WHERE movement.kind IN ('transfer_out', 'transfer_in')), 0),
        COALESCE(-SUM(movement.cost) FILTER (WHERE movement.kind IN ('sale', 'return')), 0),
        COALESCE(-SUM(movement.cost) FILTER (WHERE movement.kind = 'write_off'
            OR movement.kind = 'adjustment' AND movement.quantity < 0
            OR movement.kind = 'correction' AND origin.quantity < 0), 0),
        SUM(movement.quantity)
    FROM (
        SELECT * FROM inventory_stockmovement
        WHERE vendor_id = ANY(%(vendors)s) AND occurred_at > %(since)s AND occurred_at <= %(until)s
            AND id <= %(until_movement)s AND recorded_at <= %(known_at)s
        UNION ALL
        SELECT * FROM inventory_stockmovement
        WHERE vendor_id = ANY(%(vendors)s) AND occurred_at <= %(since)s
            AND id > %(since_movement)s AND id <= %(until_movement)s
    ) AS movement
    JOIN inventory_stocklot AS lot ON lot.id = movement.lot_id
    LEFT JOIN inventory_stockmovement AS origin ON origin.id = movement.origin_id
    GROUP BY 1
"""


# Of a moment that was closed, but not of all that is known of it by now.
_LATE = """
    SELECT EXISTS (
        SELECT FROM inventory_stockmovement
        WHERE vendor_id = %(vendor)s AND id > %(since_movement)s AND occurred_at <= %(until)s
    ) OR EXISTS (
        SELECT FROM inventory_valuation AS valuation
        JOIN inventory_collectible AS item ON item.id = valuation.item_id
        WHERE item.vendor_id = %(vendor)s AND valuation.id > %(since_valuation)s
            AND valuation.valued_at <= %(until)s
    )
"""


def held_since(
    vendor_ids: Sequence[int], since: Marks, until: Marks, known_at: datetime | None = None
) -> Held:
    """By how much what these vendors have differs; `known_at` goes with `BEFORE_ALL` only."""
    whole = since == BEFORE_ALL and until.movement == ALL
    given = _given(vendor_ids, since, until, known_at)
    rows = fetch_all(_ALL_HELD if whole else _HELD_SINCE, given)
    return {row[:3]: row[3:] for row in rows}


def gone_since(
    vendor_ids: Sequence[int], since: Marks, until: Marks, known_at: datetime | None = None
) -> Gone:
    """The same of what has gone."""
    rows = fetch_all(_GONE, _given(vendor_ids, since, until, known_at))
    return {row[:1]: row[1:] for row in rows}


def get_held(
    vendor_ids: Iterable[int], closed: Set[int], at: datetime, known_at: datetime | None = None
) -> Held:
    """What these vendors had; of `closed` ones from the last closing before the moment. What was
    known at a time past is in no closing."""
    held: Held = {}
    for ids, closing in _from(vendor_ids, closed, at):
        if closing:
            held = plus(held, unpacked(closing.held))
        held = plus(held, held_since(ids, marks_of(closing), Marks(at), known_at))
    return held


def get_gone(
    vendor_ids: Iterable[int], closed: Set[int], at: datetime, known_at: datetime | None = None
) -> Gone:
    """What had gone from them."""
    gone: Gone = {}
    for ids, closing in _from(vendor_ids, closed, at):
        if closing:
            gone = plus(gone, unpacked(closing.gone))
        gone = plus(gone, gone_since(ids, marks_of(closing), Marks(at), known_at))
    return gone


def get_closed_vendors(vendor_ids: Iterable[int]) -> set[int]:
    """Those of them that have closings."""
    rows = StockClosing.objects.filter(vendor_id__in=vendor_ids)
    return set(rows.order_by().values_list("vendor_id", flat=True).distinct())


def get_totals(vendor_id: int, currency: str, moments: Sequence[datetime]) -> list[Sums]:
    """Units, cost and worth at each of these moments, of a vendor with closings."""
    rows = StockClosing.objects.filter(vendor_id=vendor_id, at__in=moments).defer("held", "gone")
    closed = {row.at: row for row in rows}
    if closed and _is_late(vendor_id, marks_of(next(iter(closed.values()))), max(closed)):
        closed = {}
    return [
        _total_of(closed[moment].totals, currency)
        if moment in closed
        else total(_in(currency, get_held([vendor_id], {vendor_id}, moment)))[:3]
        for moment in moments
    ]


def last_closing(vendor_id: int, at: datetime) -> StockClosing | None:
    """The last one of the vendor that is not after this moment."""
    rows = StockClosing.objects.filter(vendor_id=vendor_id, at__lte=at)
    return rows.order_by("-at").first()


def marks_of(closing: StockClosing | None) -> Marks:
    if closing is None:
        return BEFORE_ALL
    return Marks(closing.at, closing.movement, closing.valuation, closing.sorting)


def packed(sums: dict[Any, Sums]) -> list[Any]:
    """As a closing keeps it."""
    return [[key, each] for key, each in sums.items()]


def unpacked(kept: list[Any]) -> dict[Any, Sums]:
    return {tuple(key): tuple(map(Decimal, sums)) for key, sums in kept}


def plus(left: dict[Any, Sums], right: dict[Any, Sums]) -> dict[Any, Sums]:
    """Key by key; what comes to nothing is left out."""
    sums = defaultdict(lambda: NOTHING, left)
    for key, more in right.items():
        sums[key] = tuple(a + b for a, b in zip(sums[key], more, strict=False))
    return {key: each for key, each in sums.items() if any(each)}


def total(parts: dict[Any, Sums]) -> Sums:
    return tuple(Decimal(sum(each)) for each in zip(*parts.values(), strict=True)) or NOTHING


def totals_of(held: Held) -> list[Any]:
    """By currency: units, cost and worth."""
    currencies = sorted({key[0] for key in held})
    return [[currency, total(_in(currency, held))[:3]] for currency in currencies]


def _in(currency: str, held: Held) -> Held:
    return {key: sums for key, sums in held.items() if key[0] == currency}


def _total_of(totals: list[Any], currency: str) -> Sums:
    sums: Any = dict(totals).get(currency, NOTHING[:3])
    return tuple(map(Decimal, sums))


def _from(
    vendor_ids: Iterable[int], closed: Set[int], at: datetime
) -> Iterable[tuple[list[int], StockClosing | None]]:
    """Where to begin: with a vendor's closing, or with all who have none before all."""
    for vendor_id in sorted(closed):
        yield [vendor_id], last_closing(vendor_id, at)
    if others := sorted(set(vendor_ids) - closed):
        yield others, None


def _is_late(vendor_id: int, closed: Marks, until: datetime) -> bool:
    given = {"vendor": vendor_id, **closed.given("since"), **Marks(until).given("until")}
    [[late]] = fetch_all(_LATE, given)
    return bool(late)


def _given(
    vendor_ids: Sequence[int], since: Marks, until: Marks, known_at: datetime | None
) -> dict[str, Any]:
    return {
        "vendors": list(vendor_ids),
        "known_at": known_at or "infinity",
        **since.given("since"),
        **until.given("until"),
    }
