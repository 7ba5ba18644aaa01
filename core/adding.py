"""Rows of several models in one statement: they may point to each other before they have keys.

    with together():
        add(order, *lines, Fulfilment(order=order))
        log_audit(AuditType.SALES, by, "sold an order", obj=order)

What is added inside is written when the block ends, in that order, each model's triggers as after
an INSERT of its own; outside of a block `add` writes at once. Neighbours of one model may not point
to each other. Neither calls `save()` or signals,
and what has a `db_default` is left to the database. Why: docs/decisions/0027-fast-writes.md.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.models import Model

from core.bulk import add_as_said
from core.prepared import run
from core.saying import Drawn, KeyOf, Row, Words, as_text, table_of

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


def add(*rows: Model, keyed: bool = True) -> None:
    """Add new rows, and give them their keys if they are to be `keyed`."""
    with together():
        _waiting.get().rows.extend(Row.of(row, keyed=keyed) for row in rows)


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
    with waiting.collect():
        yield
    waiting.write()


@contextmanager
def deed() -> Iterator[None]:
    """Around a service in place of `transaction.atomic`; what is added is written at its end.

    If it writes nothing else that is one statement, which needs no BEGIN and no COMMIT of its own;
    else COMMIT goes with it. Nobody waits for what it locks while the answer is on its way.

    Where a transaction is open already, what COMMIT would refuse is refused at the deed's end: who
    stands around it knows what that means, and who has opened the transaction does not.
    """
    connection: Any = connections[DEFAULT_DB_ALIAS]
    if _waiting.get(None) or connection.in_atomic_block:
        with transaction.atomic():
            with together():
                yield
            connection.checks = not (_waiting.get(None) or connection.needs_rollback)
        return
    waiting = _Waiting()
    with transaction.atomic():
        with waiting.collect():
            yield
        is_all = connection.is_to_begin and not connection.run_on_commit and waiting.is_few
        if not is_all:
            waiting.write(ends=True)
    if is_all:
        waiting.write()


@dataclass(eq=False)
class _Waiting:
    rows: list[Row] = field(default_factory=list)
    drawn: list[Drawn] = field(default_factory=list)

    @property
    def is_few(self) -> bool:
        return sum(len(each.values) for each in self.rows) <= MOST_VALUES

    @contextmanager
    def collect(self) -> Iterator[None]:
        token = _waiting.set(self)
        try:
            yield
        finally:
            _waiting.reset(token)

    def write(self, *, ends: bool = False) -> None:
        """Few are one statement, with which the transaction may end."""
        if not (self.rows or self.drawn):
            return
        statement = _Statement(self.drawn)
        if self.is_few:
            for rows in self._runs():
                statement.insert(rows)
            statement.carry_out(self.rows, ends=ends)
        else:
            for each in self.rows:
                statement.draw_for(each)
            statement.carry_out([])
            for rows in self._runs():
                statement.settle(rows)
                statement.copy_in(rows)

    def _runs(self) -> list[list[Row]]:
        """Neighbours of one model, which are one INSERT."""
        return [list(rows) for _kind, rows in groupby(self.rows, attrgetter("table", "keyed"))]


class _Statement:
    """`WITH drawn AS (…keys and values), w0 AS (INSERT …), w1 AS (INSERT … after w0) …`."""

    def __init__(self, drawn: Sequence[Drawn]) -> None:
        self._places: dict[int, str] = {}
        self._made: list[str] = []
        self._made_of: list[Any] = []
        self._inserts: list[_Insert] = []
        self._values: list[Any] = []
        self._told: list[tuple[Sequence[Row], Any]] = []
        self._answers: dict[int, Any] = {}
        for value in drawn:
            self._make(value, value.sql, value.values)

    def draw_for(self, row: Row) -> None:
        for value in row.later:
            for part in value.parts if isinstance(value, Words) else [value]:
                if isinstance(part, Drawn):
                    self._make(part, part.sql, part.values)

    def insert(self, rows: Sequence[Row]) -> None:
        """After all that was inserted before: what triggers look for is there."""
        first = rows[0]
        said = []
        for each in rows:
            key = [self._make(each.row, each.table.next_key)] if each.keyed else []
            said.append((*key, *self._marks(each)))
        self._inserts.append(_Insert(type(first.row), first.keyed, tuple(said)))
        self._told += [(rows, its) for its in first.table.made if first.keyed]

    def carry_out(self, rows: Sequence[Row], *, ends: bool = False) -> None:
        sql = _sql(tuple(self._made), tuple(self._inserts))
        connection = connections[DEFAULT_DB_ALIAS]
        values = [*self._made_of, *self._values]
        [[_one, *answer]] = run(connection, sql, values, _Cursor, ends=ends)
        self._answers = dict(zip(self._places, answer, strict=False))
        for each in rows:
            if each.keyed:
                setattr(each.row, each.table.attribute, self._answers[id(each.row)])
            state = each.row._state  # noqa: SLF001
            state.adding, state.db = False, connection.alias
        self.settle(rows)
        for (some, its), made in zip(self._told, answer[len(self._places) :], strict=True):
            for each, value in zip(some, made, strict=True):
                setattr(each.row, its.attname, value)

    def settle(self, rows: Sequence[Row]) -> None:
        """Give the rows what was still to come."""
        for each in rows:
            for place in each.plan.later:
                its, value = each.table.fields[place], each.values[place]
                # Past the attribute, which would forget the row that a key points to.
                vars(each.row)[its.attname] = its.to_python(self.known(value))

    def copy_in(self, rows: Sequence[Row]) -> None:
        """They say what they said when they were added, as in one statement."""
        table, keyed = rows[0].table, rows[0].keyed
        own = [each.row for each in rows]
        add_as_said(own, table.fields, map(self._resolved, rows), keyed=keyed)
        if keyed and table.made:
            names = [each.attname for each in table.made]
            made = type(own[0])._base_manager.filter(pk__any=[row.pk for row in own])  # noqa: SLF001
            found = {key: values for key, *values in made.values_list("pk", *names)}
            for row in own:
                vars(row).update(zip(names, found[row.pk], strict=True))

    def _resolved(self, row: Row) -> list[Any]:
        values = [*row.values]
        for place in row.plan.later:
            values[place] = self.known(values[place])
        return values

    def _make(self, thing: object, sql: str, values: Sequence[object] = ()) -> str:
        """Where the key, or the value, is found; made the first time somebody asks."""
        if id(thing) not in self._places:
            self._places[id(thing)] = place = f"v{len(self._places)}"
            self._made.append(f"{sql} AS {place}")
            self._made_of += map(as_text, values)
        return f"drawn.{self._places[id(thing)]}"

    def _marks(self, row: Row) -> list[str]:
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
        self._values.append(as_text(value))
        return f"%s{cast}"

    def known(self, value: Any) -> Any:
        if isinstance(value, Words):
            return "".join(str(self.known(part)) for part in value.parts)
        if isinstance(value, KeyOf):
            return value.row.pk
        return self._answers[id(value)] if isinstance(value, Drawn) else value


class _Insert(NamedTuple):
    """What the words of an INSERT hang on: of each row how its values are said."""

    model: type[Model]
    keyed: bool
    rows: tuple[tuple[str, ...], ...]


# As many as there are deeds, for each number of rows that is usual.
@lru_cache(200)
def _sql(made: tuple[str, ...], inserts: tuple[_Insert, ...]) -> str:
    said, told = [], ["drawn.*"]
    for place, (model, keyed, rows) in enumerate(inserts):
        table = table_of(model)
        its = table.made if keyed else []
        marks = [", ".join(each) for each in rows]
        one = len(rows) == 1
        said.append(
            _INSERT.format(
                place=place,
                table=table.name,
                columns=f'"{table.key}", {table.columns}' if keyed else table.columns,
                rows=_ONE.format(*marks)
                if one
                else _SEVERAL.format(", ".join(f"({each})" for each in marks)),
                before=_AFTER.format(place=place - 1) if place else "",
                told=", ".join(f'"{name}"' for name in [table.key, *(e.column for e in its)]),
            )
        )
        order = "" if one else f' ORDER BY "{table.key}"'
        told += [_TOLD.format(column=each.column, place=place, order=order) for each in its]
    drawn = ", ".join(["1 AS one", *made])
    return _ALL.format(drawn=drawn, inserts="".join(said), told=", ".join(told))


class _Cursor(psycopg.RawCursor[Any]):
    """Leaves the values to PostgreSQL; numbers the places, which psycopg takes long to do."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        return super().execute(_numbered(query), params, **options)


@lru_cache(200)
def _numbered(query: str) -> str:
    first, *pieces = query.split("%s")
    numbered = [f"${number}{piece}" for number, piece in enumerate(pieces, 1)]
    return "".join([first, *numbered])


_waiting: ContextVar[_Waiting] = ContextVar("waiting")
