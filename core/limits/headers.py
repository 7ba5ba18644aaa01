"""What an answer says of its limits: `RateLimit` and `RateLimit-Policy` (IETF draft 11)."""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from core.headers import put
from core.limits import Decision

GetResponse = Callable[[HttpRequest], HttpResponseBase]


class RateLimitMiddleware:
    """Tells every policy that was applied to the request, and where the tightest stands."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        decision: Decision | None = getattr(request, "limits", None)
        if decision and decision.verdicts:
            tightest = decision.tightest
            told = ", ".join([verdict.policy.told for verdict in decision.verdicts])
            put(response, "RateLimit-Policy", told)
            stands = f'"{tightest.policy.name}";r={tightest.remaining};t={tightest.reset}'
            put(response, "RateLimit", stands)
        return response
