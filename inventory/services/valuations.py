"""Writing: what items are worth."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from core.audit import AuditEntry, log_many
from core.enums import AuditType
from core.writing import require_past
from inventory.models import Collectible, Valuation
from inventory.services.ledger import locked_items

if TYPE_CHECKING:
    from users.models import User


@dataclass(frozen=True)
class Worth:
    """What one unit is worth on the market; in the item's currency, now, unless told."""

    item: Collectible
    amount: Decimal
    source: str
    currency: str = ""
    valued_at: datetime | None = None


class ValuationService:
    @staticmethod
    @transaction.atomic
    def record(*, values: Sequence[Worth], by: "User") -> list[Valuation]:
        """Add to the items' value histories; the newest valuation is the item's `value`.

        A value given to an item in any other way is in its history too, with source `catalog`.
        """
        now = timezone.now()
        for worth in values:
            require_past("valued_at", worth.valued_at)
        items = locked_items(worth.item.pk for worth in values)
        rows = Valuation.objects.bulk_create(
            Valuation(
                item=items[worth.item.pk],
                amount=worth.amount,
                currency=worth.currency or items[worth.item.pk].currency,
                source=worth.source,
                valued_at=worth.valued_at or now,
                actor=by,
            )
            for worth in values
        )
        log_many(AuditType.STOCK, by, [_audit_entry(row) for row in rows])
        return rows


def _audit_entry(row: Valuation) -> AuditEntry:
    said = {"value": row.amount, "currency": row.currency, "source": row.source}
    return AuditEntry(f"valued item “{row.item.name}”", row.item, after=said)
