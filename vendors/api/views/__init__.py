from vendors.api.views.abilities import abilities
from vendors.api.views.members import InviteViewSet, MemberViewSet
from vendors.api.views.shops import VendorViewSet
from vendors.api.views.stores import StoreViewSet

__all__ = ["InviteViewSet", "MemberViewSet", "StoreViewSet", "VendorViewSet", "abilities"]
