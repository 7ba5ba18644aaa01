"""Limits that know our accounts."""

from rest_framework.request import Request

from core.throttles import AccountLoginThrottle, network_of
from users.selectors import get_addresses_of


class SignInThrottle(AccountLoginThrottle):
    """Counts apart where the account has signed in before: strangers cannot lock its owner out.

    All other places share one count, so however many of them somebody has, it is no help.
    """

    def place(self, name: str, request: Request) -> str:
        here = self.get_ident(request)
        known = {network_of(address) for address in get_addresses_of(name)}
        return here if here in known else ""
