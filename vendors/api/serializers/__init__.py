from vendors.api.serializers.access_tokens import (
    AccessTokenSerializer,
    NewAccessTokenSerializer,
)
from vendors.api.serializers.fields import VendorField
from vendors.api.serializers.members import (
    AbilitiesSerializer,
    InviteSerializer,
    MemberChangesSerializer,
    MemberSerializer,
)
from vendors.api.serializers.settings import (
    SettingsChangesSerializer,
    SettingsSerializer,
    WhoseSerializer,
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
    "AccessTokenSerializer",
    "ChosenSerializer",
    "ChosenStoreSerializer",
    "ChosenVendorSerializer",
    "InviteSerializer",
    "MemberChangesSerializer",
    "MemberSerializer",
    "NewAccessTokenSerializer",
    "SettingsChangesSerializer",
    "SettingsSerializer",
    "StoreSelectSerializer",
    "StoreSerializer",
    "TransferSerializer",
    "VendorField",
    "VendorSelectSerializer",
    "VendorSerializer",
    "WhoseSerializer",
]
