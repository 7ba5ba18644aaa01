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
from collections.abc import Callable, Sequence
from datetime import date
from functools import cached_property
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.backends.postgresql.base import ServerBindingCursor
from django.db.models import Expression, Field, ForeignKey, Lookup, QuerySet
from psycopg.sql import Literal


@Field.register_lookup
@ForeignKey.register_lookup
class AnyOf(Lookup):
    """`pk__any=[1, 2, 3]`: one parameter, however many there are, where `__in` has one for each."""

    lookup_name = "any"

    def get_prep_lookup(self) -> Any:
        return self.rhs

    def get_db_prep_lookup(self, value: Any, connection: Any) -> Any:
        return "%s", [value]

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        column, before = self.process_lhs(compiler, connection)
        values, after = self.process_rhs(compiler, connection)
        kind = self.lhs.output_field.db_type(connection)
        return f"{column} = ANY(({values})::{kind}[])", [*before, *after]


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


class prepared:  # noqa: N801 (a decorator)
    """Decorates a function from values to a queryset: calling it gives the list of its rows.

    The function is called once, with stand-ins; it may compare with them, but not look at them.
    What it does not take as a parameter must be the same for ever, so a time is refused. For a list
    of values a query for them may be given: it becomes part of the same statement.
    """

    def __init__(self, build: Callable[..., QuerySet[Any]]) -> None:
        self.build = build
        self.names = list(inspect.signature(build).parameters)

    def __call__(self, *values: Any) -> list[Any]:
        template, made, sql, names = self._compiled
        connection: Any = connections[template.db]
        given = dict(zip(self.names, values, strict=True))
        try:
            if any(isinstance(value, QuerySet) for value in values):
                sql, parameters = _with_queries(sql, names, given)
            else:
                parameters = [given[name] for name in names]
            rows = run(connection, sql, parameters)
        except EmptyResultSet:
            rows = []
        compiler = copy.copy(made)
        compiler.connection = connection
        compiler.execute_sql = lambda *_args, **_options: [rows]
        queryset: Any = template.all()
        queryset.query.get_compiler = lambda *_args, **_options: compiler
        return list(queryset)

    @cached_property
    def _compiled(self) -> tuple[Any, Any, str, list[str]]:
        template: Any = self.build(*map(Given, self.names))
        compiler = template.query.chain().get_compiler(template.db)
        sql, parameters = compiler.as_sql()
        if moving := [each for each in parameters if isinstance(each, date)]:
            raise TypeError(f"{self.build.__name__} would keep {moving}: make it a parameter.")
        told = [None if isinstance(each, Given) else _literal(each) for each in parameters]
        left = [each.name for each in parameters if isinstance(each, Given)]
        return template, compiler, _filled(sql, told), left


def _with_queries(sql: str, names: list[str], given: dict[str, Any]) -> tuple[str, list[Any]]:
    """The statement with the queries in front of it, each carried out once, and named."""
    queries = {name: each.query for name, each in given.items() if isinstance(each, QuerySet)}
    before: list[Any] = []
    parts = []
    for name, query in queries.items():
        inner, values = query.sql_with_params()
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
    connection: Any, sql: str, parameters: Any, kind: Any = ServerBindingCursor
) -> list[tuple[Any, ...]]:
    """As `connection.cursor()` does it, with a cursor that leaves the values to PostgreSQL.

    What a connection hears often it has planned (`prepare_threshold`).
    """
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    with connection.wrap_database_errors:
        bare = kind(connection.connection)
    with connection._prepare_cursor(bare) as cursor:  # noqa: SLF001
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
