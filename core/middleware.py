"""What happens to every request before a view sees it."""

import re
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from typing import IO

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from core.context import request_origin
from core.problems import problem_response

GetResponse = Callable[[HttpRequest], HttpResponseBase]
# A body up to so many times the limit is taken in before it is refused; a larger one is cut off.
PATIENCE = 4
_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_log = structlog.get_logger("request")


class RequestLogMiddleware:
    """Gives the request its id (`X-Request-ID`, the caller's if it is sane) and one log line.

    Id and address of the client are what `core.context.current_origin` tells while it lasts.

    The query string, headers and bodies are not logged: they hold tokens and people's data.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        claimed = request.headers.get("X-Request-ID", "")
        request_id = claimed if _SANE_ID.fullmatch(claimed) else uuid.uuid4().hex
        started = time.perf_counter()
        with (
            structlog.contextvars.bound_contextvars(request_id=request_id),
            request_origin(request, request_id),
        ):
            # All text is UTF-8, whatever `charset` the caller names: it could be `idna`.
            request._encoding = "utf-8"  # type: ignore[attr-defined]  # noqa: SLF001
            response = self.get_response(request)
            response["X-Request-ID"] = request_id
            _log.info(
                "request",
                method=request.method,
                path=request.path,
                status=response.status_code,
                ms=round((time.perf_counter() - started) * 1000, 1),
                user_id=_user_id(request),
            )
        return response


def _user_id(request: HttpRequest) -> int | None:
    """Who signed in; nobody is looked up for the log's sake, who was not for the answer's."""
    user = request.__dict__.get("user")
    if isinstance(user, SimpleLazyObject):
        user = request.__dict__.get("_cached_user")
    return getattr(user, "pk", None)


class RequestSizeLimitMiddleware:
    """Refuses bodies above `MAX_REQUEST_SIZE` with 413, also those that do not tell their size.

    Django reads nothing of a chunked body, for it has no Content-Length: it would arrive empty
    and the caller be told 200. So it is read here, up to the limit, and gets its length.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.max_size: int = settings.MAX_REQUEST_SIZE

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        length = request.META.get("CONTENT_LENGTH") or ""
        stream = request.META.get("wsgi.input") or request._stream  # noqa: SLF001
        if length.isascii() and length.isdigit() and float(length) > self.max_size:
            if float(length) <= self.max_size * PATIENCE:
                self._discard(stream)
            return _refusal(413, "request_too_large", _("Request too large"))
        if "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
            return self._read(request, stream) or self.get_response(request)
        return self.get_response(request)

    def _read(self, request: HttpRequest, stream: IO[bytes]) -> HttpResponse | None:
        try:
            body = stream.read(self.max_size + 1)
        except Exception:
            return _refusal(400, "bad_request", _("The request is not valid HTTP."))
        if len(body) > self.max_size:
            self._discard(stream)
            return _refusal(413, "request_too_large", _("Request too large"))
        request.META["CONTENT_LENGTH"] = str(len(body))
        request._stream = BytesIO(body)  # noqa: SLF001
        return None

    def _discard(self, stream: IO[bytes]) -> None:
        """Who is still sending would see a broken line instead of the answer."""
        left = self.max_size * PATIENCE
        with suppress(Exception):
            while left > 0 and (piece := stream.read(min(left, 64 * 1024))):
                left -= len(piece)


def _refusal(status: int, code: str, detail: str) -> HttpResponse:
    response = problem_response(status, code, detail)
    response["Connection"] = "close"  # the rest of the body is not read
    return response
