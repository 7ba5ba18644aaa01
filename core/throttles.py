"""How many calls are served. The rates stand in `DEFAULT_THROTTLE_RATES`, by these scopes.

To Django REST framework they are throttles like any other. All of a request's are decided together
by `core.limits` when the first of them is asked: a refused request is counted under none.
"""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

from django.conf import settings
from django.utils.crypto import salted_hmac
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle, SimpleRateThrottle

from core.context import client_address
from core.fields import read_code
from core.limits import UNLIMITED, Decision, Policy, decide
from core.limits.rules import Demand, Streak, Window
from core.memory import recall
from core.requests import is_first_party

if TYPE_CHECKING:  # rest_framework.views reads this module while it is being imported
    from rest_framework.views import APIView

DAY = 86_400


class _Switchable(SimpleRateThrottle):
    """Reads its rate when it is used, and does nothing while `RATE_LIMIT_ENABLED` is off."""

    name = ""  # what callers know it by, when that is not its scope
    first_party_scope = ""  # the scope for sessions of our own front ends, when it is another
    stored = False  # counted in the database while Redis is away

    def __init__(self) -> None:
        """DRF's reads the rate here, where nobody knows yet who calls."""

    def allow_request(self, request: Request, view: "APIView") -> bool:
        decision = _decided(request) or admit(request, view.get_throttles(), view)
        if decision.allowed:
            return True
        own = [each for each in decision.verdicts if each.policy.source is type(self)]
        refused = any(not each.remaining for each in own)
        self._wait = own[0].reset if refused else None
        return not refused

    def wait(self) -> float | None:
        return self._wait

    def get_cache_key(self, request: Request, view: "APIView") -> str | None:
        """Whose limit it is: the account's, or the address's of who is not signed in."""
        user = request.user
        return self.whose(user.pk if user.is_authenticated else self.get_ident(request))

    def whose(self, ident: object) -> str:
        return self.cache_format % {"scope": self.scope, "ident": ident}

    def get_ident(self, request: Request) -> str:
        """The address the audit log has; of IPv6 the network that one customer is given whole."""
        return network_of(client_address(request))

    def policy(self, request: Request, view: Any) -> Policy | None:
        """What the request is limited to; None when this limit is not for it."""
        whose = self.get_cache_key(request, view)
        if whose is None:
            return None
        scope = self.scope or ""
        if self.first_party_scope and is_first_party(request):
            scope = self.first_party_scope
        rates: Any = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]
        return self._policy(scope, rates[scope], whose)

    @classmethod
    @lru_cache(maxsize=2000)
    def _policy(cls, scope: str, rate: str, whose: str) -> Policy | None:
        """The same at each call of a caller, and so made once."""
        throttle = cls()
        quota, seconds = throttle.parse_rate(rate)
        if quota is None or seconds is None:
            return None
        # Redis has no need to know who calls.
        unnamed = salted_hmac("core.throttles", whose, algorithm="sha256").hexdigest()[:32]
        demands = throttle.demands(f"{scope}:{unnamed}", quota, seconds)
        return Policy(cls.name or scope, quota, seconds, demands, cls, cls.stored)

    def demands(self, key: str, quota: int, seconds: int) -> tuple[Demand, ...]:
        return (Demand(key, Window(quota, seconds)),)


def admit(
    request: Request, throttles: Iterable[BaseThrottle], view: Any = None, *, count: bool = True
) -> Decision:
    """Decide all the limits of a request, once; its answer tells of them.

    Without `count` it is only asked how its caller stands.
    """
    ours = [each for each in throttles if isinstance(each, _Switchable)]
    decision = UNLIMITED
    if settings.RATE_LIMIT_ENABLED and (policies := _policies(request, ours, view)):
        decision = decide(policies, count=count)
    request._request.limits = decision  # type: ignore[attr-defined]  # noqa: SLF001
    return decision


def _policies(request: Request, throttles: list[_Switchable], view: Any) -> list[Policy]:
    """Of whoever is signed in and is limited by nothing else, the same at each call."""

    def make() -> list[Policy]:
        return [policy for each in throttles if (policy := each.policy(request, view))]

    kinds = tuple(map(type, throttles))
    if not (_OF_CALLERS.issuperset(kinds) and request.user.is_authenticated):
        return make()
    rates: Any = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]
    key = (request.user.pk, is_first_party(request), kinds, *rates.values())
    return recall(_known, key, make, 2000)


def forgive(request: Request) -> None:
    """Who has proved to be somebody need not wait for the failures before."""
    if decision := _decided(request):
        decision.forgive()


def _decided(request: Request) -> Decision | None:
    return getattr(request._request, "limits", None)  # noqa: SLF001


@lru_cache(maxsize=2000)
def network_of(address: str | None) -> str:
    """Whom an address stands for: itself, or the /64 network of an IPv6 address."""
    if not address or ip_address(address).version == 4:
        return address or ""
    return str(ip_network(f"{address}/64", strict=False))


class AnonThrottle(_Switchable):
    """Per address, for who is not signed in."""

    scope = "anon"

    def get_cache_key(self, request: Request, view: "APIView") -> str | None:
        return None if request.user.is_authenticated else super().get_cache_key(request, view)


class UserThrottle(_Switchable):
    """Per account, over the hour."""

    scope = "user"
    first_party_scope = "first_party"

    def get_cache_key(self, request: Request, view: "APIView") -> str | None:
        return super().get_cache_key(request, view) if request.user.is_authenticated else None


class BurstThrottle(_Switchable):
    """Per account or address, over the minute."""

    scope = "burst"
    first_party_scope = "first_party_burst"


_OF_CALLERS = frozenset({AnonThrottle, UserThrottle, BurstThrottle})
_known: dict[Any, list[Policy]] = {}


class _PerAddress(_Switchable):
    """For doors: they stay limited across processes while Redis is away."""

    stored = True

    def get_cache_key(self, request: Request, view: "APIView") -> str | None:
        return self.whose(self.get_ident(request))


class LoginThrottle(_PerAddress):
    """Per address, for attempts to sign in."""

    scope = "login"


class AccountLoginThrottle(_Switchable):
    """Per name that somebody tries to sign in with, wherever from: many addresses share it.

    Failures in a row make the next one wait: a minute after the fifth, then 2, 4, 8 and 15. The
    name need not be anybody's, so that waiting tells nothing.
    """

    scope = "login"
    name = "account"
    stored = True
    DELAY, LONGEST = 60, 900

    def get_cache_key(self, request: Request, view: "APIView") -> str | None:
        given = request.data if isinstance(request.data, dict) else {}
        typed = str(given.get("username") or given.get("email") or "")
        # As the doors read it, which take off blanks and write signs in their usual form, and
        # without what the database cannot hold.
        name = normalize("NFKC", typed.replace("\0", "").strip())[:254]
        return f"name {name.lower()} {self.place(name, request)}" if name else None

    def place(self, name: str, request: Request) -> str:
        """Where the name is counted apart from all other places, if it is."""
        return ""

    def demands(self, key: str, quota: int, seconds: int) -> tuple[Demand, ...]:
        streak = Streak(quota, self.DELAY, self.LONGEST, DAY)
        return (*super().demands(key, quota, seconds), Demand(f"streak:{key}", streak))


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
    name = "one_access_token"
    stored = True

    def get_cache_key(self, request: Request, view: "APIView") -> str | None:
        given = request.data if isinstance(request.data, dict) else {}
        code = read_code(str(given.get("access_token") or "").strip())
        return f"token {code}" if code else None


class InviteThrottle(_Switchable):
    """Per account, for invitations: each is a mail to somebody who did not ask for it."""

    scope = "invite"
    stored = True
