"""The WSGI entry point: `omni_stock.wsgi:application`."""

import os
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.utils.functional import cached_property
from django.utils.http import parse_header_parameters
from django.utils.log import log_response

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omni_stock.settings.production")


class Query(QueryDict):
    """Django's, which asks of each value six times what kind of text it is."""

    def appendlist(self, key: Any, value: Any) -> None:
        self._assert_mutable()  # type: ignore[attr-defined]
        dict.setdefault(self, key, []).append(value)  # type: ignore[misc]


class Utf8Request(WSGIRequest):
    """Reads the query as UTF-8, whatever `charset` the caller names for the body.

    Django would decode it by that name before any middleware runs: `charset=zlib` was a 500.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        content_type = meta.get("CONTENT_TYPE", "")
        self.content_type, self.content_params = parse_header_parameters(content_type)

    @cached_property
    def GET(self) -> Any:  # type: ignore[override]  # noqa: N802 (Django's name)
        return Query(self.environ.get("QUERY_STRING", "").encode("iso-8859-1"), encoding="utf-8")


class Handler(WSGIHandler):
    request_class = Utf8Request

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        """Django's, but no thread is told each time which addresses there are: all have them."""
        response: Any = self._middleware_chain(request)  # type: ignore[attr-defined]
        response._resource_closers.append(request.close)  # noqa: SLF001
        if response.status_code >= 400:
            told = response.reason_phrase, request.path
            log_response("%s: %s", *told, response=response, request=request)
        return response


django.setup(set_prefix=False)
application = Handler()
