"""What a new row says, for the statement that adds it (`core.adding`): its values as text, what
stands for those that are known, and for those that are known only when it is written."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache, partial
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import AutoField, DateField, Field, ForeignKey, JSONField, Model

from core.bulk import type_of

_SAID_AS_TEXT = (bool, int, float, Decimal, date, UUID)
# For rows of so many combinations of types a model's way to say them is remembered.
_MOST_PLANS = 100


class Later:
    """Stands for a value that is known when the rows are written, and gives way to it then."""


@dataclass(frozen=True, eq=False)
class Drawn(Later):
    """What the database makes, once, however many rows have it: `sql` is an expression."""

    sql: str
    values: Sequence[object] = ()


@dataclass(frozen=True, eq=False)
class KeyOf(Later):
    """The key of a row that is added in the same block."""

    row: Model


@dataclass(frozen=True, eq=False)
class Words(Later):
    """Words, some of which are still to come."""

    parts: Sequence[str | Later]


class _Plan(NamedTuple):
    """How a row's values are said, the same for all rows with values of the same types."""

    texts: list[int]
    later: list[int]
    marks: list[str]

    @classmethod
    def of(cls, casts: list[str], types: tuple[type, ...]) -> "_Plan":
        return cls(
            [place for place, kind in enumerate(types) if issubclass(kind, _SAID_AS_TEXT)],
            [place for place, kind in enumerate(types) if issubclass(kind, Later)],
            [f"%s{cast}" for cast in casts],
        )


class Table(NamedTuple):
    """What is the same for all rows of a model."""

    name: str
    key: str
    attribute: str
    columns: str
    fields: list[Any]
    made: list[Any]
    casts: list[str]
    values_of: Callable[[dict[str, Any]], tuple[Any, ...]]
    readers: list[tuple[int, Callable[[Any], Any]]]
    keys: list[tuple[int, Any]]
    plan_of: Callable[[tuple[type, ...]], _Plan]

    @property
    def next_key(self) -> str:
        return f"nextval('{self.name}_{self.key}_seq')"

    def read(self, row: Model) -> list[Any]:
        """What it says; a field is asked only where it has something to say itself."""
        *values, _state = self.values_of(vars(row))
        for place, read in self.readers:
            values[place] = read(row)
        for place, each in self.keys:
            if values[place] is None and each.is_cached(row):
                values[place] = _key_of(each.get_cached_value(row))
        return values


class Row(NamedTuple):
    """What was said of a row when it was added."""

    row: Any
    keyed: bool
    table: Table
    values: list[Any]
    plan: _Plan

    @classmethod
    def of(cls, row: Model, *, keyed: bool) -> "Row":
        table = table_of(type(row))
        values = table.read(row)
        return cls(row, keyed, table, values, table.plan_of(tuple(map(type, values))))

    @property
    def later(self) -> list[Any]:
        return [self.values[place] for place in self.plan.later]


@cache
def table_of(model: type[Model]) -> Table:
    meta: Any = model._meta
    fields: list[Any] = [
        each
        for each in meta.concrete_fields
        if not (each.generated or each.has_db_default() or isinstance(each, AutoField))
    ]
    # Without lengths: a cast would cut what is too long, where an INSERT refuses it.
    casts = [f"::{re.sub(r'[(].*?[)]', '', type_of(each))}" for each in fields]
    return Table(
        name=meta.db_table,
        key=meta.pk.column,
        attribute=meta.pk.attname,
        columns=", ".join(f'"{each.column}"' for each in fields),
        fields=fields,
        made=[each for each in meta.concrete_fields if each.has_db_default()],
        casts=casts,
        # One more, lest it gives a value instead of a tuple of one.
        values_of=itemgetter(*(each.attname for each in fields), "_state"),
        readers=[(place, read) for place, each in enumerate(fields) if (read := _reader(each))],
        keys=[(place, each) for place, each in enumerate(fields) if isinstance(each, ForeignKey)],
        plan_of=lru_cache(_MOST_PLANS)(partial(_Plan.of, casts)),
    )


def _reader(each: Any) -> Callable[[Any], Any] | None:
    """What gives a row's value if that is not simply what it has."""
    if isinstance(each, JSONField):
        return lambda row: _json(each, getattr(row, each.attname))
    if isinstance(each, DateField) and not (each.auto_now or each.auto_now_add):
        return None
    if type(each).pre_save is not Field.pre_save:
        return lambda row: each.pre_save(row, True)
    return None


def _key_of(row: Any) -> Any:
    """Of one that was given before it had a key, too."""
    return row and (KeyOf(row) if row.pk is None else row.pk)


def _json(each: Any, value: Any) -> Any:
    return None if value is None else json.dumps(value, cls=each.encoder)


def as_text(value: Any) -> Any:
    """What PostgreSQL reads from text is sent as that, so that a statement is one whatever the
    size of its numbers, and is planned once."""
    return str(value) if isinstance(value, _SAID_AS_TEXT) else value
