"""Reading: what selling brought, from the journal.

Money is not added up over currencies: figures are in one, and `others` says what they leave out.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import connection

from core.money import ZERO, percentage
from inventory.selectors import NOW, Moment, get_category_names
from sales.enums import ReportBy
from sales.models import OrderLine
from sales.selectors.customers import get_customer_names
from vendors.selectors import get_figures_scope

if TYPE_CHECKING:
    from users.models import User

STREAMED_AT_ONCE = 1000
# Read by whoever counts the rows, who wants the first of them next: it costs no more.
FIRST = 100


@dataclass(frozen=True)
class SalesFigures:
    """What was sold less what came back. `profit` is that of the units whose cost is known in the
    currency; `costed_revenue` is what those brought, and `uncosted_units` are the others."""

    units: int = 0
    returned: int = 0
    orders: int = 0
    revenue: Decimal = ZERO
    refunds: Decimal = ZERO
    cost: Decimal = ZERO
    fees: Decimal = ZERO
    postage: Decimal = ZERO
    profit: Decimal = ZERO
    costed_revenue: Decimal = ZERO
    uncosted_units: int = 0

    @property
    def margin(self) -> Decimal | None:
        """Profit in percent of the revenue it was made with; None of nothing."""
        return percentage(self.profit, self.costed_revenue)


@dataclass(frozen=True, kw_only=True)
class SalesRow(SalesFigures):
    """What the figures are about; `name` is None for no category, customer or channel."""

    id: int | None = None
    sku: str | None = None
    name: str | None = None
    place: tuple[Decimal, str] = (ZERO, "")


@dataclass(frozen=True)
class Period:
    """From `since` on and before `until`, as known at the moment."""

    since: datetime | None = None
    until: datetime | None = None
    moment: Moment = NOW

    def given(self) -> dict[str, Any]:
        return {
            "since": self.since or "-infinity",
            "until": self.until or "infinity",
            "as_of": self.moment.as_of or "infinity",
            "known_at": self.moment.known_at or "infinity",
        }


# Every entry with the profit it makes. What selling a line cost is in no profit when none of the
# line's units that had gone by then is, for want of their cost: what goes later changes no day that
# is over. Of lines with such units there are few, so they are found first.
_PICKED = """
    SELECT entry.*, sale.currency, {key} AS key, CASE
        WHEN entry.kind = 'charge' AND entry.line_id IN (
            SELECT sold.line_id FROM sales_salesentry AS sold
            WHERE sold.vendor_id = ANY(%(vendors)s) AND sold.kind = 'sale' AND sold.cost IS NULL
        ) AND (
            SELECT bool_and(sold.cost IS NULL) FROM sales_salesentry AS sold
            WHERE sold.line_id = entry.line_id AND sold.kind = 'sale'
                AND sold.occurred_at <= entry.occurred_at AND sold.recorded_at <= %(known_at)s
        ) THEN NULL
        ELSE entry.revenue - entry.cost - entry.fees - entry.postage
    END AS profit
    FROM sales_salesentry AS entry
    JOIN sales_order AS sale ON sale.id = entry.order_id {joins}
    WHERE entry.vendor_id = ANY(%(vendors)s)
        AND entry.occurred_at >= %(since)s AND entry.occurred_at < %(until)s
        AND entry.occurred_at <= %(as_of)s AND entry.recorded_at <= %(known_at)s
"""
_LINE = "JOIN sales_orderline AS line ON line.id = entry.line_id"
# Looked up, for to join a tenth of a large shop's items PostgreSQL reads all of them.
_CATEGORY = "(SELECT category_id FROM inventory_collectible AS item WHERE item.id = line.item_id)"
_KEYS = {
    ReportBy.DAY: ("to_char(entry.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')", ""),
    ReportBy.ITEM: ("line.item_id", _LINE),
    ReportBy.CATEGORY: (f"COALESCE({_CATEGORY}, 0)", _LINE),
    ReportBy.CUSTOMER: ("COALESCE(sale.customer_id, 0)", ""),
    ReportBy.CHANNEL: ("sale.channel", ""),
}
# The whole of each currency stands first: ours is the total, and the others are named.
_ROWS = """
    WITH picked AS NOT MATERIALIZED ({picked}), grouped AS (
        SELECT GROUPING(key) = 1 AS whole, currency, key::text AS key, MAX(line_id) AS last_line,
            SUM(units) AS units,
            COALESCE(-SUM(units) FILTER (WHERE kind = 'return'), 0) AS returned,
            COUNT(DISTINCT order_id) FILTER (WHERE kind = 'sale') AS orders,
            SUM(revenue) AS revenue,
            COALESCE(-SUM(revenue) FILTER (WHERE kind = 'return'), 0.00) AS refunds,
            COALESCE(SUM(cost), 0.00) AS cost, SUM(fees) AS fees, SUM(postage) AS postage,
            COALESCE(SUM(profit), 0.00) AS profit,
            COALESCE(SUM(revenue) FILTER (WHERE cost IS NOT NULL), 0.00) AS costed_revenue,
            COALESCE(SUM(units) FILTER (WHERE cost IS NULL), 0) AS uncosted_units
        FROM picked GROUP BY GROUPING SETS ((currency), (currency, key))
    ), ranked AS (
        SELECT {rank} AS rank, COUNT(*) OVER (PARTITION BY currency) - 1 AS count, *
        FROM grouped
    ), page AS (
        SELECT * FROM ranked WHERE NOT whole AND currency = %(currency)s AND {beyond}
        ORDER BY rank {way}, key {way} LIMIT %(limit)s OFFSET %(offset)s
    )
    SELECT * FROM page
    UNION ALL
    SELECT * FROM ranked WHERE whole
    ORDER BY whole DESC, rank {way}, key {way}
"""
_GAIN = """
    SELECT COALESCE(SUM(profit), 0.00) FROM ({picked}) AS picked WHERE currency = %(currency)s
"""


@dataclass(frozen=True)
class ReportOrder:
    """Days as they follow, all others by revenue, the greatest first: what cursors stand on."""

    by: str
    backwards: bool = False

    @property
    def terms(self) -> list[str]:
        return ["rank", "key"]

    def reversed(self) -> "ReportOrder":
        return replace(self, backwards=not self.backwards)

    def position(self, row: SalesRow) -> list[str]:
        return [str(part) for part in row.place]

    def read(self, position: Sequence[str | None]) -> list[Any]:
        rank, key = position
        return [None if rank is None else Decimal(rank), key]

    def beyond(self, report: "SalesReport", values: list[Any] | None) -> "SalesReport":
        report.order, report.position = self, values
        return report


# A row without its name, and the last of its lines.
_Found = tuple[int, SalesRow]


class SalesReport:
    """Rows of figures: a page of them at a time, or all in a stream. The total and what it leaves
    out are those of the statement that was read last, so that they agree with its rows."""

    def __init__(
        self, by: str, vendor_ids: Iterable[int], currency: str, period: Period = Period()
    ) -> None:
        self.by, self.vendor_ids, self.currency = by, list(vendor_ids), currency
        self.given = {**period.given(), "vendors": self.vendor_ids, "currency": currency}
        self.order = ReportOrder(by)
        self.position: list[Any] | None = None
        self.total, self.others = SalesRow(), list[str]()
        self._count = 0
        self._first: list[_Found] = []

    @property
    def keyset(self) -> ReportOrder:
        return self.order

    def count(self) -> int:
        self._first = self._read(limit=FIRST)
        return self._count

    def __getitem__(self, wanted: slice) -> list[SalesRow]:
        if wanted.stop <= len(self._first):
            return self._named(self._first[wanted])
        return self._named(self._read(limit=wanted.stop - wanted.start, offset=wanted.start))

    def first_rows(self, count: int) -> list[SalesRow]:
        return self._named(self._read(limit=count))

    def __iter__(self) -> Iterator[SalesRow]:
        """All of them, from a server-side cursor: memory stays flat."""
        with connection.chunked_cursor() as cursor:
            cursor.execute(*self._statement(limit=None))
            while rows := cursor.fetchmany(STREAMED_AT_ONCE):
                yield from self._named(self._rows(rows))

    def _read(self, limit: int, offset: int = 0) -> list[_Found]:
        with connection.cursor() as cursor:
            cursor.execute(*self._statement(limit=limit, offset=offset))
            return self._rows(cursor.fetchall())

    def _statement(self, limit: int | None, offset: int = 0) -> tuple[str, dict[str, Any]]:
        key, joins = _KEYS[ReportBy(self.by)]
        sign, way = ("<", "DESC") if self.order.backwards else (">", "ASC")
        beyond = f"(rank, key) {sign} (%(rank)s, %(key)s)" if self.position else "true"
        rank = "0.00" if self.by == ReportBy.DAY else "-revenue"
        picked = _PICKED.format(key=key, joins=joins)
        query = _ROWS.format(picked=picked, rank=rank, beyond=beyond, way=way)
        at = dict(zip(("rank", "key"), self.position or (), strict=False))
        return query, {**self.given, **at, "limit": limit, "offset": offset}

    def _rows(self, raw: Sequence[tuple[Any, ...]]) -> list[_Found]:
        """Those of the page; the wholes are kept."""
        page, wholes = list[_Found](), {}
        for rank, count, whole, currency, key, last_line, *figures in raw:
            if whole:
                wholes[currency] = (count, SalesRow(*figures))
            else:
                page.append((last_line, SalesRow(*figures, place=(rank, key))))
        if wholes:
            self._count, self.total = wholes.pop(self.currency, (0, SalesRow()))
            self.others = sorted(wholes)
        return page

    def _named(self, page: Sequence[_Found]) -> list[SalesRow]:
        return list(_named(self.by, page))


def _named(by: str, page: Sequence[_Found]) -> Iterator[SalesRow]:
    """Items as they were called when they were last sold; of the others what was deleted keeps
    its name."""
    lines = [last_line for last_line, _row in page] if by == ReportBy.ITEM else []
    sold = OrderLine.objects.in_bulk(lines)
    names: dict[int, str] = {}
    if by == ReportBy.CATEGORY:
        names = get_category_names(int(row.place[1]) for _line, row in page)
    elif by == ReportBy.CUSTOMER:
        names = get_customer_names(int(row.place[1]) for _line, row in page)
    for last_line, row in page:
        key = row.place[1]
        if line := sold.get(last_line):
            yield replace(row, id=line.item_id, sku=line.sku, name=line.name)
        elif by in {ReportBy.DAY, ReportBy.CHANNEL}:
            yield replace(row, name=key or None)
        else:
            yield replace(row, id=int(key) or None, name=names.get(int(key)))


def get_sales_report(
    user: "User", by: str, *, vendor_id: int | None = None, currency: str = "",
    period: Period = Period(),
) -> SalesReport:  # fmt: skip
    """Of all the user's vendors, or one of them; in the currency of that one, or the active one's,
    unless named."""
    return SalesReport(by, *get_figures_scope(user, vendor_id, currency), period)


def get_realised_gain(vendor_ids: Iterable[int], currency: str, moment: Moment = NOW) -> Decimal:
    """The profit of what these vendors had sold by then, where the cost is known."""
    given = {**Period(moment=moment).given(), "vendors": list(vendor_ids), "currency": currency}
    with connection.cursor() as cursor:
        cursor.execute(_GAIN.format(picked=_PICKED.format(key="0", joins="")), given)
        [gain] = cursor.fetchone()
    return Decimal(gain)
