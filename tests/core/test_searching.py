"""A search in an order finds what looking at every row finds, near or far, rare or common."""

import re
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q
from rest_framework.test import APIClient

from core.keyset import Keyset
from core.paging import MANY, SHALLOW
from core.searching import NEAR, NearOrFar, first_found, is_searched
from inventory.models import Collectible
from tests.factories import CategoryFactory, CollectibleFactory, VendorFactory
from users.models import User
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
ITEMS = "/api/v2/catalog/items/"
ROWS = SHALLOW + 100
# How many rows lie between two that have the word; the last is in the very last row alone.
BEGINS: Any = re.compile(r"(?:WindowAgg|Sort) .*?\((never executed|actual[^)]*)\)")
WORDS = {"common": 2, "Café": 7, "rare_%": NEAR + 5, "single": ROWS - 1, "no": 1, "nobody": 10**6}


@pytest.fixture
def shop(vendor: Vendor) -> Vendor:
    """Its items in the order of their ids; every other is in a category."""
    category = CategoryFactory(vendor=vendor, name="Cards")
    rows = [
        Collectible(vendor=vendor, slug=f"card-{n}", category=category if n % 2 else None,
                    name=" ".join(w for w, each in WORDS.items() if (ROWS - n) % each == 0),
                    is_active=n % 3 > 0)
        for n in range(ROWS)
    ]  # fmt: skip
    CollectibleFactory(name="common café rare_% single nobody")
    Collectible.objects.bulk_create(rows)
    return vendor


def found(rows: Any, word: str, start: int, stop: int) -> None:
    """Both ways find the same; whoever knows how many there are, too."""
    searched = rows.search(word)
    plain = [item.pk for item in rows if word.lower() in item.name.lower()]
    for each in (searched, searched.counted(len(plain))):
        page = [item.pk for item in each.page(start, min(stop, len(plain)))] if plain else []
        assert page == plain[start:stop]
    assert searched.count() == len(plain)
    assert [item.pk for item in searched] == plain


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("ordering", ["-created_at,-id", "id", "name,id"])
@pytest.mark.parametrize(
    ("start", "size"), [(0, 1), (0, ROWS // NEAR), (0, 20), (3, 2), (SHALLOW - 1, 30)]
)
def test_page_of_a_search_is_that_part_of_the_whole(
    shop: Vendor, word: str, ordering: str, start: int, size: int
) -> None:
    rows = Collectible.objects.of_vendors([shop.pk]).order_by(*ordering.split(","))
    found(rows, word, start, start + size)
    inside = rows.in_categories([shop.categories.get().pk])
    found(inside, word, start, start + size)
    found(inside.filter(is_active=True), word, start, start + size)
    some = rows.filter(Q(is_active=True) | Q(category=None)).exclude(name__startswith="c")
    found(some, word, start, start + size)
    both = rows.in_categories([shop.categories.get().pk, CategoryFactory(vendor=shop).pk])
    found(both, word, start, start + size)


@pytest.mark.parametrize("word", WORDS)
def test_search_in_two_shops_is_one_list(shop: Vendor, owner: User, word: str) -> None:
    other = VendorFactory(owner=owner)
    Collectible.objects.filter(pk__in=[item.pk for item in shop.items.all()[::3]]).update(
        vendor=other
    )
    rows = Collectible.objects.of_vendors([shop.pk, other.pk]).order_by("-created_at", "-id")
    found(rows, word, 0, 2)


@pytest.mark.parametrize("word", ["common", "rare_%", "single"])
def test_search_is_walked_by_cursor(shop: Vendor, owner_client: APIClient, word: str) -> None:
    expected = list(shop.items.filter(name__contains=word).order_by("-created_at", "-id"))
    address, seen = f"{ITEMS}?page_size=50&search={word.replace('%', '%25')}", []
    while address:
        page = owner_client.get(address).json()
        seen += [row["id"] for row in page["results"]]
        address = page["next"]
    assert seen == [item.pk for item in expected]


def test_only_where_the_order_is_an_index_it_is_walked(shop: Vendor, owner: User) -> None:
    """Of one shop; and what is asked besides hangs on the row alone, for it is asked of each."""
    rows = Collectible.objects.of_vendors([shop.pk]).search("common").order_by("name", "id")
    order = Keyset.of(rows)
    beyond = order.after(rows, order.position(shop.items.latest("pk")))
    walked = [rows, rows.in_categories([1]), rows.filter(vendor=shop), beyond,
              rows.in_categories([1, 2]), rows.filter(is_active=True), rows.exclude(pk=1),
              rows.low_on_stock(), rows.well_stocked()]  # fmt: skip
    both = Collectible.objects.of_vendors([1, 2]).search("common")
    others = [rows.on_hand_in(1), rows.filter(category__name="Cards"), both,
              Collectible.objects.search("common")]  # fmt: skip
    assert all(map(is_searched, [*walked, *others]))
    for each, is_walked in [*((e, True) for e in walked), *((e, False) for e in others)]:
        found = first_found(each.values("pk"), 20)
        assert isinstance(found, NearOrFar) is is_walked, str(each.query)


def test_common_word_is_met_rarer_one_further_on_and_rare_one_looked_up(shop: Vendor) -> None:
    """In one statement, of which the other parts are not begun; nor where all have been looked
    at."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    rows = Collectible.objects.of_vendors([shop.pk]).order_by("-created_at", "-id")
    for word, known, size, begun in (
        ("common", 0, 5, ["near"]),
        ("rare_%", 0, 5, ["near", "further"]),
        ("nobody", 0, 5, ["near", "far"]),
        ("nobody", MANY + 1, 5, ["near", "further"]),
        ("nobody", 0, 20, ["near"]),
    ):
        plan = rows.search(word).counted(known).first_rows(size).explain(analyze=True)
        walks, _, far = plan.rpartition("One-Time Filter")
        near, _, further = walks.partition("CTE further")
        parts = {"near": near, "further": further.partition("CTE more")[0], "far": far}
        found = [name for name, each in parts.items() if BEGINS.search(each)[1] != "never executed"]
        assert found == begun, (word, size, plan)


@pytest.mark.parametrize(
    ("word", "is_there"),
    [("ab", False), ("a-b", False), ("日本語", False), ("łódź", True), ("abc", True)],
)
def test_what_has_no_three_letters_is_not_looked_for_by_threes(
    vendor: Vendor, word: str, is_there: bool
) -> None:
    """An index of threes would be read from one end to the other."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_indexscan = off")
    rows = Collectible.objects.search(word)
    assert ("|| '') LIKE" not in str(rows.query)) is is_there
    assert is_there or "text_search" not in rows.explain()


def test_tables_taken_for_empty_are_not_read_anew_for_each_row(shop: Vendor) -> None:
    """As after an import that was taken back, and a vacuum."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE pg_class SET reltuples = 0, relpages = pg_relation_size(oid) / 8192"
            " WHERE relname IN ('inventory_collectible', 'inventory_catalogtext')"
        )
    rows = Collectible.objects.of_vendors([shop.pk]).search("common").order_by("name", "id")
    some = rows.filter(is_active=True)
    for each in (rows.page(120, 140), rows.page(SHALLOW, SHALLOW + 20), some, some.page(20, 40)):
        loops = re.findall(r"loops=(\d+)", each.explain(analyze=True))
        assert max(map(int, loops)) <= 30, each.explain()
