"""Answers in gzip."""

import re

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

from core.middleware.caching import SAFE

# Pictures and XLSX are packed already.
_PAYS = re.compile(r"text/|application/(.*json|vnd\.oai\.openapi|yaml)")


class CompressionMiddleware(GZipMiddleware):
    """gzip where it pays, and never where the size could tell a secret (BREACH).

    Secrets are in answers to writing calls and in those that say `no-store`: these stay as they
    are. A stream is a table of data, which holds none.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if not _PAYS.match(response.get("Content-Type", "")) or _may_hold_a_secret(
            request, response
        ):
            return response
        return super().process_response(request, response)


def _may_hold_a_secret(request: HttpRequest, response: HttpResponseBase) -> bool:
    if response.streaming:
        return False
    return request.method not in SAFE or "no-store" in response.get("Cache-Control", "")
