"""Signing in by username or e-mail."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from users.models import User


class UsernameOrEmailBackend(ModelBackend):
    """Takes either as `username`; an unknown name costs as much time as a wrong password."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        if not username or password is None:
            return None
        # Somebody's username may be somebody else's address: the username goes first.
        found = list(User.objects.known_as(username)[:2])
        user = next((u for u in found if u.username == username), found[0] if found else None)
        if user is None:
            User().set_password(password)
            return None
        well = user.check_password(password) and self.user_can_authenticate(user)
        return user if well else None
