"""Reading: who somebody is."""

from users.exceptions import UserNotFoundError
from users.models import User


def get_user(user_id: int) -> User:
    """Raises `UserNotFoundError`."""
    user: User | None = User.objects.select_related("active_vendor").filter(pk=user_id).first()
    if user is None:
        raise UserNotFoundError
    return user


def find_user(name: str) -> User | None:
    """By username or e-mail, for the command line."""
    user: User | None = User.objects.known_as(name).first()
    return user
