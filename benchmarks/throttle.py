"""What the limits cost a request, beside Django REST framework's own throttles, in one run.

    python -m scripts.services -- python -m benchmarks.throttle

Times hang on the machine; the ratio is what counts.
"""

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omni_stock.settings.local")
CALLS, ROUNDS = 300, 7


def main() -> None:
    """Both decide an hour's and a minute's limit, as every call of a signed-in account does."""
    django.setup()
    from django.conf import settings  # noqa: PLC0415
    from django.core.cache import caches  # noqa: PLC0415 - only now are there settings
    from rest_framework.request import Request  # noqa: PLC0415
    from rest_framework.test import APIRequestFactory  # noqa: PLC0415
    from rest_framework.throttling import UserRateThrottle  # noqa: PLC0415

    from core.throttles import BurstThrottle, UserThrottle, admit  # noqa: PLC0415
    from users.models import User  # noqa: PLC0415

    class Hour(UserRateThrottle):
        rate = "1000000/hour"

    class Minute(UserRateThrottle):
        scope, rate = "burst", "1000000/minute"

    rates: Any = settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]
    rates |= {"user": Hour.rate, "burst": Minute.rate}
    cache: Any = caches["default"]
    view: Any = None  # which these throttles do not ask
    request: Any = Request(APIRequestFactory().get("/"))
    request.user = User(pk=1)

    def theirs() -> None:
        for throttle in (Hour(), Minute()):
            throttle.allow_request(request, view)

    def ours() -> None:
        admit(request, [UserThrottle(), BurstThrottle()])

    print(f"{'calls before':>12} {'DRF':>10} {'ours':>10} {'DRF / ours':>11}   (per request)")
    for before in (0, 500, 1000):
        cache.delete_pattern("*")
        for _ in range(before):
            theirs()
            ours()
        costs = [_cost(theirs), _cost(ours)]
        shown = "".join(f"{cost * 1e6:>8.0f} µs" for cost in costs)
        print(f"{before:>12}{shown} {costs[0] / costs[1]:>11.1f}")


def _cost(act: Callable[[], None]) -> float:
    """Seconds for one, the median of some rounds."""
    return statistics.median(_round(act) for _ in range(ROUNDS))


def _round(act: Callable[[], None], calls: int = CALLS // ROUNDS) -> float:
    started = time.perf_counter()
    for _ in range(calls):
        act()
    return (time.perf_counter() - started) / calls


if __name__ == "__main__":
    main()
