"""Writing: what is settled for a shop, and for all of them."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from django.db import transaction

from core.audit import log_audit
from core.enums import AuditType
from core.writing import save_changes
from vendors.models import OF_THE_SHOP, SystemSettings, Vendor
from vendors.selectors import SettingsSheet, get_settings_sheet
from vendors.services.shops import VendorService, locked_vendor

if TYPE_CHECKING:
    from users.models import User


class SettingsChanges(TypedDict, total=False):
    """None is what is inherited; a shop's currency and If-Match rule are never None."""

    currency: str | None
    require_if_match: bool | None
    low_stock_threshold: int | None
    order_expiry_minutes: int | None
    default_tax_rate: Decimal | None
    order_confirmations: bool | None


class SettingsService:
    @staticmethod
    def lock(*, row: SettingsSheet) -> SettingsSheet:
        """As they are now, locked. Raises `NotFoundError` when the shop was closed meanwhile."""
        if _locked_shop(row.vendor_id) is None:
            _locked_row(None)
        return get_settings_sheet(row.vendor_id)

    @staticmethod
    @transaction.atomic
    def update(
        *, vendor_id: int | None, by: "User", **changes: Unpack[SettingsChanges]
    ) -> SettingsSheet:
        """Settle what is named for the shop, or without one for the platform."""
        shop = _locked_shop(vendor_id)
        values: dict[str, Any] = dict(changes)
        if shop:
            own = {name: values.pop(name) for name in OF_THE_SHOP if name in values}
            VendorService.update(vendor=shop, by=by, **own)
        row = _locked_row(shop, by)
        if changed := save_changes(row, values, by=by):
            log_audit(AuditType.VENDOR, by, f"changed {row}", obj=row, **changed.record())
        return get_settings_sheet(vendor_id)


def _locked_shop(vendor_id: int | None) -> Vendor | None:
    """Its lock is that of its settings too: it is there before they are."""
    return None if vendor_id is None else locked_vendor(Vendor(pk=vendor_id))


def _locked_row(shop: Vendor | None, by: "User | None" = None) -> SystemSettings:
    """Made by who comes first."""
    rows = SystemSettings.objects.select_for_update()
    row, _new = rows.get_or_create(vendor=shop, defaults={"created_by": by})
    return row
