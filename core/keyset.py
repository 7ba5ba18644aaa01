"""A page found by the values of the row it follows, not by counting the rows before it.

`WHERE (created_at, id) < (…) ORDER BY created_at DESC, id DESC LIMIT 21` costs the same at any
depth, and what is written meanwhile moves no row from one page to the next.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import F, Field, Func, Model, Q, QuerySet, TextField, Value
from django.db.models.lookups import GreaterThan, LessThan

from core.prepared import Given, Unseen


@dataclass(frozen=True)
class Term:
    """One column of an order. NULLs come last, and first when turned round, as in PostgreSQL."""

    name: str
    descending: bool
    field: "Field[Any, Any]"
    nullable: bool

    def __str__(self) -> str:
        return f"-{self.name}" if self.descending else self.name

    def beyond(self, value: Any) -> Q:
        """The rows that come after those with this value."""
        if value is None:
            return Q(**{f"{self.name}__isnull": False}) if self.descending else Q(pk__in=[])
        after = Q(**{f"{self.name}__{'lt' if self.descending else 'gt'}": value})
        nulls = self.nullable and not self.descending
        return after | Q(**{f"{self.name}__isnull": True}) if nulls else after

    def since(self, value: Any) -> Q:
        """The rows with this value, and those that come after them: one range where it can be."""
        if value is None:
            return self.level(None) | self.beyond(None)
        since = Q(**{f"{self.name}__{'lte' if self.descending else 'gte'}": value})
        nulls = self.nullable and not self.descending
        return since | self.level(None) if nulls else since

    def level(self, value: Any) -> Q:
        return Q(**({f"{self.name}__isnull": True} if value is None else {self.name: value}))

    def of(self, row: Model) -> Any:
        """The value here, read through relations as the order is."""
        value: Any = row
        for name in self.name.split("__"):
            value = getattr(value, name, None)
        return value.pk if isinstance(value, Model) else value


class Row(Func):
    """Values that are compared one after the other, as an index holds them."""

    function = "ROW"
    output_field = TextField()


@dataclass(frozen=True)
class Ranges:
    """Rows of an index that lie apart in it, one range after the other."""

    parts: list[QuerySet[Any]]

    def first_rows(self, count: int) -> list[Any]:
        """The later ranges are read when the earlier hold too few."""
        rows: list[Any] = []
        for part in self.parts:
            rows += first_rows(part, count - len(rows)) if len(rows) < count else []
        return rows


def first_rows(rows: Any, count: int) -> Any:
    """A queryset that knows a cheaper way to its first rows than all of them sorted has a verb."""
    return rows.first_rows(count) if hasattr(rows, "first_rows") else rows[:count]


@dataclass(frozen=True)
class Keyset:
    """A total order of a queryset's rows: its own, ended by the primary key."""

    terms: tuple[Term, ...]

    @classmethod
    def of(cls, queryset: QuerySet[Any]) -> "Keyset":
        return cls(tuple(_terms(queryset)))

    def reversed(self) -> "Keyset":
        return Keyset(tuple(replace(term, descending=not term.descending) for term in self.terms))

    def position(self, row: Model) -> list[Any]:
        """Where the row stands, as values that JSON holds without loss."""
        return [_plain(term.of(row)) for term in self.terms]

    def read(self, position: Sequence[Any]) -> list[Any]:
        """The values of a position; raises `ValidationError` or `ValueError` for another's."""
        pairs = zip(self.terms, position, strict=True)
        return [None if value is None else term.field.to_python(value) for term, value in pairs]

    @property
    def is_one_range(self) -> bool:
        """Whether what follows a position is asked for in the same words for every position."""
        return not any(term.nullable for term in self.terms)

    def after(self, queryset: QuerySet[Any], position: Sequence[Any] | None) -> Any:
        """The rows in this order, from the one that follows the position."""
        return self.beyond(queryset, None if position is None else self.read(position))

    def beyond(self, queryset: QuerySet[Any], values: Sequence[Any] | None) -> Any:
        """As `after`, of the position's values; stand-ins for them will do."""
        rows = queryset.order_by(*map(str, self.terms))
        if values is None:
            return rows
        first, *others = self.terms
        one_way = len({term.descending for term in self.terms}) == 1
        if one_way and not any(term.nullable for term in others):
            ranges = list(self._ranges(rows, first, values))
            return ranges[0] if len(ranges) == 1 else Ranges(ranges)
        # The first part says nothing new, but an index can begin there.
        return rows.filter(first.since(values[0]), _beyond(self.terms, values))

    def _ranges(
        self, rows: QuerySet[Any], first: Term, values: Sequence[Any]
    ) -> Iterator[QuerySet[Any]]:
        """Those with a value and those without lie at two ends of an index."""
        name = first.name
        if values[0] is None:
            later = _row_is_beyond(self.terms[1:], values[1:])
            yield rows.filter(later, **{f"{name}__isnull": True})
            if first.descending:
                yield rows.filter(**{f"{name}__isnull": False})
            return
        yield rows.filter(_row_is_beyond(self.terms, values))
        if first.nullable and not first.descending:
            yield rows.filter(**{f"{name}__isnull": True})


def _row_is_beyond(terms: Sequence[Term], values: Sequence[Any]) -> Any:
    """`(a, id) > (…)`: one range of an index, however many rows have the same `a`."""
    compare = LessThan if terms[0].descending else GreaterThan
    typed = [
        Unseen(value.name) if isinstance(value, Given) else Value(value, output_field=term.field)
        for term, value in zip(terms, values, strict=True)
    ]
    return compare(Row(*(F(term.name) for term in terms)), Row(*typed))


def _terms(queryset: QuerySet[Any]) -> Iterator[Term]:
    key, descending = queryset.model._meta.pk, False
    own = queryset.model._meta.concrete_fields
    never_null = {field.name for field in own if not (field.null or field.is_relation)}
    never_null |= {field.attname for field in own if not field.null}
    never_null |= getattr(queryset, "never_null", frozenset())
    assert key is not None  # noqa: S101 (every model has one)
    for word in queryset.query.order_by:
        name, descending = str(word).removeprefix("-"), str(word).startswith("-")
        if name in {"pk", key.name}:
            break
        field = F(name).resolve_expression(queryset.query.chain()).output_field
        computed = name in queryset.query.annotations
        yield Term(name, descending, field, nullable=computed or name not in never_null)
    yield Term("pk", descending, key, nullable=False)


def _beyond(terms: Sequence[Term], values: Sequence[Any]) -> Q:
    """`a > 1 OR (a = 1 AND (b < 2 OR (b = 2 AND id > 3)))`"""
    later = terms[0].beyond(values[0])
    if len(terms) == 1:
        return later
    return later | (terms[0].level(values[0]) & _beyond(terms[1:], values[1:]))


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (str, int)):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
