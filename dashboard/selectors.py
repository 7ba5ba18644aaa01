"""Looking at everything below, reading only."""

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from core.models import AuditLog, AuditLogQuerySet
from inventory.selectors import (
    NOW,
    CatalogFigures,
    Moment,
    ValuationFigures,
    get_catalog_figures,
    get_valuation_figures,
)
from sales.selectors import get_realised_gain
from vendors.selectors import get_audited_vendors, get_figures_scope, get_vendors_for_user

if TYPE_CHECKING:
    from users.models import User


@dataclass(frozen=True)
class DashboardSummary:
    total_vendors: int
    catalog: CatalogFigures


def get_dashboard_summary(
    user: "User", vendor_id: int | None = None, moment: Moment = NOW
) -> DashboardSummary:
    """Figures over all the user's vendors, or one of them; a foreign one counts for nothing."""
    vendors = get_vendors_for_user(user)
    if vendor_id is not None:
        vendors = vendors.filter(pk=vendor_id)
    ids = list(vendors.order_by().values_list("pk", flat=True))
    return DashboardSummary(total_vendors=len(ids), catalog=get_catalog_figures(user, ids, moment))


@dataclass(frozen=True, kw_only=True)
class Valuation(ValuationFigures):
    """What the stock is worth, and what selling the rest of it has brought."""

    realised_gain: Decimal


def get_valuation(
    user: "User",
    *,
    vendor_id: int | None = None,
    currency: str = "",
    moment: Moment = NOW,
    months: int = 12,
) -> Valuation:
    """Of all the user's vendors, or one of them; in the currency of that one, or the active one's,
    unless named."""
    vendor_ids, currency = get_figures_scope(user, vendor_id, currency)
    figures = get_valuation_figures(vendor_ids, currency, moment, months)
    gain = get_realised_gain(vendor_ids, currency, moment)
    return Valuation(**vars(figures), realised_gain=gain)


def get_audit_logs_for_user(user: "User") -> AuditLogQuerySet:
    """The entries the user may read, newest first.

    All for staff of the platform; for others those of their shops, and what they did to their own
    account.
    """
    entries: AuditLogQuerySet = AuditLog.objects.all()
    if not user.pk:  # nobody, as the API's description is made for, without a database
        return entries.none()
    if not user.is_staff:
        # The ids first: with a list PostgreSQL walks the index of each shop, with a subquery all.
        vendor_ids = get_audited_vendors(user).values_list("pk", flat=True)
        entries = entries.concerning(vendor_ids, user.pk)
    return entries.order_by("-timestamp", "-id")
