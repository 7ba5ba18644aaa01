"""Representations without asking each field at each row how it is read.

    class CollectibleSerializer(Compiled, StrictModelSerializer): ...

A serializer of the REST framework finds out anew for every row what it knew when it was written:
where a field's value is, and that a text is shown as it is. `Compiled` finds out once per class;
what it shows is the same, key by key (docs/decisions/0025-fast-reads.md).
"""

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from rest_framework import serializers

if TYPE_CHECKING:
    from rest_framework.serializers import Serializer as _Serializer
else:
    _Serializer = object

Reader = Callable[[Any], Any]  # from a row to what is shown of it

# Fields that show values in this way show one of this type as it is.
_UNCHANGED: dict[Any, type] = {
    serializers.CharField.to_representation: str,
    serializers.ChoiceField.to_representation: str,
    serializers.IntegerField.to_representation: int,
    serializers.BooleanField.to_representation: bool,
}


class Compiled(_Serializer):
    """Shows a row to everybody alike: no field of it, nor a method, looks at the `context`."""

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return {name: read(instance) for name, read in _readers(type(self))}


@cache
def _readers(kind: Any) -> list[tuple[str, Reader]]:
    fields = kind().fields.items()
    return [(name, _reader(field)) for name, field in fields if not field.write_only]


def _reader(field: Any) -> Reader:
    if isinstance(field, serializers.SerializerMethodField):
        method: Reader = getattr(field.parent, field.method_name)
        return method
    if isinstance(field, serializers.PrimaryKeyRelatedField):
        return attrgetter(f"{field.source}_id")
    return _shown(attrgetter(field.source), _way_to_show(field), _unchanged(field))


def _shown(value_of: Reader, show: Reader, unchanged: type | None) -> Reader:
    def read(row: Any) -> Any:
        value = value_of(row)
        return value if value is None or type(value) is unchanged else show(value)

    return read


def _unchanged(field: Any) -> type | None:
    return _UNCHANGED.get(type(field).to_representation)


def _way_to_show(field: Any) -> Reader:
    show: Reader = field.to_representation
    return _time(show) if isinstance(field, serializers.DateTimeField) else show


def _time(show: Reader) -> Reader:
    """ISO 8601 with `Z`; the framework would first bring what is UTC to UTC."""

    def read(value: Any) -> Any:
        text = value.isoformat()
        return f"{text[:-6]}Z" if text.endswith("+00:00") else show(value)

    return read
