"""Writing: stock that is promised to somebody."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from inventory.enums import AllocationStatus
from inventory.models import Allocation
from inventory.services.ledger import Line, fresh, locked_items, require_free

EXPIRED_AT_ONCE = 500


class AllocationService:
    """Who promises stock says for what (`reference`), and ends the promise by the same word."""

    @staticmethod
    @transaction.atomic
    def allocate(
        *, lines: Sequence[Line], reference: str, expires_at: datetime | None = None
    ) -> list[Allocation]:
        """Hold the lines' units, all or none. Raises `InsufficientStock`."""
        lines = fresh(lines)
        require_free(lines)
        return Allocation.objects.bulk_create(
            Allocation(
                item=line.item,
                store=line.store,
                quantity=line.quantity,
                reference=reference,
                expires_at=expires_at,
            )
            for line in lines
        )

    @staticmethod
    def release(*, references: Collection[str]) -> list[Allocation]:
        """Give back what is still held for these; returns what that was. Twice is once."""
        return _end(references, AllocationStatus.RELEASED)

    @staticmethod
    def consume(*, references: Collection[str]) -> list[Allocation]:
        """End the promises because they are being kept: the caller takes the units, in this
        transaction. Returns what was still held."""
        return _end(references, AllocationStatus.CONSUMED)

    @staticmethod
    def expire() -> int:
        """Release what was held for too long; returns how many. For the schedule."""
        total = 0
        while ended := _expire_some():
            total += ended
        return total


@transaction.atomic
def _end(references: Collection[str], status: AllocationStatus) -> list[Allocation]:
    rows = Allocation.objects.filter(reference__in=references, status=AllocationStatus.OPEN)
    locked_items({row.item_id for row in rows}, deleted_too=True)
    # Read again: whoever had the locks before may have ended some.
    held = list(rows.order_by("pk"))
    _close([row.pk for row in held], status)
    return held


@transaction.atomic
def _expire_some() -> int:
    now = timezone.now()
    late = Allocation.objects.filter(status=AllocationStatus.OPEN, expires_at__lte=now)
    some = list(late.order_by("expires_at")[:EXPIRED_AT_ONCE])
    locked_items({row.item_id for row in some}, deleted_too=True)
    return _close([row.pk for row in some], AllocationStatus.EXPIRED)


def _close(ids: list[int], status: AllocationStatus) -> int:
    held = Allocation.objects.filter(pk__in=ids, status=AllocationStatus.OPEN)
    return held.update(status=status, closed_at=timezone.now())
