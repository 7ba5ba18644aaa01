"""How many calls are served. The rates stand in `DEFAULT_THROTTLE_RATES`, by these scopes."""

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.crypto import salted_hmac
from rest_framework.request import Request
from rest_framework.throttling import AnonRateThrottle, SimpleRateThrottle, UserRateThrottle

from core.context import client_address
from core.fields import read_code

if TYPE_CHECKING:  # rest_framework.views reads this module while it is being imported
    from rest_framework.views import APIView


class _Switchable(SimpleRateThrottle):
    """Reads its rate when it is used, and does nothing while `RATE_LIMIT_ENABLED` is off."""

    def get_rate(self) -> str | None:
        if not settings.RATE_LIMIT_ENABLED:
            return None
        rates: Any = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]
        return str(rates[self.scope])

    def get_ident(self, request: Request) -> str:
        """The address the audit log has, too."""
        return client_address(request) or ""


class AnonThrottle(_Switchable, AnonRateThrottle):
    """Per address, for who is not signed in."""


class UserThrottle(_Switchable, UserRateThrottle):
    """Per account, over the hour."""


class BurstThrottle(_Switchable, UserRateThrottle):
    """Per account or address, over the minute."""

    scope = "burst"


class _PerAddress(_Switchable):
    def get_cache_key(self, request: Request, view: "APIView") -> str | None:
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}


class LoginThrottle(_PerAddress):
    """Per address, for attempts to sign in."""

    scope = "login"


class AccountLoginThrottle(_Switchable):
    """Per name that somebody tries to sign in with, wherever from: many addresses share it."""

    scope = "login"

    def get_cache_key(self, request: Request, view: "APIView") -> str | None:
        given = request.data if isinstance(request.data, dict) else {}
        name = str(given.get("username") or given.get("email") or "").strip().lower()
        ident = "name-" + sha256(name.encode(errors="replace")).hexdigest()
        return self.cache_format % {"scope": self.scope, "ident": ident} if name else None


class SignupThrottle(_PerAddress):
    """Per address, for new accounts."""

    scope = "signup"


class CodeThrottle(_PerAddress):
    """Per address, for links and codes by mail: asking for one, and using one."""

    scope = "code"


class CheckEmailThrottle(_PerAddress):
    """Per address, for asking whether an e-mail address is taken."""

    scope = "check_email"


class AccessTokenThrottle(_PerAddress):
    """Per address, for coming in by a shop's sign-up token."""

    scope = "access_token"


class OneAccessTokenThrottle(_Switchable):
    """Per sign-up token, wherever from: who has one must not try passwords with it."""

    scope = "access_token"

    def get_cache_key(self, request: Request, view: "APIView") -> str | None:
        given = request.data if isinstance(request.data, dict) else {}
        code = read_code(str(given.get("access_token") or ""))
        # Keyed: who can read the cache must not be able to try out what was typed.
        ident = f"token-{salted_hmac(self.scope, code, algorithm='sha256').hexdigest()}"
        return self.cache_format % {"scope": self.scope, "ident": ident} if code else None


class InviteThrottle(_Switchable, UserRateThrottle):
    """Per account, for invitations: each is a mail to somebody who did not ask for it."""

    scope = "invite"
