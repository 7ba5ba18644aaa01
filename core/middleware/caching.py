"""Who may keep an answer."""

from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase

from core.headers import put, vary_on
from core.middleware.log import GetResponse

KEPT = "private, no-cache"
NOT_KEPT = "private, no-store"
SAFE = {"GET", "HEAD"}


class CacheHeadersMiddleware:
    """Says what a view has not said: answers are the reader's own.

    What was read may be kept and asked for again (`If-None-Match`); the answer to anything else,
    and so every token and secret, may not be kept at all. A view calls `public` what is not the
    reader's own.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if "Cache-Control" not in response:
            put(response, "Cache-Control", KEPT if request.method in SAFE else NOT_KEPT)
        if "public" not in response["Cache-Control"] and not isinstance(response, FileResponse):
            vary_on(response, "Authorization", "Accept")
        return response
