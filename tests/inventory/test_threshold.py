"""At how many units stock of a new item is low: as the shop has settled it, once and for all."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from inventory.models import Collectible
from tests.factories import CollectibleFactory, UserFactory
from tests.flows.desk import address, filled, save
from tests.inventory.tables import take
from users.models import User
from vendors.models import SystemSettings, Vendor

pytestmark = pytest.mark.django_db
ITEMS = "/api/v1/catalog/items/"


@pytest.fixture(autouse=True)
def settled(vendor: Vendor) -> SystemSettings:
    row: SystemSettings = SystemSettings.objects.create(vendor=vendor, low_stock_threshold=2)
    return row


def thresholds() -> list[int | None]:
    rows = Collectible.objects.order_by("pk")
    return list(rows.values_list("low_stock_threshold", flat=True))


def test_item_begins_with_the_shop_s_and_keeps_it(
    owner_client: APIClient, settled: SystemSettings
) -> None:
    made = owner_client.post(ITEMS, {"name": "Falcon"}).json()
    assert made["low_stock_threshold"] == 2
    SystemSettings.objects.update(low_stock_threshold=7)
    address = f"{ITEMS}{made['id']}/"
    assert owner_client.put(address, {"name": "Falcon"}).json()["low_stock_threshold"] == 2
    assert owner_client.post(ITEMS, {"name": "X-Wing"}).json()["low_stock_threshold"] == 7


@pytest.mark.parametrize("threshold", [None, 0, 10])
def test_what_the_call_says_goes_first(threshold: Any, owner_client: APIClient) -> None:
    body = {"name": "Falcon", "low_stock_threshold": threshold}
    assert owner_client.post(ITEMS, body).json()["low_stock_threshold"] == threshold


def test_table_s_blank_cells_are_filled_and_old_items_stay(vendor: Vendor) -> None:
    CollectibleFactory(vendor=vendor, sku="A", low_stock_threshold=5)
    heading = "name,sku,low stock threshold"
    take(vendor, "Falcon,A,", "X-Wing,B,", "Shuttle,C,9", heading=heading)
    assert thresholds() == [5, 2, 9]


@pytest.mark.parametrize("rows", [1, 40])
def test_table_asks_once_for_any_number_of_rows(rows: int, vendor: Vendor) -> None:
    with CaptureQueriesContext(connection) as asked:
        take(vendor, *[f"Item,{number},,,," for number in range(rows)])
    # For the items, and for the job's plan.
    reads = [q for q in asked.captured_queries if "vendors_systemsettings" in q["sql"]]
    assert (len(reads), set(thresholds())) == (2, {2})


class TestDesk:
    @pytest.fixture
    def desk(self, client: Client) -> Client:
        staff: User = UserFactory(is_staff=True, is_superuser=True)
        client.force_login(staff)
        return client

    def added(self, desk: Client, vendor: Vendor, threshold: str) -> Collectible:
        where = address(Collectible, "add")
        assert "low_stock_threshold" not in filled(desk.get(where))
        said = {"vendor": vendor.pk, "name": "Falcon", "low_stock_threshold": threshold}
        assert save(desk, where, **said).status_code == 302
        item: Collectible = Collectible.objects.get()
        return item

    @pytest.mark.parametrize(("typed", "threshold"), [("", 2), ("0", 0), ("10", 10)])
    def test_new_item_takes_the_shop_s_where_staff_say_nothing(
        self, typed: str, threshold: int, desk: Client, vendor: Vendor
    ) -> None:
        assert self.added(desk, vendor, typed).low_stock_threshold == threshold

    def test_old_item_can_still_be_unwatched(self, desk: Client, vendor: Vendor) -> None:
        item = self.added(desk, vendor, "3")
        assert save(desk, address(item, "change"), low_stock_threshold="").status_code == 302
        item.refresh_from_db()
        assert item.low_stock_threshold is None
