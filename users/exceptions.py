from django.utils.translation import gettext_lazy as _

from core.exceptions import (
    AppException,
    AuthenticationError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
)


class UserNotFoundError(NotFoundError):
    code = "user_not_found"
    detail = _("User not found")


class InvalidCredentialsError(AuthenticationError):
    """Wrong name, wrong password, locked account: the caller is not told which."""

    code = "invalid_credentials"
    detail = _("Invalid credentials")


class TokenNotValid(AuthenticationError):
    """Forged, expired, of another kind, or its account is gone."""

    code = "token_not_valid"
    detail = _("Token is invalid or expired")


class SessionEnded(AuthenticationError):
    """The token is ours, and what it stood for is over."""

    code = "session_ended"
    detail = _("This session has ended. Sign in again.")


class EmailNotVerified(ForbiddenError):
    """Name and password are right; this server asks for a verified address besides."""

    code = "email_not_verified"
    detail = _("Confirm your e-mail address first: follow the link that we have sent you.")


class LinkNotValid(AppException):
    """400. The token of a mail is unknown, was used, or has expired."""

    code = "link_not_valid"
    detail = _("This link is not valid, was used, or has expired. Ask for a new one.")


class OwnAccount(ConflictError):
    """Who pauses the own account could not take that back."""

    code = "own_account"
    detail = _("You cannot pause your own account: another administrator can.")


class LastAdministrator(ConflictError):
    """There would be nobody left to administer the platform."""

    code = "last_administrator"
    detail = _("This is the last administrator: make another one first.")


class OwnsVendors(ConflictError):
    """An open shop always has an owner; `vendors` are the ids of those that are in the way."""

    code = "owns_vendors"
    detail = _("The account owns open shops: give them to a member or close them first.")

    def __init__(self, vendor_ids: list[int]) -> None:
        super().__init__(vendors=vendor_ids)
