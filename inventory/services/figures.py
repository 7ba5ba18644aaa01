"""Writing: the kept figures of a catalog, where they have to be made anew."""

from collections.abc import Iterable
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from core.audit import AuditEntry, log_many
from core.enums import AuditType
from inventory.models import CatalogChange, CatalogCount, CatalogVersion, Collectible
from inventory.selectors import Drift, find_figure_drift
from inventory.triggers import ITEM_COUNTS, ITEM_FIGURES, ITEM_TEXTS, ITEMS_OF, KEPT_OF

# Longer than a count is kept (`inventory.selectors.matching`).
CHANGES_STAY = timedelta(hours=3)


class CounterService:
    """The figures that triggers keep of each vendor's catalog."""

    @staticmethod
    @transaction.atomic
    def rebuild(*, vendor_ids: Iterable[int] | None = None) -> None:
        """Add them up from the items, of these vendors or of all; whoever writes one waits.

        For what was written with triggers off, and for what was found to be off.
        """
        ids = _locked(vendor_ids)
        zeros = dict.fromkeys(ITEM_FIGURES.sums, 0)
        kept = CatalogVersion.objects.filter(pk__in=ids)
        kept.update(version=F("version") + 1, **zeros)
        CatalogCount.objects.filter(vendor_id__in=ids).delete()
        with connection.cursor() as cursor:
            for sums in (ITEM_FIGURES, ITEM_COUNTS):
                cursor.execute(sums.put(ITEMS_OF), {"vendors": ids})
            cursor.execute(ITEM_TEXTS.mend(ITEMS_OF, KEPT_OF), {"vendors": ids})
        # Nobody noted what has changed: what matches is to be counted again.
        CatalogChange.objects.bulk_create(
            CatalogChange(vendor_id=key, version=version, number=1, sign=0)
            for key, version in kept.values_list("pk", "version")
        )

    @staticmethod
    def forget_changes() -> None:
        """Of hours ago: whatever was counted then has been counted again, or will be."""
        CatalogChange.objects.filter(made_at__lt=timezone.now() - CHANGES_STAY).delete()

    @staticmethod
    @transaction.atomic
    def mend() -> list[Drift]:
        """Find what is off, put it right, and say so in the audit log of the vendor."""
        suspects = {fault.key for fault in find_figure_drift()}
        drift = find_figure_drift(_locked(suspects))
        ids = sorted({fault.key for fault in drift})
        CounterService.rebuild(vendor_ids=ids)
        log_many(AuditType.CATALOG, None, [_mended(vendor_id, drift) for vendor_id in ids])
        return drift


def _locked(vendor_ids: Iterable[int] | None) -> list[int]:
    """Everything kept of a vendor is written under the lock of its version."""
    if vendor_ids is None:
        owners = Collectible.all_objects.order_by().values_list("vendor_id", flat=True).distinct()
        vendor_ids = {*owners, *CatalogVersion.objects.values_list("pk", flat=True)}
    ids = sorted(set(vendor_ids))
    missing = [CatalogVersion(vendor_id=vendor_id) for vendor_id in ids]
    CatalogVersion.objects.bulk_create(missing, ignore_conflicts=True)
    list(CatalogVersion.objects.filter(pk__in=ids).order_by("pk").select_for_update())
    return ids


def _mended(vendor_id: int, drift: Iterable[Drift]) -> AuditEntry:
    own = [fault for fault in drift if fault.key == vendor_id]
    return AuditEntry(
        action="mended figures of the catalog",
        vendor_id=vendor_id,
        before={fault.column: fault.is_now for fault in own},
        after={fault.column: fault.should_be for fault in own},
    )
