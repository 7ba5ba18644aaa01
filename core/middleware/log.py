"""The id of a request, and its line in the log."""

import logging
import os
import re
import time
from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import SimpleLazyObject

from core.context import request_origin
from core.headers import put
from core.logging import tell

GetResponse = Callable[[HttpRequest], HttpResponseBase]
_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_log = logging.getLogger("request")


class RequestLogMiddleware:
    """Gives the request its id (`X-Request-ID`, the caller's if it is sane) and one log line.

    Id and address of the client are what `core.context.current_origin` tells while it lasts.

    The query string, headers and bodies are not logged: they hold tokens and people's data.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        claimed = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = claimed if _SANE_ID.fullmatch(claimed) else os.urandom(16).hex()
        started = time.perf_counter()
        with request_origin(request, request_id):
            # All text is UTF-8, whatever `charset` the caller names: it could be `idna`.
            request._encoding = "utf-8"  # type: ignore[attr-defined]  # noqa: SLF001
            response = self.get_response(request)
            put(response, "X-Request-ID", request_id)  # nothing but letters that are sane
            tell(
                _log,
                "request",
                method=request.method,
                path=request.path,
                status=response.status_code,
                ms=round((time.perf_counter() - started) * 1000, 1),
                user_id=_user_id(request),
                request_id=request_id,
            )
        return response


def _user_id(request: HttpRequest) -> int | None:
    """Who signed in; nobody is looked up for the log's sake, who was not for the answer's."""
    user = request.__dict__.get("user")
    if isinstance(user, SimpleLazyObject):
        user = request.__dict__.get("_cached_user")
    return getattr(user, "pk", None)
