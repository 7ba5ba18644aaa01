from django.utils.translation import gettext_lazy as _

from core.exceptions import AppException, AuthenticationError, ForbiddenError, NotFoundError


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
