"""A queryset's rows as CSV made by PostgreSQL: the bytes that `csv_chunks` would make of them.

The server writes the lines and they pass through, a few microseconds a row instead of sixty.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import (
    BooleanField,
    CharField,
    DateTimeField,
    DecimalField,
    F,
    Field,
    Func,
    IntegerField,
    QuerySet,
    TextField,
)

from core.tabular.safety import formula_pattern
from core.tabular.writing import csv_chunks, csv_heading

_PIECE_ROWS = 2000
_BLOCK = 250


def csv_of(queryset: QuerySet[Any], columns: Mapping[str, str]) -> Iterator[bytes]:
    """The rows as `csv_chunks` writes them, streamed; `columns` are heading → field's path.

    Nothing is asked before the first piece is. A column of a kind that the database would write
    otherwise (JSON, floats) sends all rows through Python: slower, and the same bytes.
    """
    rows = queryset.select_related(None).prefetch_related(None)
    cells = [_cell(rows, path) for path in columns.values()]
    if len(cells) == 1 or None in cells:  # alone in its line an empty cell is quoted
        values = rows.values_list(*columns.values()).iterator(chunk_size=_PIECE_ROWS)
        return csv_chunks([*columns], values)
    return _copied([*columns], rows.values_list(*cells))


def _copied(header: Sequence[str], rows: QuerySet[Any]) -> Iterator[bytes]:
    yield csv_heading(header).encode()
    with closing(_lines(rows)) as lines:
        # One message is one row, so this is its own end, and no line break in a cell.
        while block := [line[:-1] for line in islice(lines, _BLOCK)]:
            yield b"\r\n".join([*block, b""])


def _lines(rows: QuerySet[Any]) -> Generator[Any]:
    connection: Any = connections[rows.db]
    try:
        query = connection.ops.compose_sql(*rows.query.sql_with_params())
    except EmptyResultSet:
        return
    statement = f"COPY ({query}) TO STDOUT (FORMAT csv)"
    # Left early, as by a client that goes away, the block cancels the statement.
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(statement) as lines,
    ):
        yield from lines


class _Text(Func):
    """Escaped against formulas (`safety.escape`); an empty text is an empty cell, as NULL is."""

    arity = 1
    output_field = TextField()

    def as_sql(
        self, compiler: Any, connection: Any, *_: Any, **__: Any
    ) -> tuple[str, tuple[Any, ...]]:
        text, params = compiler.compile(self.source_expressions[0])
        sql = f"NULLIF(CASE WHEN {text} ~ %s THEN '''' || {text} ELSE {text} END, '')"
        return sql, (*params, formula_pattern(), *params, *params)


class _Moment(Func):
    """ISO 8601 in UTC, as Python writes it: without a fraction when there is none."""

    template = (
        "replace(to_char(%(expressions)s AT TIME ZONE 'UTC',"
        " 'YYYY-MM-DD\"T\"HH24:MI:SS.US'), '.000000', '') || 'Z'"
    )
    arity = 1
    output_field = TextField()


def _said_alike(expression: Any) -> Any:
    """COPY writes these as Python does."""
    return expression


def _flag(expression: Any) -> Any:
    return Func(expression, template="(%(expressions)s)::text", output_field=TextField())


_KINDS: dict[type[Any], Callable[[Any], Any]] = {
    CharField: _Text,
    TextField: _Text,
    BooleanField: _flag,
    IntegerField: _said_alike,
    DecimalField: _said_alike,
    DateTimeField: _Moment,
}


def _cell(rows: QuerySet[Any], path: str) -> Any:
    """The expression of the cell's text; None for what is to go through Python."""
    field: Field[Any, Any] = F(path).resolve_expression(rows.query.chain()).output_field
    if hasattr(field, "from_db_value"):
        return None
    known = (write(F(path)) for kind, write in _KINDS.items() if isinstance(field, kind))
    return next(known, None)
