"""Where the work at hand comes from: the request's id and the client's address."""

from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Any

from celery import current_task
from django.conf import settings


@dataclass(frozen=True)
class Origin:
    """Empty outside of requests: a command has neither, the worker its task's id alone."""

    request_id: str = ""
    ip_address: str | None = None


# The request at hand, and its id.
_request: ContextVar[tuple[Any, str]] = ContextVar("request", default=(None, ""))


class request_origin:  # noqa: N801 (for `with`)
    """For the time of the block `current_origin()` is this request, and lines in the log say its
    id."""

    def __init__(self, request: Any, request_id: str) -> None:
        self.told = request, request_id

    def __enter__(self) -> None:
        self.before = _request.set(self.told)

    def __exit__(self, *_error: object) -> None:
        _request.reset(self.before)


def current_request_id() -> str:
    """Empty outside of requests."""
    return _request.get()[1]


def current_origin() -> Origin:
    request, request_id = _request.get()
    if request is not None:
        return Origin(request_id, client_address(request))
    task: Any = current_task  # a proxy: false where no task is at work
    return Origin(request_id=str(task.request.id or "")) if task else Origin()


def client_address(request: Any) -> str | None:
    """Who connected, or whom the outermost of our own proxies says it was; None if unknown.

    `X-Forwarded-For` is whatever the client wrote, but for what `TRUSTED_PROXIES` proxies added at
    its end: only that many are counted back, and none of it is read without a proxy.
    """
    connected = _address(request.META.get("REMOTE_ADDR", ""))
    options: dict[str, Any] = settings.REST_FRAMEWORK
    proxies: int = options["NUM_PROXIES"]
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if not proxies or forwarded == [""]:
        return connected
    return _address(forwarded[-min(proxies, len(forwarded))]) or connected


@lru_cache(maxsize=2000)
def _address(text: str) -> str | None:
    """One spelling per address, without the zone, which means something to one machine only."""
    try:
        address = ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
