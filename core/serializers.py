"""Serializer parts that every resource uses."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.utils.functional import cached_property
from django.utils.text import format_lazy
from django.utils.translation import gettext, gettext_lazy
from drf_spectacular.utils import (
    OpenApiExample,
    extend_schema_field,
    extend_schema_serializer,
)
from rest_framework import serializers
from rest_framework.fields import empty
from rest_framework.utils.formatting import lazy_format
from rest_framework.utils.serializer_helpers import BindingDict

if TYPE_CHECKING:
    _Serializer = serializers.Serializer
else:
    _Serializer = object

# By serializer, so many as there are in the code.
_kept: dict[type, dict[str, serializers.Field]] = {}
# Where fields keep a field that is theirs alone.
_INNER = {"child", "child_relation"}
_READS_TEXT = serializers.CharField.to_internal_value
_READS_FLAG = serializers.BooleanField.to_internal_value


class StrictMixin(_Serializer):
    """Refuses keys it does not know: a misspelt field must not be lost without a word.

    And numbers for text or for a flag: `0075` is another SKU than 75. All that is wrong is told at
    once.
    """

    # What a call says, by name, while it is read; of a form nobody knows what it leaves out.
    _said: Any = None

    def get_fields(self) -> Any:
        """Twins of fields that are made once: the framework makes them for each call anew."""
        kept = _kept.get(type(self))
        if kept is None:
            made = super().get_fields()
            kept = _kept[type(self)] = {name: _kept_for_all(each) for name, each in made.items()}
        return _Twins(self, kept)

    @cached_property
    def fields(self) -> Any:
        made = self.get_fields()
        return made if isinstance(made, _Twins) else _Twins(self, {}).with_all(made)

    @property
    def _writable_fields(self) -> Any:
        """Without those of which nothing is said, and nothing follows from that."""
        for name, field in [*self.fields.states.items()]:
            follows = field.required or field.default is not empty
            if not field.read_only and (follows or self._said is None or name in self._said):
                yield self.fields[name]

    def _read_only_defaults(self) -> Any:
        states = self.fields.states.values()
        if not any(each.read_only and each.default is not empty for each in states):
            return {}
        return super()._read_only_defaults()

    def to_internal_value(self, data: Any) -> Any:
        refused = self._refused(data) if isinstance(data, dict) else {}
        self._said = data if type(data) is dict else None
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            told: Any = error.detail
            raise serializers.ValidationError({**told, **refused}) from error
        if refused:
            raise serializers.ValidationError(refused)
        return values

    def _refused(self, data: dict[Any, Any]) -> dict[str, Any]:
        known = self.fields
        refused: dict[str, Any] = {}
        if unknown := sorted(str(key) for key in data if key not in known):
            fault = serializers.ErrorDetail(gettext("Unknown field."), "unknown_field")
            refused.update(dict.fromkeys(unknown, fault))
        for name, value in data.items():
            if name in known and _is_of_another_kind(known[name], value):
                text = known[name].error_messages["invalid"]
                refused[name] = serializers.ErrorDetail(text, "invalid")
        return refused


class _Twins(BindingDict):
    """Fields of one serializer. Each is made of the one that is kept when somebody asks for it:
    most calls say little of what they might."""

    def __init__(self, serializer: Any, kept: dict[str, serializers.Field]) -> None:
        super().__init__(serializer)
        self.states = {**kept}

    def __getitem__(self, name: str) -> Any:
        if name not in self.fields:
            self[name] = _twin(self.states[name])
        return self.fields[name]

    def __setitem__(self, name: str, field: Any) -> None:
        self.states[name] = field
        super().__setitem__(name, field)

    def __delitem__(self, name: str) -> None:
        del self.states[name]
        self.fields.pop(name, None)

    def __iter__(self) -> Any:
        return iter([*self.states])

    def __len__(self) -> int:
        return len(self.states)

    def __contains__(self, name: object) -> bool:
        return name in self.states

    def with_all(self, fields: Any) -> "_Twins":
        """Some of them may be the serializer's already."""
        for name, field in fields.items():
            if field.parent is self.serializer:
                self.states[name] = self.fields[name] = field
            else:
                self[name] = field
        return self


def _is_of_another_kind(field: serializers.Field, value: Any) -> bool:
    """A number for text or for a flag; not where the field reads what it is given in its own way.

    Forms know texts alone, so `"true"` is a flag.
    """
    reads = getattr(type(field), "to_internal_value", None)
    if field.read_only or reads not in {_READS_TEXT, _READS_FLAG}:
        return False
    if isinstance(value, bool):
        return reads is _READS_TEXT
    return isinstance(value, int | float)


def _kept_for_all(field: Any) -> serializers.Field:
    """Whatever their language: the framework's messages keep the first they are read in."""
    for each in vars(field).get("_validators", ()):
        text = getattr(each, "message", None)
        if isinstance(text, lazy_format):
            each.message = format_lazy(text.format_string or "", *text.args, **text.kwargs)
    for name in _INNER & vars(field).keys():
        _kept_for_all(vars(field)[name])
    return field


def _twin(field: Any) -> Any:
    """Of one state until somebody sets a value; what belongs to a serializer is its own."""
    twin = object.__new__(type(field))
    state = vars(twin)
    state.update(vars(field))
    if "_validators" in state:
        state["_validators"] = [*state["_validators"]]
    for name in _INNER & state.keys():
        state[name] = inner = _twin(state[name])
        inner.parent = twin
    return twin


class StrictSerializer(StrictMixin, serializers.Serializer):
    pass


class StrictModelSerializer(StrictMixin, serializers.ModelSerializer):
    pass


class StrictIntegerField(serializers.IntegerField):
    """A JSON number: neither "12" nor true, which Python would read as 12 and 1."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return int(super().to_internal_value(data))


@extend_schema_field({"type": "integer", "minimum": 1})
class ScopedRelatedField(serializers.PrimaryKeyRelatedField):
    """The id of a row that the caller may see; a foreign id and a missing one answer alike."""

    context: Any

    def __init__(self, *, selector: Callable[[Any], QuerySet], **kwargs: Any) -> None:
        self.selector = selector
        super().__init__(**kwargs)

    def get_queryset(self) -> QuerySet:
        return self.selector(self.context["request"].user)

    def to_internal_value(self, data: Any) -> Any:
        found = self.context.get(self)
        if found is None or type(data) is not int:
            return super().to_internal_value(data)
        if data not in found:
            self.fail("does_not_exist", pk_value=data)
        return found[data]


class RowsField(serializers.ListField):
    """A list of objects; what they name by id is looked up for all of them at once.

    It is kept in the call's own context, for the call's fields.
    """

    child: Any
    context: Any

    def to_internal_value(self, data: Any) -> Any:
        rows = [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []
        for name, field in self.child.fields.items():
            if isinstance(field, ScopedRelatedField):
                told: list[Any] = [key for row in rows if type(key := row.get(name)) is int]
                named = {key for key in told if 0 < key < 2**63}
                self.context[field] = field.get_queryset().in_bulk(named)
        return super().to_internal_value(data)


class _Ids(serializers.ListField):
    child = StrictIntegerField(min_value=1, max_value=2**63 - 1)

    def run_child_validation(self, data: Any) -> Any:
        """Of a thousand that are right none is asked by itself."""
        if all(type(each) is int and 0 < each < 2**63 for each in data):
            return data
        return super().run_child_validation(data)


@extend_schema_serializer(
    examples=[
        OpenApiExample("Three of them", {"ids": [4711, 4712, 99]}, request_only=True),
        OpenApiExample(
            "If nobody was quicker",
            {"ids": [4711, 4712], "versions": {"4711": 3, "4712": 1}},
            request_only=True,
        ),
    ]
)
class IdsSerializer(StrictSerializer):
    """`{ids: [...]}`: 1 to 1,000 ids; one named twice counts once.

    `versions` says of all or some of them which version the caller read.
    """

    ids = _Ids(
        max_length=1000,
        error_messages=dict.fromkeys(["required", "null"], gettext_lazy("No IDs provided")),
    )

    versions = serializers.DictField(
        child=StrictIntegerField(min_value=1, max_value=2**31 - 1),
        required=False,
        help_text="By id, the `version` you read. What is at another one is reported and left.",
    )

    def validate_ids(self, ids: list[int]) -> list[int]:
        if not ids:
            raise serializers.ValidationError(gettext("No IDs provided"), code="no_ids")
        return sorted(set(ids))

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        named = {str(key): key for key in attrs["ids"]}
        versions = attrs.get("versions", {})
        if strange := sorted(set(versions) - set(named)):
            text = gettext("%(id)s is none of the ids.") % {"id": strange[0]}
            raise serializers.ValidationError({"versions": text}, "unknown")
        return {**attrs, "versions": {named[key]: number for key, number in versions.items()}}


class ReportSerializer(serializers.Serializer):
    """What became of a call on many rows."""

    plan = serializers.CharField(
        required=False, help_text="Of a rehearsal: send it along as `?plan=` with the deed."
    )

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """The deed has no plan; a rehearsal's stands last."""
        shown: dict[str, Any] = super().to_representation(instance)
        plan = shown.pop("plan")
        return {**shown, "plan": plan} if plan else shown
