"""Limits that know our accounts."""

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from core.throttles import AccountLoginThrottle, LoginThrottle, network_of
from users.selectors import get_addresses_of


class SignInThrottle(AccountLoginThrottle):
    """Counts apart where the account has signed in before: strangers cannot lock its owner out.

    All other places share one count, so however many of them somebody has, it is no help.
    """

    def place(self, name: str, request: Request) -> str:
        here = self.get_ident(request)
        known = {network_of(address) for address in get_addresses_of(name)}
        return here if here in known else ""


class OwnPasswordThrottle(AccountLoginThrottle):
    """Counts per account for who is signed in: a token that was found or stolen must not do to find
    out the password, from however many places."""

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        return f"account {request.user.pk}" if request.user.is_authenticated else None


def password_throttles() -> list[BaseThrottle]:
    """Besides those of any call, for what is done by a password of one's own."""
    return [LoginThrottle(), OwnPasswordThrottle()]
