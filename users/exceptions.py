from django.utils.translation import gettext_lazy as _

from core.exceptions import AuthenticationError, NotFoundError


class UserNotFoundError(NotFoundError):
    code = "user_not_found"
    detail = _("User not found")


class InvalidCredentialsError(AuthenticationError):
    """Wrong name, wrong password, locked account: the caller is not told which."""

    code = "invalid_credentials"
    detail = _("Invalid credentials")
