"""What comes with a request: not too much, unharmed, and unpacked."""

from contextlib import suppress
from tempfile import SpooledTemporaryFile
from typing import IO

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from core.content import (
    BodyTooLarge,
    Digests,
    UnknownEncoding,
    UnreadableBody,
    limited,
    pieces,
    unpacked,
)
from core.exceptions import AppException
from core.middleware.log import GetResponse
from core.problems import problem_response

# A body up to so many times the limit is taken in before it is refused; a larger one is cut off.
PATIENCE = 4


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
            return _closing(BodyTooLarge())
        if "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower():
            return self._measure(request, stream)
        return self.get_response(request)

    def _measure(self, request: HttpRequest, stream: IO[bytes]) -> HttpResponseBase:
        with _spool() as body:
            try:
                for piece in limited(pieces(stream), self.max_size):
                    body.write(piece)
            except UnreadableBody as refusal:
                return _closing(refusal)
            except BodyTooLarge as refusal:
                self._discard(stream)
                return _closing(refusal)
            _hand_over(request, body)
            return self.get_response(request)

    def _discard(self, stream: IO[bytes]) -> None:
        """Who is still sending would see a broken line instead of the answer."""
        left = self.max_size * PATIENCE
        with suppress(Exception):
            while left > 0 and (piece := stream.read(min(left, 64 * 1024))):
                left -= len(piece)


class RequestBodyMiddleware:
    """Checks a body against its `Content-Digest` and undoes its `Content-Encoding: gzip`.

    Both before any view runs: what does not read its body would not find out. What is unpacked
    may be as large as what comes plain.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.max_size: int = settings.MAX_REQUEST_SIZE

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        digest = request.META.get("HTTP_CONTENT_DIGEST", "")
        encoding = request.META.pop("HTTP_CONTENT_ENCODING", "")
        if not (digest or encoding):
            return self.get_response(request)
        with _spool() as body:
            try:
                self._take_in(request, Digests(digest), encoding, body)
            except AppException as refusal:
                return _answer(refusal)
            _hand_over(request, body)
            return self.get_response(request)

    def _take_in(
        self, request: HttpRequest, digests: Digests, encoding: str, body: IO[bytes]
    ) -> None:
        sent = digests.watch(pieces(request._stream))  # noqa: SLF001
        try:
            for piece in limited(unpacked(sent, encoding), self.max_size):
                body.write(piece)
        finally:
            # The digest is that of the whole, and says more than what the damage led to. And who
            # is still sending would see a broken line instead of the answer.
            for _rest in sent:
                pass
            digests.verify()


def _spool() -> IO[bytes]:
    """In memory as long as it is small, on disk beyond."""
    return SpooledTemporaryFile(max_size=settings.FILE_UPLOAD_MAX_MEMORY_SIZE)


def _hand_over(request: HttpRequest, body: IO[bytes]) -> None:
    """From here on this is what came."""
    request.META["CONTENT_LENGTH"] = str(body.tell())
    body.seek(0)
    request._stream = body  # type: ignore[assignment]  # noqa: SLF001


def _answer(refusal: AppException) -> HttpResponse:
    response = problem_response(refusal.status, refusal.code, refusal.detail)
    if isinstance(refusal, UnknownEncoding):
        response["Accept-Encoding"] = "gzip"
    return response


def _closing(refusal: AppException) -> HttpResponse:
    response = _answer(refusal)
    response["Connection"] = "close"  # the rest of the body is not read
    return response
