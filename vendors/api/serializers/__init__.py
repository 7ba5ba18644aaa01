from vendors.api.serializers.members import (
    AbilitiesSerializer,
    InviteSerializer,
    MemberChangesSerializer,
    MemberSerializer,
)
from vendors.api.serializers.shops import TransferSerializer, VendorSerializer
from vendors.api.serializers.stores import (
    ChosenSerializer,
    ChosenStoreSerializer,
    ChosenVendorSerializer,
    StoreSelectSerializer,
    StoreSerializer,
    VendorSelectSerializer,
)

__all__ = [
    "AbilitiesSerializer",
    "ChosenSerializer",
    "ChosenStoreSerializer",
    "ChosenVendorSerializer",
    "InviteSerializer",
    "MemberChangesSerializer",
    "MemberSerializer",
    "StoreSelectSerializer",
    "StoreSerializer",
    "TransferSerializer",
    "VendorSelectSerializer",
    "VendorSerializer",
]
