"""A shop that was there before the ledger: what it had becomes its first movements."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from inventory.models import Collectible, StockLevel, StockLot, StockMovement, Valuation
from inventory.selectors import find_drift, find_tampering
from tests.factories import CollectibleFactory, StoreFactory, UserFactory, VendorFactory
from vendors.models import VendorStore

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _leave_it_whole() -> Iterator[None]:
    yield
    call_command("migrate", verbosity=0)


def migrate(name: str) -> Any:
    executor = MigrationExecutor(connection)
    executor.migrate([("inventory", name)])
    return executor.loader.project_state([("inventory", name)]).apps


def test_what_there_was_opens_the_ledger() -> None:
    user = UserFactory()
    # A store of the name that one would choose for it, but not the default one.
    bare = StoreFactory(vendor=VendorFactory(owner=user), name="Main", is_default=False).vendor
    store = StoreFactory(vendor=VendorFactory(owner=user))
    quantities = [(store.vendor, 3), (store.vendor, 0), (store.vendor, 70), (bare, 2), (bare, 1)]
    items = [
        CollectibleFactory(vendor=vendor, quantity=0, value=n * 5, created_by=user)
        for n, (vendor, _units) in enumerate(quantities)
    ]
    old = migrate("0001_initial").get_model("inventory", "Collectible")
    for item, (_vendor, units) in zip(items, quantities, strict=True):
        old._base_manager.filter(pk=item.pk).update(quantity=units)
    # In the bin, and still to be accounted for.
    gone = {"is_deleted": True, "deleted_at": timezone.now()}
    old._base_manager.filter(pk=items[4].pk).update(**gone)
    versions = dict(old._base_manager.values_list("pk", "version"))

    call_command("migrate", verbosity=0)

    made = VendorStore.objects.get(vendor=bare, is_default=True)
    there = [(items[0], store, 3), (items[2], store, 70), (items[3], made, 2), (items[4], made, 1)]
    opened = [
        (row.item_id, row.store_id, row.quantity, row.kind, row.cost, row.actor_id, row.sequence)
        for row in StockMovement.objects.order_by("item_id")
    ]
    assert opened == [(i.pk, s.pk, n, "opening", 0, user.pk, 1) for i, s, n in there]
    occurred = dict(StockMovement.objects.values_list("item_id", "occurred_at"))
    assert occurred == {item.pk: item.created_at for item, _store, _units in there}
    levels = StockLevel.objects.order_by("item_id").values_list("item_id", "store_id", "on_hand")
    assert list(levels) == [(i.pk, s.pk, n) for i, s, n in there]
    lots = StockLot.objects.order_by("item_id").values_list("item_id", "remaining", "received")
    assert list(lots) == [(i.pk, n, n) for i, _s, n in there]
    now = dict(Collectible.all_objects.values_list("pk", "quantity"))
    assert now == {item.pk: units for item, (_v, units) in zip(items, quantities, strict=True)}
    # Nobody's copy of an item is out of date by it.
    assert dict(Collectible.all_objects.values_list("pk", "version")) == versions
    values = Valuation.objects.order_by("item_id").values_list("item_id", "amount", "source")
    assert list(values) == [(item.pk, item.value, "catalog") for item in items[1:]]
    assert find_drift() == []
    assert find_tampering() == []


def test_way_back_and_forth_keeps_what_there_is() -> None:
    """The history is lost on the way back; quantities and values are not."""
    item = CollectibleFactory(quantity=7, value=12)
    migrate("0001_initial")
    call_command("migrate", verbosity=0)
    item.refresh_from_db()
    assert (item.quantity, item.value) == (7, 12)
    assert StockLevel.objects.get().on_hand == 7
    assert Valuation.objects.get().amount == 12
    assert find_drift() == []
