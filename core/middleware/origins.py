"""Answers that pages of other origins may read (CORS)."""

from corsheaders.middleware import CorsMiddleware as LibraryMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from core.headers import vary_on


class CorsMiddleware(LibraryMiddleware):
    """The library's; who names no origin is only told that it would matter."""

    def add_response_headers(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        # What the library found out when the request came.
        if "HTTP_ORIGIN" in request.META or not vars(request)["_cors_enabled"]:
            return super().add_response_headers(request, response)
        vary_on(response, "origin")
        return response
