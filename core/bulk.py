"""Many rows in one statement that costs little a row: `bulk_create` and `bulk_update` build SQL for
each value. Triggers fire and constraints hold as ever; neither calls `save()` or signals.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from json import JSONEncoder
from typing import Any

import orjson
from django.db import connection
from django.db.models import Field, ForeignKey, JSONField, Model

FEW = 20
_ENCODER = JSONEncoder()
_AS_PLAIN = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
_ESCAPED = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def add_all(rows: Sequence[Model], *, keyed: bool = True) -> None:
    """Add new rows of one model by COPY, and give them their keys if they are to be `keyed`.

    What has a `db_default` is left to the database. A few are an INSERT: it is one call, not three.
    """
    if not rows:
        return
    if len(rows) < FEW:
        model: Any = type(rows[0])
        model.objects.bulk_create(rows)
        return
    fields = [
        field
        for field in rows[0]._meta.concrete_fields
        if not (field.generated or field.has_db_default() or field.primary_key)
    ]
    said = [_reader(field, add=True) for field in fields]
    add_as_said(rows, fields, ([say(row) for say in said] for row in rows), keyed=keyed)


def add_as_said(
    rows: Sequence[Model], fields: Sequence[Any], said: Iterable[Sequence[Any]], *, keyed: bool
) -> None:
    """The same, with these values of the fields, whatever the rows say by now. They are asked for
    when the rows have their keys."""
    key: Any = rows[0]._meta.pk
    with connection.wrap_database_errors, connection.cursor() as cursor:
        if keyed:
            _give_keys(cursor, rows)
        columns = [key, *fields] if keyed else fields
        with cursor.copy(_copy_into(type(rows[0]), columns)) as copy:
            for row, values in zip(rows, said, strict=True):
                copy.write_row([row.pk, *values] if keyed else values)
    for row in rows if keyed else []:
        state = row._state  # noqa: SLF001 (as `bulk_create` leaves it)
        state.adding, state.db = False, connection.alias


def add_values(
    model: type[Model], rows: Sequence[Mapping[str, Any]], shared: Mapping[str, Any]
) -> None:
    """Add rows with the `shared` values and with their own, which are told by names of attributes,
    all by the same ones in the same order.

    Without an instance of the model for each: so nothing is what a field has as its default. What
    is shared is said once.
    """
    if len(rows) < FEW:
        add_all([model(**shared, **row) for row in rows])
        return
    fields: list[Any] = [model._meta.get_field(name) for name in (*shared, *rows[0])]
    ways = [*map(_way_to_say, fields)]
    alike = "".join([say(value) + "\t" for say, value in zip(ways, shared.values(), strict=False)])
    ways = ways[len(shared) :]
    lines = [
        alike + "\t".join([say(value) for say, value in zip(ways, row.values(), strict=True)])
        for row in rows
    ]
    copying = _copy_into(model, fields)
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(copying) as copy,
    ):
        copy.write("\n".join(lines))


def write_all(rows: Sequence[Model], names: Iterable[str]) -> None:
    """Write these fields of the rows, each its own values, in one UPDATE. They hold the locks."""
    if not rows:
        return
    meta = rows[0]._meta
    key: Any = meta.pk
    fields = [meta.get_field(name) for name in names]
    columns = ", ".join(f"{_quoted(field)} = new.{_quoted(field)}" for field in fields)
    arrays = ", ".join(f"%s::{type_of(field)}[]" for field in [key, *fields])
    named = ", ".join(map(_quoted, [key, *fields]))
    said = [_reader(field, add=False) for field in [key, *fields]]
    with connection.cursor() as cursor:
        cursor.execute(
            f'UPDATE "{meta.db_table}" AS known SET {columns} '  # noqa: S608 (names of columns)
            f"FROM unnest({arrays}) AS new ({named}) "
            f"WHERE known.{_quoted(key)} = new.{_quoted(key)}",
            [[say(row) for row in rows] for say in said],
        )


def _give_keys(cursor: Any, rows: Sequence[Model]) -> None:
    """Under the lock that an INSERT takes before it draws its keys: who waits for all who write
    the table (`inventory.services.closings`) finds none below the last key later."""
    meta = rows[0]._meta
    cursor.execute(
        f'LOCK TABLE "{meta.db_table}" IN ROW EXCLUSIVE MODE;'  # noqa: S608 (names of columns)
        "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
        [f'"{meta.db_table}"', meta.pk.column, len(rows)],
    )
    cursor.nextset()
    for row, [key] in zip(rows, cursor.fetchall(), strict=True):
        row.pk = key


def _reader(field: Any, *, add: bool) -> Callable[[Any], Any]:
    """What gives a row's value; the field is asked only where it has something to say."""
    name = field.attname
    if isinstance(field, JSONField):
        return lambda row: field.get_db_prep_save(getattr(row, name), connection)
    if isinstance(field, ForeignKey):
        return lambda row: _key(field, row)
    if type(field).pre_save is not Field.pre_save:
        return lambda row: field.pre_save(row, add)
    return lambda row: getattr(row, name)


def _key(field: Any, row: Model) -> Any:
    """Of a row that was given before it had one, too."""
    key = getattr(row, field.attname)
    if key is None and field.is_cached(row):
        return getattr(field.get_cached_value(row), "pk", None)
    return key


def _way_to_say(field: Any) -> Callable[[Any], str]:
    if not isinstance(field, JSONField):
        return _said
    encode = field.encoder().encode if field.encoder else _as_json
    return lambda value: _said(None if value is None else encode(value))


def _as_json(value: Any) -> str:
    """As `json` has it, by a quicker library; what that refuses is left to `json`."""
    try:
        return orjson.dumps(value, None, _AS_PLAIN).decode()
    except TypeError:  # numbers beyond 64 bits, half a surrogate pair
        return _ENCODER.encode(value)


def _said(value: Any) -> str:
    """A value as COPY reads it: https://www.postgresql.org/docs/15/sql-copy.html (text format)."""
    if value is None:
        return r"\N"
    text = str(value)
    return text if text.isprintable() and "\\" not in text else text.translate(_ESCAPED)


def _copy_into(model: type[Model], fields: Iterable[Any]) -> str:
    columns = ", ".join(map(_quoted, fields))
    return f'COPY "{model._meta.db_table}" ({columns}) FROM STDIN'


def _quoted(field: Any) -> str:
    return f'"{field.column}"'


def type_of(field: Any) -> str:
    # An identity column is of the type of those that point to it.
    return str((field.rel_db_type if field.primary_key else field.db_type)(connection))
