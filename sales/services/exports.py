"""Writing: that figures of sales left the house."""

from typing import TYPE_CHECKING

from django.db import transaction

from core.audit import AuditEntry, log_many
from core.enums import AuditType

if TYPE_CHECKING:
    from collections.abc import Iterable

    from users.models import User


class ReportService:
    @staticmethod
    @transaction.atomic
    def record_export(*, vendor_ids: "Iterable[int]", per: str, kind: str, by: "User") -> None:
        """Note, for every vendor whose sales leave the house, that `by` took them as a file."""
        action = f"exported sales by {per} as {kind}"
        log_many(AuditType.EXPORT, by, [AuditEntry(action, vendor_id=key) for key in vendor_ids])
