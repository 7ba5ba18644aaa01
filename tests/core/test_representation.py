"""What is shown by readers made once is what the framework shows, key by key."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer as FrameworkRenderer

from core.renderers import JSONRenderer
from core.representation import Compiled
from inventory.enums import Condition

TEXT = st.text(max_size=20)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=2))])
TIMES = st.datetimes(timezones=ZONES | st.none())
NUMBERS = st.integers(-(2**70), 2**70)
JSON: Any = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


class Child(serializers.Serializer):
    name = serializers.CharField()


class QuickChild(Compiled, Child):
    pass


class Plain(serializers.Serializer):
    text = serializers.CharField(allow_null=True)
    choice = serializers.ChoiceField(Condition.choices)
    number = serializers.IntegerField(allow_null=True)
    big = serializers.BigIntegerField(source="number")
    digits = serializers.BigIntegerField(source="number", coerce_to_string=True)
    flag = serializers.BooleanField(allow_null=True)
    money = serializers.DecimalField(max_digits=14, decimal_places=2, allow_null=True)
    at = serializers.DateTimeField(allow_null=True)
    anything = serializers.JSONField()
    written = serializers.JSONField(source="anything", binary=True)
    as_it_is = serializers.ReadOnlyField(source="anything")
    renamed = serializers.CharField(source="text")
    children = Child(many=True)
    quick = QuickChild(many=True, source="children")
    child = Child()
    secret = serializers.CharField(write_only=True)
    told = serializers.SerializerMethodField()

    def get_told(self, row: Any) -> str:
        return f"told {row.number}"


class Quick(Compiled, Plain):
    pass


CHILDREN = st.builds(SimpleNamespace, name=TEXT)
ROWS = st.builds(
    SimpleNamespace,
    text=TEXT | st.none() | NUMBERS,
    choice=st.sampled_from([*Condition, *Condition.values, "unknown", ""]),
    number=NUMBERS | st.none() | st.booleans() | st.just("7"),
    flag=st.booleans() | st.none() | st.sampled_from(["true", 0, 1]),
    money=st.decimals(0, 10**9, places=2) | st.none() | st.just(Decimal(3)),
    at=TIMES | st.none(),
    anything=JSON,
    children=st.lists(CHILDREN, max_size=3) | st.none(),
    child=CHILDREN,
)


@given(st.lists(ROWS, max_size=4))
def test_representation_is_that_of_the_framework(rows: list[Any]) -> None:
    expected = [list(Plain(row).data.items()) for row in rows]
    assert [list(Quick(row).data.items()) for row in rows] == expected
    assert [list(shown.items()) for shown in Quick(rows, many=True).data] == expected
    assert [list(shown.items()) for shown in Plain(rows, many=True).data] == expected


@given(JSON)
def test_json_says_what_the_framework_says(data: Any) -> None:
    assert json.loads(JSONRenderer().render({"a": data})) == {"a": data}


@pytest.mark.parametrize(
    "data",
    [
        datetime(2026, 11, 20, 9, 30, 0, 123456, tzinfo=UTC), Decimal("1.10"), timedelta(minutes=1),
        Condition.MINT, {1: "one"}, {"a": {2: None}}, b"bytes", "\u2028 <&>", 2**64,
        serializers.ErrorDetail("no", "code"), SimpleNamespace, None,
    ],
)  # fmt: skip
def test_what_json_does_not_know_is_written_as_the_framework_writes_it(data: Any) -> None:
    def written(renderer: Any) -> Any:
        try:
            return json.loads(renderer.render([data]))
        except TypeError:
            return TypeError

    assert written(JSONRenderer()) == written(FrameworkRenderer())


def test_who_asks_for_indentation_gets_it() -> None:
    assert JSONRenderer().render({"a": 1}, "application/json; indent=4") == b'{\n    "a": 1\n}'
    assert JSONRenderer().render(None) == b""
