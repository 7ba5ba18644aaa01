"""Headers that we put on answers: ours are in order, and are not looked at again.

Django takes each apart for line breaks and letters, at every answer; and lists them by looking each
up by its name. With a dozen headers that is a tenth of what a call of the API costs in Python.
"""

from collections.abc import Mapping, ValuesView
from functools import lru_cache

from django.http import HttpResponse
from django.http.response import HttpResponseBase, ResponseHeaders
from django.utils.cache import patch_vary_headers


class ReadyHeaders(ResponseHeaders):
    """Those of an answer that is ready."""

    def __init__(self, headers: ResponseHeaders) -> None:
        self._store: dict[str, tuple[str, str]] = headers._store  # noqa: SLF001

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> "ReadyHeaders":
        made = cls.__new__(cls)
        store = {name.lower(): (name, value) for name, value in headers.items()}
        made._store = store  # noqa: SLF001 (its own)
        return made

    def items(self) -> ValuesView[tuple[str, str]]:  # type: ignore[override]
        return self._store.values()

    def take(self, others: "ReadyHeaders") -> None:
        self._store.update(others._store)  # noqa: SLF001


def put(response: HttpResponseBase, name: str, value: str) -> None:
    """A header with words of our own; what a caller sent is for Django to look at."""
    response.headers._store[name.lower()] = (name, value)  # noqa: SLF001


def vary_on(response: HttpResponseBase, *names: str) -> None:
    """As Django's `patch_vary_headers`."""
    put(response, "Vary", _vary(response.headers.get("Vary"), names))


@lru_cache(maxsize=1000)
def _vary(told: str | None, names: tuple[str, ...]) -> str:
    response = HttpResponse(headers={} if told is None else {"Vary": told})
    patch_vary_headers(response, names)
    return response["Vary"]
