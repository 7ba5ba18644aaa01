"""What the tests of the limits share: rates, calls, and time that passes without waiting."""

from typing import Any

from django.core.cache import cache
from rest_framework.test import APIClient


def set_rates(settings: Any, **rates: str) -> None:
    old = settings.REST_FRAMEWORK
    rates = {**old["DEFAULT_THROTTLE_RATES"], **rates}
    settings.REST_FRAMEWORK = {**old, "DEFAULT_THROTTLE_RATES": rates}


def served(
    client: APIClient, calls: int, address: str = "/api/v1/catalog/items/", **extra: Any
) -> int:
    """How many of so many calls in a row were not refused for their number."""
    return [client.get(address, **extra).status_code for _ in range(calls)].count(200)


def pass_time(seconds: float) -> None:
    """Redis's clock is its own, so all that it has counted gets older instead."""
    redis: Any = cache.client.get_client()
    for key in redis.scan_iter(cache.make_key("limit:*")):
        left = redis.pttl(key) - seconds * 1000
        times = [int(time) - int(seconds * 1_000_000) for time in redis.lrange(key, 0, -1)]
        redis.delete(key)
        if left > 0:
            redis.rpush(key, *times)
            redis.pexpire(key, int(left))
