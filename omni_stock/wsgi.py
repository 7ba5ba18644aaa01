"""The WSGI entry point: `omni_stock.wsgi:application`."""

import os
from typing import Any

from django.core.handlers.wsgi import WSGIRequest
from django.core.wsgi import get_wsgi_application
from django.http import QueryDict
from django.utils.functional import cached_property
from django.utils.http import parse_header_parameters

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


application = get_wsgi_application()
application.request_class = Utf8Request
