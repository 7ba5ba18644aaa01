from vendors.api.views.abilities import abilities
from vendors.api.views.access_tokens import AccessTokenViewSet
from vendors.api.views.members import InviteViewSet, MemberViewSet
from vendors.api.views.settings import SystemSettingsView
from vendors.api.views.shops import VendorViewSet
from vendors.api.views.stores import StoreViewSet

__all__ = [
    "AccessTokenViewSet",
    "InviteViewSet",
    "MemberViewSet",
    "StoreViewSet",
    "SystemSettingsView",
    "VendorViewSet",
    "abilities",
]
