"""`application/merge-patch+json` (RFC 7396): what is not named stays, also inside `attributes`."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from core.json import merged
from inventory.models import Collectible
from tests.core.conftest import Refusal
from tests.factories import CollectibleFactory
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
ITEMS = "/api/v1/catalog/items/"
MERGE = "application/merge-patch+json"
ATTRIBUTES = {"year": 2017, "box": {"sealed": True, "shelf": "A3"}, "card": {"rarity": "holo"}}
# The examples of RFC 7396, appendix A: target, patch, result.
EXAMPLES: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}), ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}), ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}), ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}), (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]), ({"a": "foo"}, None, None), ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}), ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=8,
)


@pytest.fixture
def item(vendor: Vendor) -> Collectible:
    made: Collectible = CollectibleFactory(vendor=vendor, name="Falcon", attributes=ATTRIBUTES)
    return made


def patch(client: APIClient, item: Collectible, body: Any, kind: str = MERGE) -> Any:
    return client.generic("PATCH", f"{ITEMS}{item.pk}/", json.dumps(body), content_type=kind)


@pytest.mark.parametrize(("target", "change", "result"), EXAMPLES)
def test_rfc_is_followed_to_the_letter(target: Any, change: Any, result: Any) -> None:
    assert merged(target, change) == result


@given(target=JSON, change=JSON)
def test_patching_twice_is_patching_once(target: Any, change: Any) -> None:
    once = merged(target, change)
    assert merged(once, change) == once


class TestItems:
    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ({"attributes": {"year": 2018}}, ATTRIBUTES | {"year": 2018}),
            ({"attributes": {"year": None, "pieces": 7541}},
             {"box": ATTRIBUTES["box"], "card": ATTRIBUTES["card"], "pieces": 7541}),
            ({"attributes": {"box": {"shelf": None}}}, ATTRIBUTES | {"box": {"sealed": True}}),
            ({"attributes": {"gone": None}}, ATTRIBUTES),
            ({"attributes": {}}, ATTRIBUTES),
            ({"name": "X-wing"}, ATTRIBUTES),
            ({"card_metadata": {"number": 4}},
             ATTRIBUTES | {"card": {"rarity": "holo", "number": 4}}),
        ],
    )  # fmt: skip
    def test_attributes_are_merged(
        self, owner_client: APIClient, item: Collectible, body: Any, expected: Any
    ) -> None:
        answer = patch(owner_client, item, body)
        assert (answer.status_code, answer.json()["attributes"]) == (200, expected)
        item.refresh_from_db()
        assert item.attributes == expected

    def test_plain_json_replaces_them_as_ever(
        self, owner_client: APIClient, item: Collectible
    ) -> None:
        body = {"attributes": {"year": None}}
        answer = patch(owner_client, item, body, "application/json")
        assert answer.json()["attributes"] == {"year": None}

    def test_other_fields_are_as_in_plain_json(
        self, owner_client: APIClient, item: Collectible
    ) -> None:
        answer = patch(owner_client, item, {"low_stock_threshold": None, "value": "12.50"})
        assert (answer.json()["low_stock_threshold"], answer.json()["value"]) == (None, "12.50")
        assert answer.json()["name"] == "Falcon"

    @pytest.mark.parametrize("name", ["name", "attributes", "quantity"])
    def test_what_always_has_a_value_cannot_be_taken_away(
        self, owner_client: APIClient, assert_problem: Refusal, item: Collectible, name: str
    ) -> None:
        detail = "This field may not be null."
        error = {"field": name, "code": "null", "detail": detail}
        answer = patch(owner_client, item, {name: None})
        assert_problem(answer, 400, "validation_error", detail, [error])

    def test_merged_attributes_keep_their_limit(
        self, owner_client: APIClient, item: Collectible
    ) -> None:
        for key in ("a", "b"):
            answer = patch(owner_client, item, {"attributes": {key: "x" * 20_000}})
        assert answer.json()["errors"][0]["code"] == "too_large"

    @pytest.mark.parametrize("body", [[], 5, None, "x"])
    def test_patch_that_is_no_object_is_400(
        self, owner_client: APIClient, item: Collectible, body: Any
    ) -> None:
        assert patch(owner_client, item, body).status_code == 400

    def test_stranger_finds_nothing_to_patch(
        self, stranger_client: APIClient, item: Collectible
    ) -> None:
        assert patch(stranger_client, item, {"attributes": {"year": None}}).status_code == 404
        item.refresh_from_db()
        assert item.attributes == ATTRIBUTES


class TestWhere:
    @pytest.mark.parametrize("method", ["POST", "PUT"])
    def test_only_patch_understands_it(
        self, owner_client: APIClient, assert_problem: Refusal, item: Collectible, method: str
    ) -> None:
        address = ITEMS if method == "POST" else f"{ITEMS}{item.pk}/"
        answer = owner_client.generic(method, address, '{"name": "x"}', content_type=MERGE)
        detail = f'Unsupported media type "{MERGE}" in request.'
        assert_problem(answer, 415, "unsupported_media_type", detail)

    def test_options_tells(self, owner_client: APIClient, item: Collectible) -> None:
        answer = owner_client.options(f"{ITEMS}{item.pk}/")
        assert answer["Accept-Patch"] == f"application/json, {MERGE}"
        assert "Accept-Patch" not in owner_client.options(ITEMS)

    def test_other_form_is_415_and_tells_too(
        self, owner_client: APIClient, item: Collectible
    ) -> None:
        answer = patch(owner_client, item, {}, "application/json-patch+json")
        assert answer.status_code == 415
        assert answer["Accept-Patch"] == f"application/json, {MERGE}"
