"""Pages of lists: by number in v1 (`?page=2&page_size=50`), by cursor in v2 (`?cursor=…`)."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from math import ceil
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.core.exceptions import ValidationError as ModelValidationError
from django.core.signing import BadSignature
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import BasePagination, PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response

from core.cursors import CursorSigner
from core.exceptions import InvalidCursor
from core.keyset import Keyset, first_rows
from core.links import Links
from core.memory import recall
from core.paging import PagedQuerySet
from core.prepared import Given, Sql
from core.requests import parameters_of

# Of so many pages of the same question the SQL is kept; few are looked at again.
MOST_PAGES = 20
_NUMBER = {"type": "integer", "minimum": 1, "maximum": 10**9 - 1}
_LINK = {"type": ["string", "null"], "format": "uri-reference"}


class _Pages(BasePagination):
    """Makes answers of pages, and for who writes them himself what is in them."""

    ends: Mapping[str, str] = {}
    envelope: Callable[[Any], dict[str, Any]]

    def enveloped(self, data: Any) -> tuple[dict[str, Any], dict[str, str]]:
        """And the headers of the answer: the links stand there too (RFC 8288)."""
        envelope = self.envelope(data)
        links = {**self.ends, "prev": envelope["previous"], "next": envelope["next"]}
        told = ", ".join([f'<{link}>; rel="{name}"' for name, link in links.items() if link])
        return envelope, {"Link": told} if told else {}

    def get_paginated_response(self, data: Any) -> Response:
        envelope, headers = self.enveloped(data)
        return Response(envelope, headers=headers)


class StandardResultsSetPagination(_Pages, PageNumberPagination):
    """20 rows a page, at most 100."""

    page_size = 20
    page_size_query_param = "page_size"
    max_page_size = 100
    parameters = frozenset({"page", "page_size"})

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        self.number, self.size = self.asked_of(request)
        self.links = Links(request, "page")
        self.count = _count(queryset, view)
        self.last = max(1, ceil(self.count / self.size))
        if self.number > self.last:
            raise NotFound(self.invalid_page_message)
        start = (self.number - 1) * self.size
        return self._read(queryset, view, start, min(start + self.size, self.count))

    @classmethod
    def asked_of(cls, request: Request) -> tuple[int, int]:
        """Which page, and how many rows of it."""
        numbers = []
        for name, usual in (("page", 1), ("page_size", cls.page_size)):
            text = request.query_params.get(name, str(usual))
            if not (text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text)):
                raise ValidationError({name: _("Give a whole number from 1 up.")})
            numbers.append(int(text))
        return numbers[0], min(numbers[1], cls.max_page_size)

    def _read(self, rows: Any, view: Any, start: int, stop: int) -> list[Any]:
        if not isinstance(rows, PagedQuerySet):
            return _read(rows[start:stop], view)
        rows = rows.counted(self.count)
        if not _keeps(rows, view):
            return _read(rows.page(start, stop), view)
        if stop <= start:
            return []
        # The last page is asked for in the words of a full one, lest each length had its own.
        end = start + self.size
        key = (start, end, rows.is_read_to(end), rows.is_of_many)
        return _read_kept(rows, key, partial(rows.page, start, end), view, {})[: stop - start]

    @property
    def ends(self) -> Mapping[str, str]:  # type: ignore[override]
        if self.last == 1:
            return {}
        return {"first": self.links.without(), "last": self.links.to(self.last)}

    def envelope(self, data: Any) -> dict[str, Any]:
        links, number, first = self.links, self.number, self.links.without()
        return {
            "count": self.count,
            "next": links.to(number + 1) if number < self.last else None,
            "previous": None if number == 1 else first if number == 2 else links.to(number - 1),
            "page": number,
            "page_size": self.size,
            "total_pages": self.last,
            "results": data,
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        return [{**parameter, "schema": _NUMBER} for parameter in parameters]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        number = {"type": "integer", "minimum": 0}
        properties = {
            "count": {**number, "example": 247},
            "next": {**_LINK, "example": "/api/v1/catalog/items/?page=3"},
            "previous": {**_LINK, "example": "/api/v1/catalog/items/"},
            "page": {**number, "example": 2},
            "page_size": {**number, "example": 20},
            "total_pages": {**number, "example": 13},
            "results": schema,
        }
        return {"type": "object", "required": list(properties), "properties": properties}


class KeysetPagination(_Pages):
    """Pages that begin after a row: the same cost at any depth, no count, nothing twice.

    A cursor is signed for its address, order and filters, so it fits nowhere else and cannot be
    made up. It holds no more than the values of a row that its reader saw.
    """

    parameters = frozenset({"cursor", "page_size"})

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        _page, size = StandardResultsSetPagination.asked_of(request)
        self.links = Links(request, "cursor")
        # What is no table's rows has an order of its own.
        self.keyset = getattr(queryset, "keyset", None) or _keyset_of(queryset)
        self.signer = CursorSigner(salt=_asked(request, self.keyset), sep="~")
        backwards, values = self._read(request.query_params.get("cursor", ""))
        found = self._found(queryset, view, backwards, values, size + 1)
        rows, more, began = found[:size], len(found) > size, values is not None
        self.rows = rows[::-1] if backwards else rows
        self.has_next, self.has_previous = (began, more) if backwards else (more, began)
        return self.rows

    def envelope(self, data: Any) -> dict[str, Any]:
        # Where a page is empty, the other end of the list is what lies next to it.
        after = [False, *self.keyset.position(self.rows[-1])] if self.rows else [False]
        before = [True, *self.keyset.position(self.rows[0])] if self.rows else [True]
        return {
            "next": self._link(after) if self.has_next else None,
            "previous": self._link(before) if self.has_previous else None,
            "results": data,
        }

    def _found(
        self, queryset: Any, view: Any, backwards: bool, values: list[Any] | None, count: int
    ) -> list[Any]:
        order = self.keyset.reversed() if backwards else self.keyset
        if not (_keeps(queryset, view) and order.is_one_range):
            return _read(first_rows(order.beyond(queryset, values), count), view)
        given = {f"after{place}": value for place, value in enumerate(values or ())}

        def page() -> Any:
            return first_rows(order.beyond(queryset, [*map(Given, given)] or None), count)

        key = (backwards, values is None, count)
        return _read_kept(queryset, key, page, view, given)

    def _read(self, cursor: str) -> tuple[bool, list[Any] | None]:
        """Which way, and the values from where; without any from the end of the list."""
        if not cursor:
            return False, None
        try:
            backwards, *position = self.signer.unsign_object(cursor)
            values = self.keyset.read(position or [None] * len(self.keyset.terms))
        except (BadSignature, ModelValidationError, ValueError) as error:
            raise InvalidCursor from error
        return backwards, values if position else None

    def _link(self, position: list[Any]) -> str:
        if position == [False]:
            return self.links.without()
        return self.links.to(self.signer.sign_object(position))

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        where = "Where the page begins: from `next` or `previous`, as it is."
        described = {
            "cursor": ({"type": "string"}, where),
            "page_size": (_NUMBER, "How many rows, at most 100."),
        }
        return [
            {"name": name, "in": "query", "required": False, "description": text, "schema": kind}
            for name, (kind, text) in described.items()
        ]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = "/api/v2/catalog/items/?cursor=W2ZhbHNlLDE4XQ~Zm9y"
        properties = {
            "next": {**_LINK, "example": link},
            "previous": {**_LINK, "example": None},
            "results": schema,
        }
        return {"type": "object", "required": list(properties), "properties": properties}


PAGINATION: dict[str | None, Any] = {"v1": StandardResultsSetPagination, "v2": KeysetPagination}


class VersionedPagination(BasePagination):
    """What every list has without asking: the pages of the version that was called."""

    pages: Any

    def of_version(self, version: str | None) -> "VersionedPagination":
        self.pages = PAGINATION[version]()
        return self

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        return self.of_version(request.version).pages.paginate_queryset(queryset, request, view)

    def enveloped(self, data: Any) -> tuple[dict[str, Any], dict[str, str]]:
        told: tuple[dict[str, Any], dict[str, str]] = self.pages.enveloped(data)
        return told

    def get_paginated_response(self, data: Any) -> Response:
        response: Response = self.pages.get_paginated_response(data)
        return response

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = self.pages.get_schema_operation_parameters(view)
        return parameters

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        envelope: dict[str, Any] = self.pages.get_paginated_response_schema(schema)
        return envelope


def _count(rows: Any, view: Any) -> int:
    known = getattr(rows, "known_count", None)
    count_of = getattr(view, "count_of", type(rows).count)
    return int(count_of(rows)) if known is None else known


def _read(rows: Any, view: Any) -> list[Any]:
    """The rows, by the view's own `read_rows` of a query for their keys if it has one.

    Finding rows and reading them apart is quicker than both at once: what is found in the order
    of an index needs no table, and what is read by its key is asked for in the same words always.
    """
    read = getattr(view, "read_rows", None)
    if read is None or not isinstance(rows, QuerySet) or rows.query.annotations:
        return list(rows)
    found: list[Any] = read(rows.prefetch_related(None).values_list("pk", flat=True))
    return found


def _read_kept(
    rows: Any, key: Any, page: Callable[[], Any], view: Any, given: Mapping[str, Any]
) -> list[Any]:
    """As `_read` of rows that are kept: the SQL of a page is made once, for any values."""

    def make() -> Sql:
        return Sql.of(page().prefetch_related(None).values_list("pk", flat=True))

    try:
        sql = recall(rows.memory, key, make, MOST_PAGES)
    except EmptyResultSet:
        return []
    found: list[Any] = view.read_rows(sql.given({**(rows.given or {}), **given}))
    return found


def _keeps(rows: Any, view: Any) -> bool:
    return getattr(rows, "memory", None) is not None and hasattr(view, "read_rows")


def _keyset_of(rows: Any) -> Keyset:
    memory = getattr(rows, "memory", None)
    return Keyset.of(rows) if memory is None else recall(memory, Keyset, partial(Keyset.of, rows))


def _asked(request: Request, keyset: Keyset) -> str:
    """What a cursor is good for: this address, in this order, with these filters."""
    filters = sorted(parameters_of(request, KeysetPagination.parameters).items())
    return json.dumps([request.path, [str(term) for term in keyset.terms], filters])
