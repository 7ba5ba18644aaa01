"""Representations without asking each field at each row how it is read.

    class CollectibleSerializer(Compiled, StrictModelSerializer): ...

A serializer of the REST framework finds out anew for every row what it knew when it was written:
where a field's value is, and that a text is shown as it is. `Compiled` finds out once per class,
and goes through rows column by column; what it shows is the same, key by key
(docs/decisions/0025-fast-reads.md).
"""

from collections.abc import Callable, Sequence
from datetime import UTC
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import orjson
from django.db.models.manager import BaseManager
from rest_framework import serializers
from rest_framework.settings import api_settings

if TYPE_CHECKING:
    from rest_framework.serializers import Serializer as _Serializer
else:
    _Serializer = object

Rows = Sequence[Any]
Column = Sequence[Any]
Show = Callable[[Column, Rows], Column]  # from the values of rows to what is shown of them
ShowOne = Callable[[Any], Any]

# Fields that show values in this way show one of this type as it is, or whatever it is.
_UNCHANGED: dict[Any, type] = {
    serializers.CharField.to_representation: str,
    serializers.ChoiceField.to_representation: str,
    serializers.IntegerField.to_representation: int,
    serializers.BigIntegerField.to_representation: int,
    serializers.BooleanField.to_representation: bool,
    serializers.JSONField.to_representation: object,
    serializers.ReadOnlyField.to_representation: object,
}


class Compiled(_Serializer):
    """Shows a row to everybody alike: no field of it, nor a method, looks at the `context`.

    What is to be shown in another way, `shown` says, of one row or many.
    """

    @classmethod
    def shown(cls, rows: Rows) -> list[dict[str, Any]]:
        return _reader_of(cls).read(rows)

    @classmethod
    def many_init(cls, *args: Any, **kwargs: Any) -> Any:
        many = super().many_init(*args, **kwargs)
        if type(many) is serializers.ListSerializer:
            many.__class__ = CompiledList  # the framework is told of one by each `Meta` alone
        return many

    def to_representation(self, instance: Any) -> dict[str, Any]:
        [shown] = self.shown([instance])
        return shown


class CompiledList(serializers.ListSerializer):
    child: Any

    def to_representation(self, data: Any) -> list[dict[str, Any]]:
        shown: list[dict[str, Any]] = self.child.shown(
            data.all() if isinstance(data, BaseManager) else data
        )
        return shown


@cache
def _reader_of(kind: Any) -> "_Reader":
    return _Reader([field for field in kind().fields.values() if not field.write_only])


class _Reader:
    """Reads all values of a row at once; a column in which all are of types that are shown as they
    are needs no more."""

    def __init__(self, fields: Sequence[Any]) -> None:
        self.names: list[str] = [field.field_name for field in fields]
        # One more, lest it gives a value instead of a tuple of one.
        self.values_of: Callable[[Any], tuple[Any, ...]] = attrgetter(
            *map(_source_of, fields), "__class__"
        )
        self.ways = [*map(_way_to_show, fields)]

    def read(self, rows: Rows) -> list[dict[str, Any]]:
        found = zip(*map(self.values_of, rows), strict=True)
        columns = [
            values if unchanged and {*map(type, values)} <= unchanged else show(values, rows)
            for values, (show, unchanged) in zip(found, self.ways, strict=False)
        ]
        return [dict(zip(self.names, values, strict=True)) for values in zip(*columns, strict=True)]


def _source_of(field: Any) -> str:
    if isinstance(field, serializers.SerializerMethodField):
        return "__class__"
    if isinstance(field, serializers.PrimaryKeyRelatedField):
        return f"{field.source}_id"
    return str(field.source)


def _way_to_show(field: Any) -> tuple[Show, set[type]]:
    """And the types of what is shown as it is, if it is worth while to look for them."""
    show: ShowOne = field.to_representation
    known = {} if _writes(field) else _UNCHANGED
    unchanged = known.get(type(field).to_representation, type(None))
    if isinstance(field, serializers.SerializerMethodField):
        return _made_by(getattr(field.parent, field.method_name)), set()
    if isinstance(field, serializers.PrimaryKeyRelatedField) or unchanged is object:
        return _as_they_are, set()
    if isinstance(field, serializers.DateTimeField):
        return _times(show), set()
    if type(field) is serializers.DecimalField and _is_plain_text(field):
        return _each(_amount(show, field.decimal_places or 0)), set()
    if isinstance(field, CompiledList):
        return _lists(show), set()
    return _each(show), {type(None), unchanged}


def _as_they_are(values: Column, _rows: Rows) -> Column:
    return values


def _made_by(method: ShowOne) -> Show:
    return lambda _values, rows: [*map(method, rows)]


def _each(show: ShowOne) -> Show:
    return lambda values, _rows: [None if each is None else show(each) for each in values]


def _lists(show: ShowOne) -> Show:
    return lambda values, _rows: [rows if rows in (None, []) else show(rows) for rows in values]


def _writes(field: Any) -> bool:
    """JSON as bytes, or big integers as text."""
    text = getattr(field, "coerce_to_string", api_settings.COERCE_BIGINT_TO_STRING)
    return bool(text or getattr(field, "binary", False))


def _is_plain_text(field: Any) -> bool:
    text = getattr(field, "coerce_to_string", api_settings.COERCE_DECIMAL_TO_STRING)
    return bool(text and field.decimal_places and not (field.localize or field.normalize_output))


def _times(show: ShowOne) -> Show:
    """ISO 8601 with `Z`; the framework would first bring what is UTC to UTC."""
    others = _each(show)

    def shown(values: Column, rows: Rows) -> Column:
        if {each.tzinfo for each in values if each} == {UTC}:
            return orjson.loads(orjson.dumps(values, None, orjson.OPT_UTC_Z))
        return others(values, rows)

    return shown


def _amount(show: ShowOne, places: int) -> ShowOne:
    """With all its places already, as the database has it, there is nothing to round."""

    def read(value: Any) -> Any:
        text = str(value)
        exact = text[-places - 1 : -places] == "." and type(value) is Decimal
        return text if exact else show(value)

    return read
