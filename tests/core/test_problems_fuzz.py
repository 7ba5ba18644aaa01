"""Three hundred damaged bodies: none is our fault, none is half accepted."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from inventory.models import Category, Collectible
from users.models import User

pytestmark = pytest.mark.django_db
ITEMS = "/api/v1/catalog/items/"
GOOD: dict[str, Any] = {
    "name": "Millennium Falcon",
    "sku": "75192-1",
    "category": "Star Wars",
    "condition": "sealed",
    "value": "849.99",
    "currency": "EUR",
    "quantity": 2,
    "low_stock_threshold": None,
    "is_active": True,
    "attributes": {"year": 2017, "parts": [7541]},
}
TEXTS = st.text(st.characters(codec=None), max_size=12) | st.sampled_from(
    ["\x00", "\ud800", "\udc00x", "1e999", "NaN", "-0", "null", "9" * 400, "\uffff", "\u202e"]
)
NUMBERS = st.integers() | st.floats() | st.sampled_from([2**31, 2**63, 2**64, -1, 10**4000])
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
OTHER_VALUES = st.builds(
    lambda changes: json.dumps(GOOD | changes).encode(),
    st.dictionaries(st.sampled_from(sorted(GOOD)) | TEXTS, VALUES, min_size=1, max_size=3),
)
OTHER_BODIES = VALUES.map(lambda value: json.dumps(value).encode())


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good body, cut out, doubled or overwritten somewhere."""
    body = json.dumps(GOOD).encode()
    start, end = sorted(draw(st.lists(st.integers(0, len(body)), min_size=2, max_size=2)))
    middle = draw(st.binary(max_size=4) | st.just(body[start:end] * 2))
    return body[:start] + middle + body[end:]


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(body=OTHER_VALUES | OTHER_BODIES | damaged())
def test_damaged_body_makes_an_item_or_is_refused_in_the_one_form(owner: User, body: bytes) -> None:
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(owner)
    before = Collectible.all_objects.count(), Category.all_objects.count()
    answer = client.generic("POST", ITEMS, body, content_type="application/json")
    if answer.status_code == 201:
        Collectible.objects.get(pk=answer.json()["id"]).delete()
        return
    assert 400 <= answer.status_code < 500, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer["X-Request-ID"]
    assert (Collectible.all_objects.count(), Category.all_objects.count()) == before
