"""Closing the books: what the ledger came to is added up once, and not by everybody who asks."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from django.db import connection, transaction
from django.db.models import Min

from core.reading import fetch_all
from inventory.models import Sorting, StockClosing, StockMovement, Valuation
from inventory.selectors.closings import (
    BEFORE_ALL,
    Marks,
    gone_since,
    held_since,
    last_closing,
    marks_of,
    packed,
    plus,
    totals_of,
    unpacked,
)

# So many movements, valuations and sortings are quickly looked up by whoever asks.
STEP = 2000

_LOCK = """
    LOCK TABLE inventory_stockmovement, inventory_valuation, inventory_sorting IN SHARE MODE
"""
_MARKS = """
    SELECT clock_timestamp(),
        (SELECT COALESCE(MAX(id), 0) FROM inventory_stockmovement),
        (SELECT COALESCE(MAX(id), 0) FROM inventory_valuation),
        (SELECT COALESCE(MAX(id), 0) FROM inventory_sorting)
"""
_DAYS = """
    SELECT (at AT TIME ZONE 'UTC')::date, COUNT(*) FROM (
        SELECT occurred_at AS at FROM inventory_stockmovement
        WHERE vendor_id = %(vendor)s AND occurred_at > %(after)s AND id <= %(until_movement)s
        UNION ALL
        SELECT valued_at FROM inventory_valuation AS valuation
        JOIN inventory_collectible AS item ON item.id = valuation.item_id
        WHERE item.vendor_id = %(vendor)s AND valued_at > %(after)s
            AND valuation.id <= %(until_valuation)s
    ) AS events GROUP BY 1 ORDER BY 1
"""


class ClosingService:
    """Closings of the stock of vendors that have much of it."""

    @staticmethod
    def close(*, vendor_ids: Iterable[int] | None = None, step: int = STEP) -> int:
        """Make the closings that are missing, and anew those that something came too late for.

        Of each month, and after so many events in between; returns how many were made. Whoever
        writes waits until those are done that write already, not for the rest.
        """
        marks = _marks()
        if vendor_ids is None:
            movements = StockMovement.objects.order_by()
            vendor_ids = sorted(movements.values_list("vendor_id", flat=True).distinct())
        return sum(_close(vendor_id, marks, step) for vendor_id in vendor_ids)


@transaction.atomic
def _marks() -> Marks:
    """Now, and the last rows there are. None with a smaller id is on its way: each was numbered
    under a lock that this one waits for (`core.bulk` takes it first where it numbers many)."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)
        cursor.execute(_MARKS)
        return Marks(*cursor.fetchone())


@transaction.atomic
def _close(vendor_id: int, marks: Marks, step: int) -> int:
    _drop_what_is_late(vendor_id, marks, step)
    last = last_closing(vendor_id, _at(marks))
    since = marks_of(last)
    held, gone = (unpacked(last.held), unpacked(last.gone)) if last else ({}, {})
    moments = _moments(vendor_id, since, marks, step)
    for moment in moments:
        until = replace(marks, at=moment)
        held = plus(held, held_since([vendor_id], since, until))
        gone = plus(gone, gone_since([vendor_id], since, until))
        StockClosing.objects.create(
            vendor_id=vendor_id,
            held=packed(held),
            totals=totals_of(held),
            gone=packed(gone),
            **vars(until),
        )
        since = until
    return len(moments)


def _drop_what_is_late(vendor_id: int, marks: Marks, step: int) -> None:
    """Closings before the first row that came late stay, and it is written down that they do."""
    own = StockClosing.objects.filter(vendor_id=vendor_id)
    newest = own.order_by("at").last()
    if newest is None:
        return
    sorting = own.aggregate(oldest=Min("sorting"))["oldest"]
    if Sorting.objects.filter(item__vendor_id=vendor_id, pk__gt=sorting).count() > step:
        own.delete()
        return
    moved = StockMovement.objects.filter(
        vendor_id=vendor_id, pk__gt=newest.movement, occurred_at__lte=newest.at
    ).aggregate(first=Min("occurred_at"))["first"]
    valued = Valuation.objects.filter(
        item__vendor_id=vendor_id, pk__gt=newest.valuation, valued_at__lte=newest.at
    ).aggregate(first=Min("valued_at"))["first"]
    if late := [moment for moment in (moved, valued) if moment]:
        own.filter(at__gte=min(late)).delete()
    own.update(movement=marks.movement, valuation=marks.valuation)


def _moments(vendor_id: int, since: Marks, marks: Marks, step: int) -> list[datetime]:
    """The midnights after the last closing at which there is to be one."""
    given = {"vendor": vendor_id, "after": since.at, **marks.given("until")}
    days = fetch_all(_DAYS, given)
    if since == BEFORE_ALL and sum(count for _day, count in days) < step:
        return []
    moments, waiting, before = [], 0, None
    for day, count in days:
        if before and (day.year, day.month) != (before.year, before.month):
            moments.append(datetime.combine(day.replace(day=1), time(), UTC))
            waiting = 0
        waiting, before = waiting + count, day
        if waiting >= step:
            moments.append(datetime.combine(day + timedelta(days=1), time(), UTC))
            waiting = 0
    return sorted({moment for moment in moments if moment <= _at(marks)})


def _at(marks: Marks) -> datetime:
    assert isinstance(marks.at, datetime)  # noqa: S101 (only what is before all has no moment)
    return marks.at
