from users.api.serializers.accounts import (
    AccountDeletionSerializer,
    AvatarSerializer,
    MeSerializer,
    ProfileSerializer,
    RegisterSerializer,
)
from users.api.serializers.administrators import AdministratorSerializer
from users.api.serializers.passwords import (
    AddressSerializer,
    AvailabilitySerializer,
    EmailTokenSerializer,
    PasswordChangeSerializer,
    PasswordResetSerializer,
)
from users.api.serializers.salespeople import SalespersonSerializer
from users.api.serializers.tokens import (
    RefreshSerializer,
    SessionSerializer,
    TokenPairSerializer,
    TokenRequestSerializer,
    TokenVerifySerializer,
)

__all__ = [
    "AccountDeletionSerializer",
    "AddressSerializer",
    "AdministratorSerializer",
    "AvailabilitySerializer",
    "AvatarSerializer",
    "EmailTokenSerializer",
    "MeSerializer",
    "PasswordChangeSerializer",
    "PasswordResetSerializer",
    "ProfileSerializer",
    "RefreshSerializer",
    "RegisterSerializer",
    "SalespersonSerializer",
    "SessionSerializer",
    "TokenPairSerializer",
    "TokenRequestSerializer",
    "TokenVerifySerializer",
]
