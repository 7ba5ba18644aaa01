"""Categories, items, stores, the catalog's version: locked in one order, whoever comes first."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction

from inventory.models import CatalogVersion, Collectible
from inventory.services import CollectibleService, ImportService, Receipt, StockService
from tests.factories import CollectibleFactory
from tests.inventory.tables import table
from tests.races import await_waiting, in_turn, on_own_connection
from vendors.models import Vendor, VendorStore

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.chaos]
Deed = Callable[[], Any]


@pytest.fixture
def store(vendor: Vendor) -> VendorStore:
    row: VendorStore = vendor.stores.get()
    return row


def renamed_and_counted(vendor: Vendor, item: Collectible) -> Deed:
    return partial(
        CollectibleService.update, collectible=item, name="Falcon", quantity=7, by=vendor.owner
    )


def filed_and_counted(vendor: Vendor, item: Collectible) -> Deed:
    return partial(
        CollectibleService.update, collectible=item, category="New", quantity=7, by=vendor.owner
    )


def imported(vendor: Vendor, item: Collectible, category: str = "") -> Deed:
    file = table(f"Falcon,{item.sku},{category},1,7,2017")
    job = ImportService.request(file=file, vendor=vendor, by=vendor.owner)
    return partial(ImportService.run, job_id=job.pk)


COUNTED = [
    renamed_and_counted,
    filed_and_counted,
    imported,
    partial(imported, category="New"),
]


@pytest.mark.parametrize("counted", COUNTED)
def test_units_that_come_in_and_others_that_are_counted_do_not_deadlock(
    vendor: Vendor, store: VendorStore, counted: Any
) -> None:
    item, other = CollectibleFactory.create_batch(2, vendor=vendor, quantity=5)
    receive = partial(StockService.receive, receipts=[Receipt(other, store, 1)], by=vendor.owner)
    in_turn(receive, counted(vendor, item), behind=store)
    assert {*Collectible.objects.values_list("pk", "quantity")} == {(item.pk, 7), (other.pk, 6)}


@pytest.mark.parametrize("counted", COUNTED)
def test_who_waits_for_a_store_keeps_nobody_from_the_catalog(
    vendor: Vendor, store: VendorStore, counted: Any
) -> None:
    deed = counted(vendor, CollectibleFactory(vendor=vendor, quantity=5))
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            VendorStore.objects.select_for_update().get(pk=store.pk)
            done = pool.submit(on_own_connection, deed)
            await_waiting([done])
            CatalogVersion.objects.select_for_update(nowait=True).get(vendor=vendor)
        done.result(timeout=30)


def test_table_that_dies_in_a_deadlock_is_gone_on_with_at_once(vendor: Vendor) -> None:
    items = CollectibleFactory.create_batch(2, vendor=vendor, value=1)
    lines = [f"Falcon,{item.sku},,2,1,2017" for item in items]
    job = ImportService.request(file=table(*lines), vendor=vendor, by=vendor.owner)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL deadlock_timeout = '1min'")  # who finds it is who dies
            locked = Collectible.objects.select_for_update()
            locked.get(pk=items[1].pk)
            running = pool.submit(on_own_connection, partial(ImportService.run, job_id=job.pk))
            await_waiting([running])
            locked.get(pk=items[0].pk)
        done = running.result(timeout=30)
    assert (done.status, done.updated) == ("completed", 2)
