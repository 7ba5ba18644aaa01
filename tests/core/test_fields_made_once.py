"""A serializer's fields are twins of those that were made once (`core.serializers`)."""

from typing import Any

import pytest
from django.http import QueryDict
from django.utils import translation
from rest_framework import serializers

from core.serializers import StrictIntegerField, StrictSerializer


class LineSerializer(StrictSerializer):
    count = StrictIntegerField(min_value=1)
    labels = serializers.ListField(child=serializers.CharField(max_length=3))


class SheetSerializer(StrictSerializer):
    name = serializers.CharField(max_length=3)
    lines = LineSerializer(many=True)

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        fields["name"].required = self.instance is None
        return fields


WRONG = {"name": "long name", "lines": [{"count": 0, "labels": ["long label"]}]}


def faults(language: str) -> tuple[str, str, str]:
    with translation.override(language):
        sheet = SheetSerializer(data=WRONG)
        assert not sheet.is_valid()
        [line] = sheet.errors["lines"].values()
        return str(sheet.errors["name"][0]), str(line["count"][0]), str(line["labels"][0][0])


def test_messages_are_in_the_language_of_each_caller() -> None:
    german, english = faults("de"), faults("en")
    assert english[0] == "Ensure this field has no more than 3 characters."
    assert english[2] == english[0]
    assert all(told != other for told, other in zip(german, english, strict=True))
    assert faults("de") == german


def test_what_is_set_on_one_is_not_set_on_others() -> None:
    first, second = SheetSerializer(), SheetSerializer({"name": "x"})
    assert (first.fields["name"].required, second.fields["name"].required) == (True, False)
    first.fields["name"].validators.clear()
    assert SheetSerializer(data={"name": "long name", "lines": []}).is_valid() is False


def test_each_serializer_finds_its_own_context() -> None:
    both = [SheetSerializer(context={"number": number}) for number in (1, 2)]
    inner = [sheet.fields["lines"].child.fields["labels"].child for sheet in both]
    assert [field.context["number"] for field in inner] == [1, 2]
    assert [field.root for field in inner] == both


def test_fields_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class OnceSerializer(StrictSerializer):
        name = serializers.CharField()

    made: list[object] = []
    make = serializers.CharField.__init__

    def spy(self: Any, **told: Any) -> None:
        made.append(self)
        make(self, **told)

    monkeypatch.setattr(serializers.CharField, "__init__", spy)
    for name in ("one", "two", "three"):
        assert OnceSerializer(data={"name": name}).is_valid()
    assert len(made) == 1


class NoteSerializer(StrictSerializer):
    text = serializers.CharField()
    size = StrictIntegerField(default=3)
    colour = serializers.CharField(required=False)
    kind = serializers.CharField(read_only=True)


class ReversedSerializer(NoteSerializer):
    """Its fields are a dictionary of its own."""

    def get_fields(self) -> dict[str, Any]:
        more = serializers.CharField(source="note", required=False)
        return {**dict(reversed([*super().get_fields().items()])), "more": more}


def test_field_is_made_when_it_is_asked_for() -> None:
    said = NoteSerializer(data={"text": "short"})
    assert said.is_valid()
    assert said.validated_data == {"text": "short", "size": 3}
    assert set(said.fields.fields) == {"text", "size"}
    assert list(said.fields) == ["text", "size", "colour", "kind"]
    assert [field.field_name for field in said.fields.values()] == list(said.fields)


def test_what_is_not_said_is_missed_all_the_same() -> None:
    silent = NoteSerializer(data={})
    assert not silent.is_valid()
    assert {name: [fault.code for fault in told] for name, told in silent.errors.items()} == {
        "text": ["required"]
    }
    assert NoteSerializer(data={}, partial=True).is_valid()


def test_form_says_nothing_by_leaving_a_flag_out() -> None:
    class FlagSerializer(StrictSerializer):
        is_on = serializers.BooleanField(required=False)

    form = FlagSerializer(data=QueryDict(""))
    assert form.is_valid()
    assert form.validated_data == {"is_on": False}


def test_fields_may_be_a_dictionary_of_the_serializers_own() -> None:
    said = ReversedSerializer(data={"text": "short", "more": "long"})
    assert said.is_valid()
    assert said.validated_data == {"size": 3, "text": "short", "note": "long"}
    assert list(said.fields) == ["kind", "colour", "size", "text", "more"]
    del said.fields["kind"]
    assert "kind" not in said.fields
