"""Writing: that a catalog left the house."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import QuerySet

from core.audit import AuditEntry, log_many
from core.enums import AuditType
from inventory.models import Collectible

if TYPE_CHECKING:
    from users.models import User


class ExportService:
    @staticmethod
    @transaction.atomic
    def record(
        *, items: QuerySet[Collectible], kind: str, filters: Iterable[str], by: "User"
    ) -> None:
        """Note, for every vendor whose items leave the house, that `by` took them as a `kind` file.

        Of the filters only the names are kept: their values may be somebody's data.
        """
        rows = items.select_related(None).prefetch_related(None).order_by()
        vendors = rows.values_list("vendor_id", flat=True).distinct()
        told = f"filters: {', '.join(sorted(filters)) or 'none'}"
        action = f"exported items as {kind}"
        entries = [AuditEntry(action, vendor_id=key, details=told) for key in sorted(vendors)]
        log_many(AuditType.EXPORT, by, entries)
