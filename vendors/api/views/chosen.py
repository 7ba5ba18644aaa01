from typing import TYPE_CHECKING, Any

from rest_framework.response import Response

from vendors.api.serializers import ChosenSerializer
from vendors.selectors import get_active_store

if TYPE_CHECKING:
    from users.models import User


def chosen(user: "User", vendor: Any) -> Response:
    """Where the user works now, as `auth/me/` tells it."""
    where = {"active_vendor": vendor, "active_store": get_active_store(user, vendor)}
    return Response(ChosenSerializer(where).data)
