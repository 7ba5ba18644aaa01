"""A store that holds units is not closed; a shop is, with all it has."""

import pytest
from rest_framework.test import APIClient

from inventory.enums import Reason
from inventory.models import Collectible
from inventory.services import Line, Receipt, StockService, TransferService
from users.models import User
from vendors.models import Vendor, VendorStore

pytestmark = pytest.mark.django_db


@pytest.fixture
def filled(item: Collectible, stall: VendorStore, owner: User) -> VendorStore:
    StockService.receive(receipts=[Receipt(item, stall, 2)], by=owner)
    return stall


def close(client: APIClient, store: VendorStore) -> tuple[int, str]:
    answer = client.delete(f"/api/v1/vendor-stores/{store.pk}/")
    return answer.status_code, answer.json()["code"] if answer.content else ""


def test_store_with_units_stays_until_they_are_gone(
    owner_client: APIClient, owner: User, item: Collectible, filled: VendorStore
) -> None:
    assert close(owner_client, filled) == (409, "in_use")
    line = Line(item, filled, 2)
    StockService.write_off(line=line, reason=Reason.LOST, by=owner)
    assert close(owner_client, filled) == (204, "")


def test_store_that_units_are_on_their_way_to_stays(
    owner_client: APIClient, owner: User, item: Collectible, store: VendorStore, stall: VendorStore
) -> None:
    StockService.receive(receipts=[Receipt(item, store, 1)], by=owner)
    TransferService.send(line=Line(item, store, 1), to_store=stall, by=owner, in_transit=True)
    assert close(owner_client, stall) == (409, "in_use")


def test_shop_is_closed_with_what_is_in_its_stores(
    owner_client: APIClient, vendor: Vendor, filled: VendorStore
) -> None:
    assert owner_client.delete(f"/api/v1/vendors/{vendor.pk}/").status_code == 204
    filled.refresh_from_db(from_queryset=VendorStore.all_objects.all())
    assert filled.is_deleted


def test_item_with_units_is_deleted_and_keeps_its_past(
    owner_client: APIClient, item: Collectible, filled: VendorStore
) -> None:
    assert owner_client.delete(f"/api/v1/catalog/items/{item.pk}/").status_code == 204
    assert item.movements.count() == 1
