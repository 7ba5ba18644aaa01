"""Representations without asking each field at each row how it is read.

    class CollectibleSerializer(Compiled, StrictModelSerializer): ...

A serializer of the REST framework finds out anew for every row what it knew when it was written:
where a field's value is, and that a text is shown as it is. `Compiled` finds out once per class;
what it shows is the same, key by key (docs/decisions/0025-fast-reads.md).
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cache, lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from rest_framework import serializers
from rest_framework.settings import api_settings

if TYPE_CHECKING:
    from rest_framework.serializers import Serializer as _Serializer
else:
    _Serializer = object

Show = Callable[[Any], Any]  # from a value to what is shown of it

# Fields that show values in this way show one of this type as it is.
_UNCHANGED: dict[Any, type] = {
    serializers.CharField.to_representation: str,
    serializers.ChoiceField.to_representation: str,
    serializers.IntegerField.to_representation: int,
    serializers.BooleanField.to_representation: bool,
}
# For rows of so many combinations of types a serializer's way to show them is remembered.
_MOST_PLANS = 100


class Compiled(_Serializer):
    """Shows a row to everybody alike: no field of it, nor a method, looks at the `context`."""

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return _reader_of(type(self)).read(instance)


@cache
def _reader_of(kind: Any) -> "_Reader":
    return _Reader([field for field in kind().fields.values() if not field.write_only])


class _Reader:
    """Reads all values of a row at once; which of them cannot be shown as they are is settled once
    for all rows with values of the same types."""

    def __init__(self, fields: Sequence[Any]) -> None:
        self.names: list[str] = [field.field_name for field in fields]
        # One more, lest it gives a value instead of a tuple of one.
        self.values_of: Callable[[Any], tuple[Any, ...]] = attrgetter(
            *map(_source_of, fields), "__class__"
        )
        # What is made of the whole row, and how the others are shown and when they need not be.
        self.of_row: dict[str, Show] = {
            str(field.field_name): getattr(field.parent, field.method_name)
            for field in fields
            if isinstance(field, serializers.SerializerMethodField)
        }
        self.shows = [(field.field_name, *_way_to_show(field)) for field in fields]
        self.plan_of = lru_cache(_MOST_PLANS)(self._plan_of)

    def read(self, row: Any) -> dict[str, Any]:
        values = self.values_of(row)
        shown = dict(zip(self.names, values, strict=False))
        for name, show in self.plan_of(tuple(map(type, values))):
            shown[name] = show(shown[name])
        for name, method in self.of_row.items():
            shown[name] = method(row)
        return shown

    def _plan_of(self, types: tuple[type, ...]) -> list[tuple[str, Show]]:
        """Which values are not shown as they are, and how."""
        pairs = zip(self.shows, types, strict=False)
        return [
            (name, show)
            for (name, show, unchanged), found in pairs
            if found not in (type(None), unchanged) and name not in self.of_row
        ]


def _source_of(field: Any) -> str:
    if isinstance(field, serializers.SerializerMethodField):
        return "__class__"
    if isinstance(field, serializers.PrimaryKeyRelatedField):
        return f"{field.source}_id"
    return str(field.source)


def _way_to_show(field: Any) -> tuple[Show, type | None]:
    """And the type of what is shown as it is."""
    if isinstance(field, serializers.PrimaryKeyRelatedField):
        return _as_it_is, None
    show: Show = field.to_representation
    if isinstance(field, serializers.DateTimeField):
        return _time(show), None
    if type(field) is serializers.DecimalField and _is_plain_text(field):
        return _amount(show, field.decimal_places or 0), None
    return show, _UNCHANGED.get(type(field).to_representation)


def _as_it_is(value: Any) -> Any:
    return value


def _is_plain_text(field: Any) -> bool:
    text = getattr(field, "coerce_to_string", api_settings.COERCE_DECIMAL_TO_STRING)
    return bool(text and field.decimal_places and not (field.localize or field.normalize_output))


def _time(show: Show) -> Show:
    """ISO 8601 with `Z`; the framework would first bring what is UTC to UTC."""

    def read(value: Any) -> Any:
        text = value.isoformat()
        return f"{text[:-6]}Z" if text.endswith("+00:00") else show(value)

    return read


def _amount(show: Show, places: int) -> Show:
    """With all its places already, as the database has it, there is nothing to round."""

    def read(value: Any) -> Any:
        text = str(value)
        exact = text[-places - 1 : -places] == "." and type(value) is Decimal
        return text if exact else show(value)

    return read
