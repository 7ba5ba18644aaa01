"""What vendors hold: shops, their stores and people, and what they have settled."""

from vendors.models.settings import (
    BUILT_IN,
    INHERITED,
    MAX_EXPIRY_MINUTES,
    MAX_THRESHOLD,
    OF_THE_SHOP,
    SystemSettings,
)
from vendors.models.shops import (
    AccessToken,
    AccessTokenQuerySet,
    MemberQuerySet,
    StoreChoice,
    StoreQuerySet,
    Vendor,
    VendorMember,
    VendorQuerySet,
    VendorStore,
)

__all__ = [
    "BUILT_IN",
    "INHERITED",
    "MAX_EXPIRY_MINUTES",
    "MAX_THRESHOLD",
    "OF_THE_SHOP",
    "AccessToken",
    "AccessTokenQuerySet",
    "MemberQuerySet",
    "StoreChoice",
    "StoreQuerySet",
    "SystemSettings",
    "Vendor",
    "VendorMember",
    "VendorQuerySet",
    "VendorStore",
]
