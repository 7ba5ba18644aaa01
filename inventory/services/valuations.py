from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.audit import Deed, log_many
from core.enums import AuditType
from core.exceptions import InvalidInput
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
        if any(worth.valued_at and worth.valued_at > now for worth in values):
            raise InvalidInput.of("valued_at", _("This is in the future."), "in_future")
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
        log_many(AuditType.STOCK, by, [_deed(row) for row in rows])
        return rows


def _deed(row: Valuation) -> Deed:
    said = {"value": row.amount, "currency": row.currency, "source": row.source}
    return Deed(f"valued item “{row.item.name}”", row.item, after=said)
