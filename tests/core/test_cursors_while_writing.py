"""P17: a list that is walked while others write: what is there all the time is told once."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from hypothesis.strategies import booleans, integers, sampled_from
from rest_framework.test import APIClient

from inventory.models import Collectible
from tests.factories import CollectibleFactory, UserFactory, VendorFactory

ITEMS = "/api/{}/catalog/items/"
ORDERS = [
    "", "name", "-name", "value", "-value", "quantity,-value", "-quantity,name", "sku", "-sku",
    "created_at", "-updated_at",
]  # fmt: skip


class Reader(RuleBasedStateMachine):
    """Reads page after page, up and down the list, while items come and go in two shops."""

    def __init__(self) -> None:
        super().__init__()
        user = UserFactory()
        self.shops = [VendorFactory(owner=user), VendorFactory(owner=user)]
        self.client = APIClient()
        self.client.force_authenticate(user)
        self.gone: set[int] = set()
        self.added: set[int] = set()

    @initialize(order=sampled_from(ORDERS), count=integers(0, 12), size=integers(1, 4))
    def begin(self, order: str, count: int, size: int) -> None:
        for n in range(count):
            self.make(n)
        self.query = {"page_size": size, **({"ordering": order} if order else {})}
        self.there = self.all_ids()
        self.added.clear()
        self.start_over()

    def all_ids(self) -> list[int]:
        query = {**self.query, "page_size": 100}
        return [row["id"] for row in self.client.get(ITEMS.format("v1"), query).json()["results"]]

    def start_over(self) -> None:
        self.read: list[int] = []
        self.page = self.client.get(ITEMS.format("v2"), self.query).json()
        self.take("next")

    def take(self, way: str) -> None:
        rows = [row["id"] for row in self.page["results"]]
        self.read = [*self.read, *rows] if way == "next" else [*rows, *self.read]
        self.way = way

    def make(self, n: int) -> None:
        item = CollectibleFactory(
            vendor=self.shops[n % 2], name="ABC"[n % 3], value=Decimal(n % 4) / 4, quantity=n % 2
        )
        self.added.add(item.pk)

    @rule(n=integers(0, 11))
    def somebody_adds_one(self, n: int) -> None:
        self.make(n)

    @precondition(lambda self: self.there)
    @rule(which=integers(0, 11))
    def somebody_deletes_one(self, which: int) -> None:
        chosen = self.there[which % len(self.there)]
        Collectible.objects.filter(pk=chosen).delete()
        self.gone.add(chosen)

    @rule()
    def read_on(self) -> None:
        self.follow()

    @rule()
    def read_on_some_more(self) -> None:
        self.follow()

    @rule(back=booleans())
    def turn_round(self, back: bool) -> None:
        """What was read until now has been judged; the new walk begins on this page."""
        self.way = "previous" if back else "next"
        self.read = []
        self.take(self.way)

    def follow(self) -> None:
        if link := self.page[self.way]:
            self.page = self.client.get(link).json()
            self.take(self.way)
        else:
            self.came_to_the_end()

    def came_to_the_end(self) -> None:
        """What stayed to the last is read when there are no more pages."""
        stayed = [pk for pk in self.there if pk not in self.gone]
        read = [pk for pk in self.read if pk in stayed]
        if read:
            end = -1 if self.way == "next" else 0
            assert read[end] == stayed[end]

    @invariant()
    def nothing_is_told_twice_and_all_in_order(self) -> None:
        read = getattr(self, "read", [])
        assert len(read) == len(set(read))
        known = [pk for pk in read if pk in self.there]
        assert known == [pk for pk in self.there if pk in known]

    @invariant()
    def nothing_between_two_that_were_read_is_missing(self) -> None:
        """Unless it came later than the page that it is on was read."""
        read = getattr(self, "read", [])
        stayed = [pk for pk in getattr(self, "there", []) if pk not in self.gone]
        known = [pk for pk in read if pk in stayed]
        if known:
            assert known == stayed[stayed.index(known[0]) : stayed.index(known[-1]) + 1]


@pytest.mark.django_db
def test_what_stays_is_told_once_whatever_others_write() -> None:
    steps = settings(max_examples=25, stateful_step_count=15, deadline=None, database=None)
    run_state_machine_as_test(Reader, settings=steps)


def page_by_page(client: APIClient, write: Callable[[], Any]) -> tuple[list[int], list[int]]:
    """The ids of pages by number and by cursor, with a write after each first page."""
    found: dict[str, list[int]] = {}
    for version in ("v1", "v2"):
        link: str | None = ITEMS.format(version) + "?page_size=2"
        found[version] = []
        while link:
            page = client.get(link).json()
            found[version] += [row["id"] for row in page["results"]]
            write()
            link = page["next"] if len(found[version]) < 20 else None
    return found["v1"], found["v2"]


@pytest.mark.django_db
def test_page_numbers_repeat_where_cursors_do_not() -> None:
    """Why there is a second version; and proof that the walk above would notice."""
    user = UserFactory()
    shop = VendorFactory(owner=user)
    CollectibleFactory.create_batch(6, vendor=shop)
    client = APIClient()
    client.force_authenticate(user)
    by_number, by_cursor = page_by_page(client, lambda: CollectibleFactory(vendor=shop))
    assert len(by_number) > len(set(by_number))
    assert len(by_cursor) == len(set(by_cursor))
