"""Lists of items by category and words: one statement for all of a kind, answered for each."""

from itertools import count, product
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from core.paging import SHALLOW
from core.searching import NEAR
from inventory.models import Category, Collectible
from tests.factories import CategoryFactory, CollectibleFactory, VendorFactory
from users.models import User
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
V1, V2 = "/api/v1/catalog/items/", "/api/v2/catalog/items/"
WORDS = ["", "dragon", "Café", "a_b", "50%", "x", "dragon x", "x dragon", "café dragon", "nobody"]
NAMES = ["Dragon x", "dragon CAFE", "x", "a_b 50%", "axb 500", "Café", "dragón"]
_unseen = count()


@pytest.fixture
def categories(vendor: Vendor, owner: User) -> list[Category]:
    """Two without branches, and one with two; the last is another shop's."""
    cards, coins, trunk = (CategoryFactory(vendor=vendor, name=f"c{n}") for n in range(3))
    branches = [CategoryFactory(vendor=vendor, parent=trunk, name=f"b{n}") for n in range(2)]
    other = CategoryFactory(vendor=VendorFactory(owner=owner), name="other")
    every: list[Category] = [cards, coins, trunk, *branches, other]
    for n, (category, name) in enumerate(product(every, NAMES)):
        CollectibleFactory(
            vendor=category.vendor, category=category, name=f"{name} {n}", sku=f"S-{n}", value=n
        )
    return every


def found(client: APIClient, address: str, **asked: Any) -> list[str]:
    """The names on all pages, in their order, none of them from the cache."""
    names = []
    following = f"{address}?{urlencode({**asked, '_': next(_unseen)})}"
    while following:
        answer = client.get(following)
        assert answer.status_code == 200, answer.content
        page = answer.json()
        names += [item["name"] for item in page["results"]]
        following = page["next"]
        assert "count" not in page or following or len(names) == page["count"]
    return names


def expected(text: str, category: Category | None, order: str) -> list[str]:
    """The same, from every single item."""
    rows = Collectible.objects.order_by(order, "-id" if order[0] == "-" else "id")
    if category:
        rows = rows.filter(Q(category=category) | Q(category__parent=category))
    words = [word.lower().replace("é", "e") for word in text.split()]
    plain = [(item.name, item.name.lower().replace("é", "e").replace("ó", "o")) for item in rows]
    return [name for name, bare in plain if all(word in bare for word in words)]


@pytest.mark.parametrize("address", [V1, V2])
@pytest.mark.parametrize("order", ["-created_at", "name", "-value"])
def test_each_finds_its_own(
    owner_client: APIClient, categories: list[Category], address: str, order: str
) -> None:
    for category, text in product([None, *categories], WORDS):
        asked = {"category": category.slug} if category else {}
        names = found(owner_client, address, **asked, search=text, ordering=order, page_size=9)
        assert names == expected(text, category, order), (category, text)


def test_pages_far_off_are_those_of_the_word_that_is_asked(
    owner_client: APIClient, vendor: Vendor
) -> None:
    """A common word's are met along the order, a rare one's are sorted: neither by the other's."""
    many, few = (NEAR + 1) * (SHALLOW + 50), SHALLOW + 50
    Collectible.objects.bulk_create(
        Collectible(vendor=vendor, slug=f"s{n}", name=f"common {n:04} {'seldom' * (n < few)}")
        for n in range(many)
    )
    page, size = SHALLOW // 50 + 1, 50
    names = [item.name for item in Collectible.objects.order_by("-name")]
    for word in ("common", "seldom", "common"):
        query = {"search": word, "ordering": "-name", "page": page, "page_size": size}
        with CaptureQueriesContext(connection) as asked:
            answer = owner_client.get(V1, {**query, "_": next(_unseen)}).json()
        assert ("near AS" in asked.captured_queries[-1]["sql"]) is (word == "common")
        rows = [name for name in names if word in name]
        assert answer["count"] == len(rows)
        assert [item["name"] for item in answer["results"]] == rows[SHALLOW : SHALLOW + size]


def test_what_is_refused_is_refused_each_time(
    owner_client: APIClient, categories: list[Category]
) -> None:
    known = {"category": categories[0].slug, "search": "dragon"}
    wrong: list[tuple[dict[str, str], str]] = [
        ({"search": "x" * 201}, "search"), ({"search": "a\0b"}, "search"),
        ({"category": "a\0b"}, "category"), ({"ordering": "color"}, "ordering"),
        ({"nonsense": "1"}, "nonsense"), ({"page_size": "0"}, "page_size"),
    ]  # fmt: skip
    for _ in range(2):
        assert found(owner_client, V1, **known)
        for more, name in wrong:
            answer = owner_client.get(V1, {**known, **more})
            assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, name)
        assert found(owner_client, V1, category="nobody's", search="dragon") == []
        assert found(owner_client, V1, category=" ", search=" ") == found(owner_client, V1)


def test_of_several_values_the_last_counts(
    owner_client: APIClient, categories: list[Category]
) -> None:
    first, last, *_ = categories
    query = {"category": [first.slug, last.slug], "search": ["dragon", "x"]}
    names = [item["name"] for item in owner_client.get(V1, query).json()["results"]]
    assert names == found(owner_client, V1, category=last.slug, search="x")


def test_what_comes_and_goes_is_found(owner_client: APIClient, categories: list[Category]) -> None:
    asked = {"category": categories[0].slug, "search": "sword"}
    assert found(owner_client, V1, **asked) == []
    item = CollectibleFactory(vendor=categories[0].vendor, category=categories[0], name="Sword")
    for address in (V1, V2):
        assert found(owner_client, address, **asked) == ["Sword"]
    item.delete()
    for address in (V1, V2):
        assert found(owner_client, address, **asked) == []


def test_what_is_known_not_to_be_there_is_not_looked_for(
    owner_client: APIClient, categories: list[Category]
) -> None:
    """To find that nobody has a word, all of a shop's items may be walked."""
    with CaptureQueriesContext(connection) as asked:
        assert found(owner_client, V1, search="nobody") == []
    assert not [each for each in asked.captured_queries if "near AS" in each["sql"]]


def test_search_within_a_category_costs_as_many_questions_the_second_time(
    owner_client: APIClient, categories: list[Category]
) -> None:
    """Who asks, the category, the page; and once an hour the word's count."""
    costs = []
    for category, word in [(0, "dragon"), (1, "dragon"), (1, "cafe"), (0, "cafe")]:
        with CaptureQueriesContext(connection) as asked:
            assert found(owner_client, V1, category=categories[category].slug, search=word)
        assert "near AS" in asked.captured_queries[-1]["sql"]
        costs.append(len(asked))
    assert costs == [4, 3, 4, 3]
