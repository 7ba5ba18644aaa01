"""Filtering, searching and ordering of lists: what is not understood is a 400, never ignored."""

import copy
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import Any

from django import forms
from django.core.exceptions import ValidationError as FieldError
from django.db.models import QuerySet
from django.forms.utils import ErrorDict, ErrorList
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework.exceptions import ValidationError
from rest_framework.filters import OrderingFilter, SearchFilter
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.views import APIView

from core.pagination import PAGINATION
from core.requests import refuse_unknown

# What shows or writes one row looks for no others.
_ONE = {"retrieve", "update", "partial_update", "destroy"}


@extend_schema_field(OpenApiTypes.BOOL)
class FlagFilter(filters.TypedChoiceFilter):
    """`true` or `false`; django-filter's own takes any other word for no filter at all."""

    def __init__(self, **kwargs: Any) -> None:
        words = {"true": True, "false": False, "1": True, "0": False}
        kwargs |= {"choices": [(word, word) for word in words], "coerce": words.__getitem__}
        super().__init__(**kwargs)


@extend_schema_field(OpenApiTypes.INT)
class IntegerFilter(filters.NumberFilter):
    field_class: Any = forms.IntegerField

    def get_max_validator(self) -> None:
        """The database compares numbers of any size; nothing to refuse."""


class ShopFilter(IntegerFilter):
    """`vendor`: of a list's parts (`core.paging`) those of one shop are left."""

    def filter(self, rows: Any, value: int | None) -> Any:
        return rows if value is None else rows.of_vendor(value)


class ThingFilter(IntegerFilter):
    """One thing by its key, of which each row has one: what is another shop's than the thing is not
    looked through. The things' shop is found by `owner`."""

    def __init__(self, *, owner: str = "vendor", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.owner = owner

    def filter(self, rows: Any, value: int | None) -> Any:
        found: Any = super().filter(rows, value)
        return found if value is None else found.having_one(self.field_name, [value], self.owner)


class MomentField(IsoDateTimeField):
    """In UTC, whatever offset it is told in: PostgreSQL takes none of sixteen hours and more."""

    def clean(self, value: Any) -> datetime | None:
        told: datetime | None = super().clean(value)
        try:
            return told and told.astimezone(UTC)
        except OverflowError as error:
            raise FieldError(self.error_messages["invalid"], "invalid") from error


class MomentFilter(filters.IsoDateTimeFilter):
    field_class: Any = MomentField


class FilterSet(filters.FilterSet):
    """django-filter's, at the price of what is given.

    It copies all filters at every call, makes a form class of them and a form of that. Here only
    the filters that are given are bound to the call, and their fields are made once.
    """

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        every, self.base_filters = self.base_filters, {}
        super().__init__(*args, **kwargs)
        given = {name: each for name, each in every.items() if name in self.data}
        self.filters = {name: self._bound(each) for name, each in given.items()}

    def _bound(self: Any, each: Any) -> Any:
        own = copy.copy(each)
        own.model, own.parent = self.queryset.model, self
        own.method = each.method  # which is looked up at its own parent
        return own

    @cached_property
    def form(self) -> Any:
        return _Given(self)


@cache
def _fields(kind: Any) -> dict[str, forms.Field]:
    """What reads a filter's text, shared by all calls: reading changes nothing in it."""
    return {name: copy.deepcopy(each).field for name, each in kind.base_filters.items()}


class _Given:
    """As much of a form as filters ask for: the values that were given, and what is no value."""

    def __init__(self, asked: FilterSet) -> None:
        self.cleaned_data: dict[str, Any] = {}
        self.errors = ErrorDict()
        fields = _fields(type(asked))
        for name in asked.filters:
            field = fields[name]
            try:
                text = field.widget.value_from_datadict(asked.data, {}, name)
                self.cleaned_data[name] = field.clean(text)
            except FieldError as error:
                self.errors[name] = ErrorList(error.error_list)

    def is_valid(self) -> bool:
        return not self.errors


class StrictFilterBackend(DjangoFilterBackend):
    """django-filter, and a parameter nobody declared is refused by name.

    A view declares more of them as `extra_parameters`, and those of reads as `read_parameters`.
    """

    def filter_queryset(self, request: Any, queryset: QuerySet, view: Any) -> QuerySet:
        filterset_class = self.get_filterset_class(view, queryset)
        filters = set(filterset_class.base_filters if filterset_class else ())
        known = {"format", *getattr(view, "extra_parameters", ())}
        if getattr(view, "action", "") not in _ONE:
            known |= {"search", "ordering"} | filters
            if view.pagination_class:
                known |= PAGINATION[request.version].parameters
        if request.method in SAFE_METHODS:
            known |= set(getattr(view, "read_parameters", ()))
        refuse_unknown(request, known)
        if filters.isdisjoint(request.query_params):
            return queryset
        return super().filter_queryset(request, queryset, view)


def _no_such(parameter: str) -> ValidationError:
    """What other lists know, this one does not: rows that were not chosen must not look chosen."""
    return ValidationError({parameter: _("There is no such parameter.")})


class TextSearchFilter(SearchFilter):
    """`?search=` by the QuerySet's own verb `search`, which has an index behind it."""

    max_length = 200

    def filter_queryset(self, request: Request, queryset: QuerySet, view: APIView) -> QuerySet:
        if not request.query_params.get(self.search_param, "").strip():
            return queryset
        if not self.get_search_fields(view, request):
            raise _no_such(self.search_param)
        return queryset.search(self.read_text(request))  # type: ignore[attr-defined]

    @classmethod
    def read_text(cls, request: Request) -> str:
        """What is looked for, if anything; 400 for more than anybody looks for."""
        text = request.query_params.get("search", "").strip()
        if len(text) > cls.max_length or "\x00" in text:
            detail = _("At most %(count)s characters, without NUL.") % {"count": cls.max_length}
            raise ValidationError({"search": detail})
        return text

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        searched = getattr(view, "search_fields", None)
        return super().get_schema_operation_parameters(view) if searched else []


class StableOrderingFilter(OrderingFilter):
    """`?ordering=-value,name`; ties are always broken by id, so that pages never overlap.

    The id goes the way of the last name, so that one index serves the order, both ways.
    """

    def get_ordering(self, request: Request, queryset: QuerySet, view: APIView) -> list[str]:
        text = request.query_params.get(self.ordering_param, "")
        # Of other blanks every language has its own idea.
        terms = [term for said in text.split(",") if (term := said.strip(" \t"))]
        known = [name for name, _label in self.get_valid_fields(queryset, view)]
        if terms and not known:
            raise _no_such(self.ordering_param)
        if unknown := [term for term in terms if term.removeprefix("-") not in known]:
            detail = _("Cannot order by %(unknown)s; choose from: %(known)s.")
            names = {"unknown": ", ".join(unknown), "known": ", ".join(known)}
            raise ValidationError({self.ordering_param: detail % names})
        ordering = terms or list(self.get_default_ordering(view) or ())
        if {"id", "-id"} & set(ordering):
            return ordering
        return [*ordering, "-id" if not ordering or ordering[-1][0] == "-" else "id"]

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        fields = getattr(view, "ordering_fields", None)
        if not fields:
            return []
        [parameter] = super().get_schema_operation_parameters(view)
        parameter["description"] = f"Order by any of: {', '.join(fields)}; `-` turns it round."
        term = rf"(-?({'|'.join(fields)})[ \t]*)?"
        parameter["schema"]["pattern"] = rf"^[ \t]*{term}(,[ \t]*{term})*$"
        return [parameter]
