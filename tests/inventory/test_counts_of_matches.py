"""How many a search finds is kept, and stays right whatever is written meanwhile."""

from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any

import pgtrigger
import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import settings
from hypothesis.stateful import invariant, rule, run_state_machine_as_test
from hypothesis.strategies import sampled_from
from rest_framework.test import APIClient

from inventory.models import CatalogChange, Collectible
from inventory.selectors import count_matches, get_catalog_scope, get_collectibles_for_user
from inventory.services import CounterService
from inventory.tasks import forget_changes
from tests.factories import CategoryFactory, CollectibleFactory, MemberFactory, VendorFactory
from tests.inventory.test_kept_figures import SOME, Catalog
from tests.races import ROUNDS, at_once
from users.models import User
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
ITEMS = "/api/v1/catalog/items/"
WORDS = ["dragon", "Café", "50%", "a_b", "x"]
_unseen = count()


def told(user: User, word: str, category: int | None = None) -> int:
    """How many there are, as a list of them says."""
    scope = get_catalog_scope(user)
    rows = get_collectibles_for_user(user, {"search": word}, scope)
    if category:
        rows = rows.in_categories([category])
    return count_matches(scope, rows.match)


def found(user: User, word: str, category: int | None = None) -> int:
    """The same, from every single item."""
    rows = get_collectibles_for_user(user, {"search": word})
    return sum(category in {None, item.category_id} for item in rows)


class Searched(Catalog):
    def __init__(self) -> None:
        super().__init__()
        self.user = self.vendors[0].owner
        MemberFactory(vendor=self.vendors[1], user=self.user)

    @rule(picked=SOME, word=sampled_from(WORDS))
    def rename(self, picked: list[int], word: str) -> None:
        self.some(picked).update(name=f"A {word}!", description=word)

    @rule(picked=SOME, word=sampled_from(WORDS))
    def say_more(self, picked: list[int], word: str) -> None:
        for item in self.some(picked):
            item.description += f" {word}"
            item.save()

    @invariant()
    def told_is_found(self) -> None:
        for word in (*WORDS, "dragon café"):
            assert told(self.user, word) == found(self.user, word)
            for category in self.categories[:3]:
                assert told(self.user, word, category.pk) == found(self.user, word, category.pk)


def test_counts_follow_any_sequence_of_writes() -> None:
    run_state_machine_as_test(
        Searched, settings=settings(max_examples=10, stateful_step_count=12, deadline=None)
    )


def asked(client: APIClient, query: str) -> tuple[int, list[str]]:
    """The count that a list tells, and how the items were counted for it."""
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(f"{ITEMS}?{query}&_={next(_unseen)}")
    assert answer.status_code == 200, answer.content
    statements = [query["sql"] for query in queries]
    tables = ("inventory_catalogtext", "inventory_collectible")
    return answer.json()["count"], [
        sql for sql in statements if "COUNT(*)" in sql and any(name in sql for name in tables)
    ]


def test_items_are_counted_once_for_a_word_in_all_categories(
    owner_client: APIClient, vendor: Vendor
) -> None:
    lego, coins = CategoryFactory.create_batch(2, vendor=vendor)
    kept, *_ = CollectibleFactory.create_batch(3, vendor=vendor, category=lego, name="A dragon")
    CollectibleFactory(vendor=vendor, category=coins, name="Two dragons")
    CollectibleFactory(vendor=vendor, name="Dragonfly")
    number, counted = asked(owner_client, "search=dragon")
    assert (number, len(counted)) == (5, 1)

    url = f"{ITEMS}{kept.pk}/"
    assert owner_client.patch(url, {"value": "7.00"}).status_code == 200
    assert asked(owner_client, "search=dragon") == (5, [])
    assert asked(owner_client, f"search=dragon&category={lego.pk}") == (3, [])
    assert owner_client.patch(url, {"name": "A knight", "category": coins.pk}).status_code == 200
    assert asked(owner_client, "search=dragon") == (4, [])
    assert asked(owner_client, f"search=dragon&category={lego.pk}") == (2, [])
    assert owner_client.post(ITEMS, {"name": "dragon", "category": coins.pk}).status_code == 201
    assert asked(owner_client, f"search=dragon&category={coins.pk}") == (2, [])
    assert owner_client.delete(url).status_code == 204
    assert asked(owner_client, "search=dragon") == (5, [])
    # What is asked besides is counted.
    assert asked(owner_client, "search=dragon&condition=mint")[1] != []


def test_items_of_a_category_are_not_counted(owner_client: APIClient, vendor: Vendor) -> None:
    lego = CategoryFactory(vendor=vendor)
    branch = CategoryFactory(vendor=vendor, parent=lego)
    CollectibleFactory.create_batch(2, vendor=vendor, category=lego)
    CollectibleFactory(vendor=vendor, category=branch)
    CollectibleFactory(vendor=vendor)
    assert asked(owner_client, f"category={lego.pk}") == (3, [])
    assert asked(owner_client, f"category={branch.pk}") == (1, [])
    assert asked(owner_client, "category=nothing") == (0, [])


def test_items_low_on_stock_are_counted_with_other_conditions_alone(
    owner_client: APIClient, vendor: Vendor
) -> None:
    lego = CategoryFactory(vendor=vendor)
    for quantity, threshold in ((1, 2), (2, 2), (3, 2), (0, None)):
        CollectibleFactory(
            vendor=vendor, category=lego, name="dragon", quantity=quantity,
            low_stock_threshold=threshold,
        )  # fmt: skip
    CollectibleFactory(vendor=vendor, quantity=0, low_stock_threshold=0)
    assert asked(owner_client, "low_stock=true") == (3, [])
    for more in (f"category={lego.pk}", "search=dragon", f"search=dragon&category={lego.pk}"):
        number, counted = asked(owner_client, f"low_stock=true&{more}")
        assert (number, len(counted)) == (2, 1), more
    assert asked(owner_client, "low_stock=false")[0] == 2


def test_what_is_counted_for_one_is_no_one_elses(
    owner_client: APIClient, vendor: Vendor, stranger: User, stranger_client: APIClient
) -> None:
    CollectibleFactory(vendor=vendor, name="dragon")
    assert asked(owner_client, "search=dragon")[0] == 1
    assert asked(stranger_client, "search=dragon")[0] == 0
    CollectibleFactory(vendor=VendorFactory(owner=stranger), name="dragon")
    MemberFactory(vendor=vendor, user=stranger)
    assert asked(stranger_client, "search=dragon")[0] == 2
    assert asked(stranger_client, f"search=dragon&vendor={vendor.pk}")[0] == 1


def test_as_many_as_an_import_writes_at_once_are_noted(owner: User, vendor: Vendor) -> None:
    CollectibleFactory(vendor=vendor, name="knight")
    assert told(owner, "dragon") == 0
    add_dragons(vendor, 1000)
    with CaptureQueriesContext(connection) as queries:
        assert told(owner, "dragon") == 1000
    assert not any('FROM "inventory_catalogtext"' in query["sql"] for query in queries)


def add_dragons(vendor: Vendor, number: int) -> None:
    Collectible.objects.bulk_create(
        Collectible(vendor=vendor, name="dragon", slug=f"dragon-{n}") for n in range(number)
    )


def test_more_at_once_leave_one_row_and_are_counted_again(owner: User, vendor: Vendor) -> None:
    add_dragons(vendor, 501)
    assert told(owner, "dragon") == 501
    known = CatalogChange.objects.filter(vendor=vendor)
    known.delete()
    Collectible.objects.filter(vendor=vendor).update(name="knight")
    assert [*known.values_list("number", "sign", "search_text")] == [(1, 0, None)]
    assert (told(owner, "dragon"), told(owner, "knight")) == (0, 501)
    Collectible.objects.filter(vendor=vendor).update(value=3)
    assert known.count() == 1
    Collectible.objects.filter(vendor=vendor)[:1].get().delete()
    assert sorted(known.values_list("sign", flat=True)) == [-1, 0]
    assert told(owner, "knight") == 500


def test_who_wrote_past_the_triggers_has_it_counted_again(owner: User, vendor: Vendor) -> None:
    CollectibleFactory.create_batch(3, vendor=vendor, name="dragon")
    assert told(owner, "dragon") == 3
    with pgtrigger.ignore():
        Collectible.objects.filter(name="dragon")[:1].get().delete()
    assert told(owner, "dragon") == 3
    CounterService.rebuild(vendor_ids=[vendor.pk])
    assert told(owner, "dragon") == 2


def test_count_lives_for_an_hour_and_changes_for_three(owner: User, vendor: Vendor) -> None:
    item = CollectibleFactory(vendor=vendor, name="dragon")
    assert told(owner, "dragon") == 1
    item.delete()
    CatalogChange.objects.filter(sign=-1).delete()  # as if nobody had noted it
    now = timezone.now()
    with time_machine.travel(now + timedelta(minutes=59)):
        assert told(owner, "dragon") == 1
    with time_machine.travel(now + timedelta(minutes=61)):
        assert told(owner, "dragon") == 0
    forget_changes()
    assert CatalogChange.objects.filter(vendor=vendor).count() == 1
    CatalogChange.objects.update(made_at=now - timedelta(minutes=181))
    forget_changes()
    assert not CatalogChange.objects.exists()


def test_items_are_counted_where_nothing_is_kept(owner: User, vendor: Vendor) -> None:
    CollectibleFactory(vendor=vendor, name="dragon")
    for _ in range(2):
        assert told(owner, "dragon") == 1
        cache.clear()


def write(vendor: Vendor, category: int, sort_into: int) -> None:
    for turn in range(ROUNDS // 5):
        item: Any = CollectibleFactory(vendor=vendor, category_id=category, name="dragon")
        if turn % 3 == 0:
            item.delete()
        elif turn % 3 == 1:
            mine = Collectible.objects.filter(pk=item.pk)
            mine.update(name="knight", category=sort_into)


def read(user: User, word: str) -> None:
    known = [told(user, word) for _ in range(ROUNDS // 2)]
    assert 0 <= min(known) <= max(known) <= 2 * ROUNDS // 5


@pytest.mark.django_db(transaction=True)
@pytest.mark.chaos
def test_counts_are_right_while_many_write(owner: User, vendor: Vendor) -> None:
    """Two keep counting by words while two others add, rename and delete."""
    sorts = [category.pk for category in CategoryFactory.create_batch(2, vendor=vendor)]
    writers = [partial(write, vendor, category, sorts[0]) for category in sorts]
    at_once([*writers, partial(read, owner, "dragon"), partial(read, owner, "knig")])
    for word in ("dragon", "knig"):
        for category in (None, *sorts):
            assert told(owner, word, category) == found(owner, word, category)
