"""Filters cost what is given, and refuse what they always did."""

from typing import Any

import pytest
from django.db.models import QuerySet
from django.http import QueryDict
from django_filters import rest_framework as filters
from rest_framework.test import APIClient

from core.filters import FilterSet, FlagFilter, IntegerFilter
from inventory.enums import Condition
from inventory.models import Collectible
from tests.contract import published
from tests.factories import CollectibleFactory


class Whole(filters.FilterSet):
    condition = filters.ChoiceFilter(choices=Condition.choices)
    min_value = filters.NumberFilter(field_name="value", lookup_expr="gte")
    units = IntegerFilter(field_name="quantity")
    since = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    is_active = FlagFilter()
    word = filters.CharFilter(method="called")

    def called(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(name=f"{self.data['word']} {value}")


class Narrow(FilterSet, Whole):
    """The same filters, by our own way."""


@pytest.mark.django_db
@pytest.mark.parametrize(
    "query",
    [
        "", "condition=", "condition=good", "condition=shiny&min_value=x", "min_value=1e51",
        "min_value=%20007.50&units=3", "units=1.5", "units=2&units=3", "since=yesterday",
        "since=2026-01-01T00:00:00Z", "is_active=0", "is_active=perhaps", "word=a&word=b",
        "word=%00", "unknown=1&is_active=true",
    ],
)  # fmt: skip
def test_answers_are_those_of_the_library(query: str) -> None:
    told: list[Any] = []
    for kind in (Whole, Narrow):
        asked = kind(QueryDict(query), Collectible.objects.all())
        valid = asked.is_valid()
        told.append([valid, asked.errors.get_json_data(), str(asked.qs.query) if valid else None])
    assert told[0] == told[1]


def test_what_is_not_given_is_not_touched() -> None:
    asked = Narrow(QueryDict("units=3"), Collectible.objects.all())
    assert asked.is_valid()
    assert set(asked.filters) == set(asked.form.cleaned_data) == {"units"}


def test_calls_do_not_meet_in_a_filter() -> None:
    first = Narrow(QueryDict("word=a"), Collectible.objects.all())
    second = Narrow(QueryDict("word=b"), Collectible.objects.all())
    for asked, word in ((second, "b b"), (first, "a a")):
        assert asked.is_valid()
        assert f"= {word}" in str(asked.qs.query)


def test_all_that_is_wrong_is_told_at_once(owner_client: APIClient) -> None:
    answer = owner_client.get(
        "/api/v1/catalog/items/", {"min_value": "x", "in_stock": "perhaps", "condition": "good"}
    )
    assert answer.status_code == 400
    assert {error["field"] for error in answer.json()["errors"]} == {"min_value", "in_stock"}


@pytest.mark.django_db
@pytest.mark.parametrize("parameter", ["search", "ordering"])
def test_list_that_does_not_heed_a_parameter_refuses_it(
    parameter: str, owner_client: APIClient
) -> None:
    """Reports are no list to whom filters are asked: they read all of their query themselves."""
    refused = []
    for path, methods in published("v1")["paths"].items():
        told = {each.get("name") for each in methods.get("get", {}).get("parameters", [])}
        if "page" in told and "{" not in path and "/reports/" not in path:
            answer = owner_client.get(path, {parameter: "nothing"}).json()
            detail = answer.get("detail", "")
            assert (detail == "There is no such parameter.") == (parameter not in told), path
            refused += [path] if detail else []
            assert "results" in owner_client.get(path, {parameter: ""}).json()
    assert "/api/v1/stock/levels/" in refused


@pytest.mark.parametrize("query", ["created_after", "as_of"])
@pytest.mark.parametrize("offset", ["-20:48", "%2B23:59"])
def test_any_offset_that_clocks_may_have_is_a_time(
    owner_client: APIClient, query: str, offset: str
) -> None:
    item = CollectibleFactory(vendor=owner_client.user.vendors.get())
    path = "/api/v1/catalog/items/" + (f"{item.pk}/" if query == "as_of" else "")
    answer = owner_client.get(f"{path}?{query}=2026-01-01T00:00:00{offset}")
    assert answer.status_code == 200


@pytest.mark.parametrize("query", ["created_after", "as_of"])
def test_time_before_all_calendars_is_refused_by_name(owner_client: APIClient, query: str) -> None:
    item = CollectibleFactory(vendor=owner_client.user.vendors.get())
    path = "/api/v1/catalog/items/" + (f"{item.pk}/" if query == "as_of" else "")
    answer = owner_client.get(f"{path}?{query}=0001-01-01T00:00:00%2B05:00")
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [query]
