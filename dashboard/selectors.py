"""Looking at everything below, reading only."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inventory.selectors import CatalogFigures, get_catalog_figures
from vendors.selectors import get_vendors_for_user

if TYPE_CHECKING:
    from users.models import User


@dataclass(frozen=True)
class DashboardSummary:
    total_vendors: int
    catalog: CatalogFigures


def get_dashboard_summary(user: "User", vendor_id: int | None = None) -> DashboardSummary:
    """Figures over all the user's vendors, or one of them; a foreign one counts for nothing."""
    vendors = get_vendors_for_user(user)
    if vendor_id is not None:
        vendors = vendors.filter(pk=vendor_id)
    return DashboardSummary(
        total_vendors=vendors.count(), catalog=get_catalog_figures(user, vendor_id)
    )
