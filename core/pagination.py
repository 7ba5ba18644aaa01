"""Pages of lists: `?page=2&page_size=50`."""

from typing import Any
from urllib.parse import urlsplit

from rest_framework.exceptions import ValidationError
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response


class StandardResultsSetPagination(PageNumberPagination):
    """20 rows a page, at most 100; links are relative, so no `Host` header can poison them."""

    page_size = 20
    page_size_query_param = "page_size"
    max_page_size = 100

    def get_page_size(self, request: Request) -> int | None:
        for name in ("page", "page_size"):
            text = request.query_params.get(name, "1")
            if not (text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text)):
                raise ValidationError({name: "Give a whole number from 1 up."})
        return super().get_page_size(request)

    def get_next_link(self) -> str | None:
        return _relative(super().get_next_link())

    def get_previous_link(self) -> str | None:
        return _relative(super().get_previous_link())

    def get_paginated_response(self, data: Any) -> Response:
        assert self.page is not None  # noqa: S101 (paginate_queryset ran before)
        return Response(
            {
                "count": self.page.paginator.count,
                "next": self.get_next_link(),
                "previous": self.get_previous_link(),
                "page": self.page.number,
                "page_size": self.page.paginator.per_page,
                "total_pages": self.page.paginator.num_pages,
                "results": data,
            }
        )

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri-reference"}
        number = {"type": "integer", "minimum": 0}
        return {
            "type": "object",
            "required": [
                "count",
                "next",
                "previous",
                "page",
                "page_size",
                "total_pages",
                "results",
            ],
            "properties": {
                "count": {**number, "example": 247},
                "next": {**link, "example": "/api/v1/catalog/items/?page=3"},
                "previous": {**link, "example": "/api/v1/catalog/items/"},
                "page": {**number, "example": 2},
                "page_size": {**number, "example": 20},
                "total_pages": {**number, "example": 13},
                "results": schema,
            },
        }


def _relative(link: str | None) -> str | None:
    return urlsplit(link)._replace(scheme="", netloc="").geturl() if link else None
