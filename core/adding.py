"""Rows of several models in one statement: they may point to each other before they have keys.

    with together():
        add(order, *lines, Fulfilment(order=order))
        log_audit(AuditType.SALES, by, "sold an order", obj=order)

What is added inside is written when the block ends, in that order, each model's triggers as after
an INSERT of its own; outside of a block `add` writes at once. Neighbours of one model may not point
to each other. Neither calls `save()` or signals,
and what has a `db_default` is left to the database. Why: docs/decisions/0027-fast-writes.md.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import AutoField, DateField, Field, ForeignKey, JSONField, Model

from core.bulk import add_all, type_of
from core.prepared import run

# More values than that go by COPY, model by model: a statement takes 65,535, and 1,664 keys.
MOST_VALUES = 8000
# Names are those of our own tables and columns.
_ALL = "WITH drawn AS MATERIALIZED (SELECT {drawn}){inserts} SELECT {told} FROM drawn"
_INSERT = """, w{place} AS (
    INSERT INTO "{table}" ({columns}) SELECT {rows}{before} RETURNING {told}
)"""
# One row, as nearly always, is told more shortly than several: a fifth of the time of a statement
# goes into making its plan ready, whose parts are many and do little.
_ONE = "{} FROM drawn"
_SEVERAL = "each.* FROM drawn, LATERAL (VALUES {}) AS each"
_AFTER = " WHERE cardinality(ARRAY(SELECT 1 FROM w{place})) > 0"
_TOLD = 'ARRAY(SELECT "{column}" FROM w{place}{order})'
_SAID_AS_TEXT = (bool, int, float, Decimal, date, UUID)
# So many of a model's rows are of other types than all before; each costs a plan.
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


def add(*rows: Model, keyed: bool = True) -> None:
    """Add new rows, and give them their keys if they are to be `keyed`."""
    with together():
        _waiting.get().rows.extend(_Row.of(row, keyed=keyed) for row in rows)


def draw(value: Drawn) -> None:
    """Make the value before any row of the block is written, for what else comes of it."""
    with together():
        _waiting.get().drawn.append(value)


def drawn_now(value: Drawn) -> Any:
    """What comes of it, made alone."""
    statement = _Statement([value])
    statement.carry_out([])
    return statement.known(value)


@contextmanager
def together() -> Iterator[None]:
    """What is added inside is written at the end; a block inside another one ends with that."""
    if _waiting.get(None):
        yield
        return
    waiting = _Waiting()
    token = _waiting.set(waiting)
    try:
        yield
    finally:
        _waiting.reset(token)
    waiting.write()


class _Plan(NamedTuple):
    """How a row's values are said, the same for all rows with values of the same types."""

    texts: list[int]
    later: list[int]
    marks: list[str]


class _Table(NamedTuple):
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
    plans: dict[tuple[type, ...], _Plan]

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

    def plan(self, values: list[Any]) -> _Plan:
        types = tuple(map(type, values))
        plan = self.plans.get(types)
        if plan is None:
            if len(self.plans) >= _MOST_PLANS:
                self.plans.clear()
            plan = self.plans[types] = _Plan(
                [place for place, kind in enumerate(types) if issubclass(kind, _SAID_AS_TEXT)],
                [place for place, kind in enumerate(types) if issubclass(kind, Later)],
                [f"%s{cast}" for cast in self.casts],
            )
        return plan


class _Row(NamedTuple):
    """What was said of a row when it was added."""

    row: Any
    keyed: bool
    table: _Table
    values: list[Any]
    plan: _Plan

    @classmethod
    def of(cls, row: Model, *, keyed: bool) -> "_Row":
        table = _table(type(row))
        values = table.read(row)
        return cls(row, keyed, table, values, table.plan(values))

    @property
    def later(self) -> list[Any]:
        return [self.values[place] for place in self.plan.later]


@dataclass(eq=False)
class _Waiting:
    rows: list[_Row] = field(default_factory=list)
    drawn: list[Drawn] = field(default_factory=list)

    def write(self) -> None:
        if not (self.rows or self.drawn):
            return
        statement = _Statement(self.drawn)
        if sum(len(each.values) for each in self.rows) <= MOST_VALUES:
            for rows in self._runs():
                statement.insert(rows)
            statement.carry_out(self.rows)
        else:
            for each in self.rows:
                statement.draw_for(each)
            statement.carry_out([])
            for rows in self._runs():
                statement.settle(rows)
                add_all([each.row for each in rows], keyed=rows[0].keyed)

    def _runs(self) -> list[list[_Row]]:
        """Neighbours of one model, which are one INSERT."""
        return [list(rows) for _kind, rows in groupby(self.rows, attrgetter("table", "keyed"))]


class _Statement:
    """`WITH drawn AS (…keys and values), w0 AS (INSERT …), w1 AS (INSERT … after w0) …`."""

    def __init__(self, drawn: Sequence[Drawn]) -> None:
        self._places: dict[int, str] = {}
        self._made: list[str] = []
        self._made_of: list[Any] = []
        self._inserts: list[str] = []
        self._values: list[Any] = []
        self._told: list[tuple[Sequence[_Row], Any, str]] = []
        self._answers: dict[int, Any] = {}
        for value in drawn:
            self._make(value, value.sql, value.values)

    def draw_for(self, row: _Row) -> None:
        for value in row.later:
            for part in value.parts if isinstance(value, Words) else [value]:
                if isinstance(part, Drawn):
                    self._make(part, part.sql, part.values)

    def insert(self, rows: Sequence[_Row]) -> None:
        """After all that was inserted before: what triggers look for is there."""
        table, keyed, place = rows[0].table, rows[0].keyed, len(self._inserts)
        said = []
        for each in rows:
            key = [self._make(each.row, table.next_key)] if keyed else []
            said.append(", ".join([*key, *self._marks(each)]))
        one, made = len(rows) == 1, table.made if keyed else []
        several = ", ".join(f"({each})" for each in said)
        self._inserts.append(
            _INSERT.format(
                place=place,
                table=table.name,
                columns=f'"{table.key}", {table.columns}' if keyed else table.columns,
                rows=_ONE.format(*said) if one else _SEVERAL.format(several),
                before=_AFTER.format(place=place - 1) if place else "",
                told=", ".join(
                    f'"{name}"' for name in [table.key, *(each.column for each in made)]
                ),
            )
        )
        order = "" if one else f' ORDER BY "{table.key}"'
        for each in made:
            sql = _TOLD.format(column=each.column, place=place, order=order)
            self._told.append((rows, each, sql))

    def carry_out(self, rows: Sequence[_Row]) -> None:
        sql = _ALL.format(
            drawn=", ".join(["1 AS one", *self._made]),
            inserts="".join(self._inserts),
            told=", ".join(["drawn.*", *(sql for _rows, _its, sql in self._told)]),
        )
        connection = connections[DEFAULT_DB_ALIAS]
        [[_one, *answer]] = run(connection, sql, [*self._made_of, *self._values], _Cursor)
        self._answers = dict(zip(self._places, answer, strict=False))
        for each in rows:
            if each.keyed:
                setattr(each.row, each.table.attribute, self._answers[id(each.row)])
            state = each.row._state  # noqa: SLF001
            state.adding, state.db = False, connection.alias
        self.settle(rows)
        for (some, its, _sql), made in zip(self._told, answer[len(self._places) :], strict=True):
            for each, value in zip(some, made, strict=True):
                setattr(each.row, its.attname, value)

    def settle(self, rows: Sequence[_Row]) -> None:
        """Give the rows what was still to come."""
        for each in rows:
            for place in each.plan.later:
                its, value = each.table.fields[place], each.values[place]
                # Past the attribute, which would forget the row that a key points to.
                vars(each.row)[its.attname] = its.to_python(self.known(value))

    def _make(self, thing: object, sql: str, values: Sequence[object] = ()) -> str:
        """Where the key, or the value, is found; made the first time somebody asks."""
        if id(thing) not in self._places:
            self._places[id(thing)] = place = f"v{len(self._places)}"
            self._made.append(f"{sql} AS {place}")
            self._made_of += map(_as_text, values)
        return f"drawn.{self._places[id(thing)]}"

    def _marks(self, row: _Row) -> list[str]:
        """What stands for the row's values; those that are known go with the statement."""
        values, marks, start = [*row.values], row.plan.marks, 0
        for place in row.plan.texts:
            values[place] = str(values[place])
        if row.plan.later:
            marks = [*marks]
        for place in row.plan.later:
            self._values += values[start:place]
            marks[place] = self._said(values[place], row.table.casts[place])
            start = place + 1
        self._values += values[start:]
        return marks

    def _said(self, value: Any, cast: str) -> str:
        if isinstance(value, KeyOf):
            return f"drawn.{self._places[id(value.row)]}{cast}"
        if isinstance(value, Drawn):
            return self._make(value, value.sql, value.values) + cast
        if isinstance(value, Words):
            return f"concat({', '.join(self._said(part, '::text') for part in value.parts)})"
        self._values.append(_as_text(value))
        return f"%s{cast}"

    def known(self, value: Any) -> Any:
        if isinstance(value, Words):
            return "".join(str(self.known(part)) for part in value.parts)
        if isinstance(value, KeyOf):
            return value.row.pk
        return self._answers[id(value)] if isinstance(value, Drawn) else value


class _Cursor(psycopg.RawCursor[Any]):
    """Leaves the values to PostgreSQL; numbers the places, which psycopg takes long to do."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        first, *pieces = query.split("%s")
        numbered = [f"${number}{piece}" for number, piece in enumerate(pieces, 1)]
        return super().execute("".join([first, *numbered]), params, **options)


@cache
def _table(model: type[Model]) -> _Table:
    meta: Any = model._meta
    fields: list[Any] = [
        each
        for each in meta.concrete_fields
        if not (each.generated or each.has_db_default() or isinstance(each, AutoField))
    ]
    return _Table(
        name=meta.db_table,
        key=meta.pk.column,
        attribute=meta.pk.attname,
        columns=", ".join(f'"{each.column}"' for each in fields),
        fields=fields,
        made=[each for each in meta.concrete_fields if each.has_db_default()],
        # Without lengths: a cast would cut what is too long, where an INSERT refuses it.
        casts=[f"::{re.sub(r'[(].*?[)]', '', type_of(each))}" for each in fields],
        # One more, lest it gives a value instead of a tuple of one.
        values_of=itemgetter(*(each.attname for each in fields), "_state"),
        readers=[(place, read) for place, each in enumerate(fields) if (read := _reader(each))],
        keys=[(place, each) for place, each in enumerate(fields) if isinstance(each, ForeignKey)],
        plans={},
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


def _as_text(value: Any) -> Any:
    """What PostgreSQL reads from text is sent as that, so that a statement is one whatever the
    size of its numbers, and is planned once."""
    return str(value) if isinstance(value, _SAID_AS_TEXT) else value


_waiting: ContextVar[_Waiting] = ContextVar("waiting")
