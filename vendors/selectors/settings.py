"""Reading: what is settled, by a shop, else by the platform, else by us."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import F, Subquery
from django.db.models.functions import Coalesce

from core.exceptions import ForbiddenError, NotFoundError
from core.prepared import prepared
from core.reading import get_row
from vendors.models import BUILT_IN, INHERITED, OF_THE_SHOP, SystemSettings, Vendor
from vendors.selectors.shops import get_active_vendor, get_role

if TYPE_CHECKING:
    from users.models import User


_SETTLED = f"effective_{INHERITED[0]}"


@dataclass(frozen=True)
class ShopSettings:
    """What holds, wherever it was settled."""

    currency: str
    require_if_match: bool
    low_stock_threshold: int
    order_expiry_minutes: int
    default_tax_rate: Decimal
    order_confirmations: bool


@dataclass(frozen=True)
class SettingsSheet(ShopSettings):
    """The same for who edits them: `inherited` are those that come from above."""

    vendor_id: int | None
    version: int
    inherited: list[str]
    updated_at: datetime | None

    @property
    def pk(self) -> int:
        """What names the sheet in entity tags; the platform's is 0."""
        return self.vendor_id or 0


def get_shop_settings(vendor_id: int) -> ShopSettings:
    """Of a closed shop too, for its orders still expire. Raises `NotFoundError`; one query."""
    for shop in _settled(vendor_id):
        return ShopSettings(**_effective(shop))
    raise NotFoundError


@prepared
def _settled(vendor_id: Any) -> Any:
    return with_settings(Vendor.all_objects).filter(pk=vendor_id)


def get_settings_of(shop: Vendor) -> ShopSettings:
    """As they were read with the shop, where that was chosen for a write; else they are asked."""
    return (
        ShopSettings(**_effective(shop)) if _SETTLED in vars(shop) else get_shop_settings(shop.pk)
    )


def get_platform_settings() -> ShopSettings:
    """What shops have that have settled nothing, and new ones begin with."""
    return ShopSettings(**_filled(SystemSettings.objects.filter(vendor=None).first()))


def get_settings_sheet(vendor_id: int | None) -> SettingsSheet:
    """The shop's, or without one the platform's. Raises `NotFoundError` for no open shop."""
    if vendor_id is None:
        row = SystemSettings.objects.filter(vendor=None).first()
        return _sheet(row, [*BUILT_IN], _filled(row))
    shop = _shop(vendor_id, Vendor.objects)
    row = getattr(shop, "own_settings", None)
    return _sheet(row, INHERITED, _effective(shop), shop)


def get_settings_for_user(
    user: "User", *, vendor_id: int | None = None, platform: bool = False
) -> SettingsSheet:
    """Those of the named shop, of the platform, else of the shop the user works in.

    Administrators of the platform who work in none get the platform's, which are for nobody else:
    `ForbiddenError`. Raises `NotFoundError` for who works nowhere, and for another's shop.
    """
    if platform:
        if not user.administers:
            raise ForbiddenError
        return get_settings_sheet(None)
    if vendor_id is not None:
        get_role(user, vendor_id)
        return get_settings_sheet(vendor_id)
    active = get_active_vendor(user)
    if active is None and not user.administers:
        raise NotFoundError
    return get_settings_sheet(active.pk if active else None)


def _shop(vendor_id: int, shops: Any) -> Any:
    return get_row(with_settings(shops).select_related("own_settings"), vendor_id)


def with_settings(shops: Any) -> Any:
    """With all that is settled for them."""
    platform = SystemSettings.objects.filter(vendor=None)
    known = {
        f"effective_{name}": Coalesce(F(f"own_settings__{name}"), Subquery(platform.values(name)))
        for name in INHERITED
    }
    return shops.annotate(**known)


def _effective(shop: Any) -> dict[str, Any]:
    own = {name: getattr(shop, name) for name in OF_THE_SHOP}
    return own | {
        name: _or_built_in(name, getattr(shop, f"effective_{name}")) for name in INHERITED
    }


def _filled(row: SystemSettings | None) -> dict[str, Any]:
    return {name: _or_built_in(name, getattr(row, name, None)) for name in BUILT_IN}


def _or_built_in(name: str, value: Any) -> Any:
    return BUILT_IN[name] if value is None else value


def _sheet(
    row: SystemSettings | None, inheritable: Any, effective: dict[str, Any], shop: Any = None
) -> SettingsSheet:
    written = [each.updated_at for each in (row, shop) if each]
    return SettingsSheet(
        **effective,
        vendor_id=shop.pk if shop else None,
        # A row that is not there is as good as one in which nothing is settled yet.
        version=row.version if row else 1,
        inherited=[name for name in inheritable if getattr(row, name, None) is None],
        updated_at=max(written, default=None),
    )
