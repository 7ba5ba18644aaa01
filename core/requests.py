"""Who asks."""

from typing import TYPE_CHECKING

from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request

if TYPE_CHECKING:
    from users.models import User


def caller(request: Request) -> "User":
    """The signed-in account; without one the answer is 401, whatever the view allows."""
    if not request.user.is_authenticated:
        raise NotAuthenticated
    return request.user
