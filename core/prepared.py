"""Queries in the ORM's words that are made to SQL once, and not again at every call.

    @prepared
    def _items(ids: Any) -> Any:
        return Collectible.objects.select_related("category").filter(pk__any=ids)

    rows = _items([4711, 4712])

Making the SQL costs several times what PostgreSQL needs to answer by a key, and PostgreSQL has
planned it before, too (docs/decisions/0025-fast-reads.md).
"""

import copy
import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from datetime import UTC, date
from functools import cached_property
from json import JSONDecoder
from types import SimpleNamespace
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.models import Expression, Field, ForeignKey, JSONField, Lookup, QuerySet
from django.db.models.query import ValuesListIterable
from psycopg.sql import Literal
from psycopg.types.datetime import TimestamptzLoader

_SCAN: Any = JSONDecoder().scan_once  # type: ignore[attr-defined]
_KEPT = "omni_cursors"  # of a connection, among its attributes


@Field.register_lookup
@ForeignKey.register_lookup
class AnyOf(Lookup):
    """`pk__any={1, 2, 3}`: one parameter, however many there are, where `__in` has one for each.

    A list Django goes through value by value before it gets here, a set it passes on.
    """

    lookup_name = "any"
    template = "{column} = ANY({values})"

    def get_prep_lookup(self) -> Any:
        return self.rhs

    def get_db_prep_lookup(self, value: Any, connection: Any) -> Any:
        return "%s", [_said([*value] if isinstance(value, (set, frozenset)) else value)]

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        column, before = self.process_lhs(compiler, connection)
        values, after = self.process_rhs(compiler, connection)
        typed = f"({values})::{self.lhs.output_field.db_type(connection)}[]"
        return self.template.format(column=column, values=typed), [*before, *after]


@Field.register_lookup
@ForeignKey.register_lookup
class Among(AnyOf):
    """As `any`, and looked up by the column's index whatever else there is to ask.

    PostgreSQL looks into a list that it is given, and goes through all that a shop has where it
    takes that for cheaper than a thousand look-ups. Of a list that it does not know it expects few.
    And it plans once for all lists.
    """

    lookup_name = "among"
    template = "{column} = ANY(ARRAY(SELECT unnest({values})))"


class Given(Expression):
    """Stands for a value that each call gives; also for a row of which only the key is asked."""

    def __init__(self, name: str) -> None:
        super().__init__(output_field=Field())
        self.name = name

    @property
    def pk(self) -> "Given":
        return self

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "%s", [self]


class Unseen(Given):
    """One that PostgreSQL does not see when it plans: there is no better plan for any value.

    It takes a plan made for the value for the cheaper one where that says that more rows are left
    to choose from, and plans anew each time, which costs more than the rows.
    """

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "(SELECT %s)", [self]


class Sql(NamedTuple):
    """A query as it is sent: kept by who asks the same again."""

    sql: str
    parameters: tuple[Any, ...]

    @classmethod
    def of(cls, queryset: Any) -> "Sql":
        """Raises `EmptyResultSet` when nothing can be found."""
        return cls(*queryset.query.sql_with_params())

    def given(self, values: Mapping[str, Any]) -> "Sql":
        """With values in the places of the stand-ins for them."""
        told = (values[v.name] if isinstance(v, Given) else v for v in self.parameters)
        return Sql(self.sql, tuple(told)) if values else self


class prepared:  # noqa: N801 (a decorator)
    """Decorates a function from values to a queryset: calling it gives the list of its rows.

    The function is called once, with stand-ins; it may compare with them, but not look at them.
    What it does not take as a parameter must be the same for ever, so a time is refused. For a list
    of values a query for them (or its `Sql`) may be given: it becomes part of the same statement.
    """

    def __init__(self, build: Callable[..., QuerySet[Any]]) -> None:
        self.build = build
        self.names = list(inspect.signature(build).parameters)

    def __call__(self, *values: Any) -> list[Any]:
        made = self._made
        connection: Any = connections[made.template.db]
        given = dict(zip(self.names, values, strict=True))
        try:
            sql, parameters = made.filled(given)
            rows = run(connection, sql, parameters, begins=made.locks)
        except EmptyResultSet:
            rows = []
        return made.read(rows, connection)

    @cached_property
    def _made(self) -> "_Statement":
        template: Any = self.build(*map(Given, self.names))
        compiler = template.query.chain().get_compiler(template.db)
        sql, parameters = compiler.as_sql()
        if moving := [each for each in parameters if isinstance(each, date)]:
            raise TypeError(f"{self.build.__name__} would keep {moving}: make it a parameter.")
        told = [None if isinstance(each, Given) else _literal(each) for each in parameters]
        left = [each.name for each in parameters if isinstance(each, Given)]
        return _Statement(template, compiler, _filled(sql, told), left)


class _Statement:
    """SQL, and how what PostgreSQL answers becomes rows as the queryset would have made them."""

    def __init__(self, template: Any, compiler: Any, sql: str, names: list[str]) -> None:
        self.template, self.compiler, self.sql, self.names = template, compiler, sql, names
        self.locks: bool = template.query.select_for_update
        # As Django would find out at each call.
        selected = [each[0] for each in compiler.select[: compiler.col_count]]
        converters = compiler.get_converters(selected)
        self.converters = [
            (place, [*map(_of_column, found)], expression)
            for place, (found, expression) in converters.items()
        ]
        self.is_composite = composite = compiler.has_composite_fields(selected)
        compiler.get_converters = lambda _selected: converters
        compiler.has_composite_fields = lambda _selected: composite

    def filled(self, given: dict[str, Any]) -> tuple[str, list[Any]]:
        for value in given.values():
            if isinstance(value, (QuerySet, Sql)):
                return _with_queries(self.sql, self.names, given)
        return self.sql, [_said(given[name]) for name in self.names]

    def read(self, rows: list[tuple[Any, ...]], connection: Any) -> list[Any]:
        kind = self.template._iterable_class  # noqa: SLF001
        if kind is ValuesListIterable and not self.is_composite:
            return self._values(rows, connection) if self.converters else rows
        compiler = copy.copy(self.compiler)
        compiler.connection = connection
        compiler.execute_sql = lambda *_args, **_options: [rows]
        # What Django's ways to read rows ask of the queryset, without the cost of another one.
        query = _Compiled(self.template.query, compiler)
        asked = {**self.template.__dict__, "db": connection.alias, "query": query}
        return list(kind(SimpleNamespace(**asked)))

    def _values(self, rows: list[tuple[Any, ...]], connection: Any) -> list[tuple[Any, ...]]:
        columns: list[Any] = [*zip(*rows, strict=True)]
        for place, converters, expression in self.converters if rows else ():
            for convert in converters:
                columns[place] = convert(columns[place], expression, connection)
        return [*zip(*columns, strict=True)]


def _of_column(convert: Any) -> Any:
    """The same, for all values of a column. JSON is as PostgreSQL writes it, without blanks around
    it to be looked for."""
    field = getattr(convert, "__self__", None)
    if isinstance(field, JSONField) and field.decoder is None:
        return lambda texts, *_how: [None if text is None else _SCAN(text, 0)[0] for text in texts]
    return lambda values, *how: [convert(value, *how) for value in values]


class _Compiled:
    """A query whose compiler is this one."""

    def __init__(self, query: Any, compiler: Any) -> None:
        self._query, self._compiler = query, compiler

    def get_compiler(self, *_args: Any, **_options: Any) -> Any:
        return self._compiler

    def __getattr__(self, name: str) -> Any:
        return getattr(self._query, name)


def _said(value: Any) -> Any:
    """A list of ids as text: psycopg asks each of them how it is said."""
    if type(value) is list and {*map(type, value)} == {int}:
        return f"{{{str(value)[1:-1]}}}"
    return value


def _with_queries(sql: str, names: list[str], given: dict[str, Any]) -> tuple[str, list[Any]]:
    """The statement with the queries in front of it, each carried out once, and named."""
    queries = {name: Sql.of(each) for name, each in given.items() if isinstance(each, QuerySet)}
    queries |= {name: each for name, each in given.items() if isinstance(each, Sql)}
    before: list[Any] = []
    parts = []
    for name, (inner, values) in queries.items():
        parts.append(f"{name} AS MATERIALIZED (SELECT ARRAY({inner}) AS found)")
        before += values
    # Names from our own code.
    told = [f"(SELECT found FROM {name})" if name in queries else None for name in names]  # noqa: S608
    left = [given[name] for name in names if name not in queries]
    return f"WITH {', '.join(parts)} {_filled(sql, told)}", [*before, *left]


def _filled(sql: str, told: Sequence[str | None]) -> str:
    """The statement with these words in the places of its parameters; None leaves one."""
    first, *pieces = sql.split("%s")
    pairs = zip(told, pieces, strict=True)
    return first + "".join(f"{'%s' if word is None else word}{piece}" for word, piece in pairs)


def _literal(value: Any) -> str:
    """What never changes is written into the statement, for PostgreSQL to plan with."""
    return Literal(value).as_string(None).replace("%", "%%")


def run(
    connection: Any,
    sql: str,
    parameters: Any,
    kind: Any = ServerBindingCursor,
    *,
    begins: bool = True,
    ends: bool = False,
) -> list[tuple[Any, ...]]:
    """With a cursor that leaves the values to PostgreSQL; each connection keeps one of a kind.

    A transaction that is open `begins` with it, unless it only reads. Where it `ends` with it,
    COMMIT follows at once: what is locked is free before the answer is on its way.

    What a connection hears often it has planned (`prepare_threshold`). Where somebody listens to
    what is asked, it is asked as Django does.
    """
    connection.close_if_health_check_failed()
    if connection.connection is None:
        connection.ensure_connection()
    if begins or connection.needs_rollback:
        connection.validate_no_broken_transaction()
    raw = connection.connection
    with connection.wrap_database_errors:
        kept = vars(raw).setdefault(_KEPT, {})
        bare: Any = kept.get(kind)
        if bare is None:
            bare = kept[kind] = kind(raw)
            if connection.timezone == UTC:  # as psycopg reads them; Django needs a class in Python
                bare.adapters.register_loader("timestamptz", TimestamptzLoader)
        if not (connection.queries_logged or connection.execute_wrappers):
            with raw.pipeline() if ends else nullcontext():
                bare.execute(sql, parameters)
                if ends:
                    raw.commit()
            rows: list[tuple[Any, ...]] = bare.fetchall()
            return rows
    # Of what was planned before, psycopg does not tell the words.
    usual, raw.prepare_threshold = raw.prepare_threshold, None
    try:
        with connection._prepare_cursor(kind(raw)) as cursor:  # noqa: SLF001
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())
    finally:
        raw.prepare_threshold = usual
