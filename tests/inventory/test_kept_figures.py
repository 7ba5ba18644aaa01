"""The figures that triggers keep of a catalog are what its items come to, whoever writes."""

from collections import Counter
from datetime import UTC, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.models import Case, F, Func, IntegerField, Value, When
from django.db.models.lookups import Exact
from django.utils import timezone
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from hypothesis.strategies import integers, lists, none

from inventory.models import CatalogCount, CatalogVersion, Collectible
from inventory.selectors import find_figure_drift
from inventory.services import CounterService, Line, Receipt, StockService
from tests.factories import CategoryFactory, CollectibleFactory, StoreFactory, VendorFactory
from tests.races import ROUNDS, at_once
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
THRESHOLDS = none() | integers(0, 3)
SOME = lists(integers(0, 9), max_size=4)


def kept(vendor: Vendor) -> dict[str, Any]:
    """What the database keeps of a vendor's catalog."""
    names = ("items", "units", "value", "stock_value", "low_stock")
    whole = CatalogVersion.objects.filter(pk=vendor.pk).values(*names).first()
    parts = CatalogCount.objects.filter(vendor=vendor).exclude(items=0)
    return {
        **(whole or dict.fromkeys(names, 0)),
        "parts": {(facet, key): n for facet, key, n in parts.values_list("facet", "key", "items")},
    }


def counted(vendor: Vendor) -> dict[str, Any]:
    """The same, from every single item."""
    items = list(Collectible.objects.filter(vendor=vendor))
    low = [i for i in items if (mark := i.low_stock_threshold) is not None and i.quantity <= mark]
    days = [int(item.created_at.astimezone(UTC).timestamp() // 86400) for item in items]
    return {
        "items": len(items),
        "units": sum(item.quantity for item in items),
        "value": sum((item.value for item in items), Decimal(0)),
        "stock_value": sum((item.value * item.quantity for item in items), Decimal(0)),
        "low_stock": len(low),
        "parts": {
            **Counter(("category", item.category_id or 0) for item in items),
            **Counter(("day", day) for day in days),
        },
    }


class Catalog(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.vendors = VendorFactory.create_batch(2)
        self.stores = [StoreFactory(vendor=vendor) for vendor in self.vendors]
        self.categories = [CategoryFactory(vendor=vendor) for vendor in self.vendors * 2]

    def some(self, picked: list[int]) -> Any:
        """Items of this run's vendors: the runs share a database."""
        own = Collectible.all_objects.filter(vendor__in=self.vendors)
        keys = own.order_by("pk").values_list("pk", flat=True)
        return own.filter(pk__in=[keys[place % len(keys)] for place in picked if keys])

    @rule(of=integers(0, 1), units=integers(0, 4), cents=integers(0, 999), mark=THRESHOLDS)
    def create(self, of: int, units: int, cents: int, mark: int | None) -> None:
        vendor, category = self.vendors[of], self.categories[of]
        value = Decimal(cents) / 100
        CollectibleFactory(
            vendor=vendor, category=category, value=value, quantity=units, low_stock_threshold=mark
        )

    @rule(counts=lists(integers(0, 1), max_size=5))
    def create_many(self, counts: list[int]) -> None:
        vendors = [self.vendors[n] for n in counts]
        Collectible.objects.bulk_create(
            Collectible(vendor=vendor, name="Made", slug=f"made-{uuid4()}") for vendor in vendors
        )

    @rule(picked=SOME, mark=THRESHOLDS, cents=integers(0, 999), age=integers(0, 40))
    def edit(self, picked: list[int], mark: int | None, cents: int, age: int) -> None:
        born = timezone.now() - timedelta(days=age)
        value = Decimal(cents) / 100
        self.some(picked).update(low_stock_threshold=mark, value=value, created_at=born)

    @rule(picked=SOME, to=none() | integers(0, 3))
    def sort_into(self, picked: list[int], to: int | None) -> None:
        self.some(picked).update(category=None if to is None else self.categories[to])

    @rule(picked=SOME, of=integers(0, 1))
    def hand_over(self, picked: list[int], of: int) -> None:
        """By hand, as nothing of ours does it."""
        keys = [item.pk for item in self.some(picked)]
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE inventory_collectible SET vendor_id = %s, is_deleted = NOT is_deleted,"
                " deleted_at = CASE WHEN is_deleted THEN NULL ELSE now() END,"
                " slug = 'x' || random(), sku = 'x' || random() WHERE id = ANY(%s)",
                [self.vendors[of].pk, keys],
            )

    @rule(picked=SOME)
    def delete(self, picked: list[int]) -> None:
        self.some(picked).delete()

    @rule(picked=SOME)
    def restore(self, picked: list[int]) -> None:
        self.some(picked).restore()

    @rule(picked=SOME)
    def remove(self, picked: list[int]) -> None:
        """What never had stock nor value can go for good."""
        self.some(picked).filter(movements=None, valuations=None).hard_delete()

    @rule(picked=SOME, units=integers(1, 3))
    def receive(self, picked: list[int], units: int) -> None:
        receipts = [
            Receipt(item, self.stores[n], units)
            for n, vendor in enumerate(self.vendors)
            for item in self.some(picked).filter(vendor=vendor, is_deleted=False)
        ]
        StockService.receive(receipts=receipts, by=None)

    @rule(picked=SOME)
    def sell(self, picked: list[int]) -> None:
        """One of each that is on hand in its vendor's store."""
        lines = [
            Line(item, store, 1)
            for store in self.stores
            for item in self.some(picked).filter(
                vendor=store.vendor_id, is_deleted=False, levels__store=store,
                levels__on_hand__gt=0,
            )
        ]  # fmt: skip
        StockService.sell(lines=lines, by=None)

    @rule(picked=SOME)
    def give_up(self, picked: list[int]) -> None:
        """What is rolled back was never counted."""
        with transaction.atomic():
            self.some(picked).delete()
            transaction.set_rollback(True)

    @invariant()
    def kept_is_counted(self) -> None:
        for vendor in self.vendors:
            assert kept(vendor) == counted(vendor)

    @invariant()
    def nothing_has_drifted(self) -> None:
        assert find_figure_drift() == []


def test_figures_follow_any_sequence_of_writes() -> None:
    run_state_machine_as_test(
        Catalog, settings=settings(max_examples=25, stateful_step_count=20, deadline=None)
    )


def test_category_that_was_counted_can_go_for_good() -> None:
    item = CollectibleFactory(quantity=0)
    category = CategoryFactory(vendor=item.vendor)
    Collectible.objects.update(category=category)
    Collectible.objects.update(category=None)
    category.hard_delete()
    assert kept(item.vendor) == counted(item.vendor)


@pytest.mark.django_db(transaction=True)
@pytest.mark.chaos
def test_figures_are_whole_after_many_wrote_at_once() -> None:
    """Each in items of its own, and through the same categories in another order."""
    store = StoreFactory()
    vendor = store.vendor
    sorts = CategoryFactory.create_batch(4, vendor=vendor)
    shelves = [CollectibleFactory.create_batch(4, vendor=vendor, value=2) for _ in range(4)]

    def work(number: int) -> None:
        own = shelves[number]
        mine = Collectible.objects.filter(pk__in=[item.pk for item in own])
        for turn in range(ROUNDS // 10):
            places = [F("pk") - own[0].pk + number + turn, Value(4)]
            place = Func(*places, function="MOD", output_field=IntegerField())
            chosen = [When(Exact(place, n), then=each.pk) for n, each in enumerate(sorts)]
            mine.update(category=Case(*chosen), value=turn)
            CollectibleFactory(vendor=vendor, category=sorts[number], value=3)
            StockService.receive(receipts=[Receipt(item, store, 1) for item in own], by=None)
            own[turn % 4].delete()
            own[turn % 4].restore()

    def rebuild() -> None:
        for _turn in range(ROUNDS // 10):
            CounterService.rebuild()

    at_once([*(partial(work, number) for number in range(4)), rebuild])
    assert kept(vendor) == counted(vendor)
    assert kept(vendor)["items"] == 4 * (4 + ROUNDS // 10)
