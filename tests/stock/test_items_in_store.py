"""`catalog/items/?store=`: what is on hand there, also after units went from one to another."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from inventory.models import Collectible, StockMovement
from tests.factories import CollectibleFactory, StoreFactory
from vendors.models import VendorStore

pytestmark = pytest.mark.django_db


def listed(client: APIClient, version: str = "v1", **query: Any) -> list[int]:
    answer = client.get(f"/api/{version}/catalog/items/", query)
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert body.get("count", len(body["results"])) == len(body["results"])
    return [item["id"] for item in body["results"]]


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_store_has_what_is_on_hand_there(
    owner_client: APIClient,
    item: Collectible,
    receipts: list[StockMovement],
    store: VendorStore,
    stall: VendorStore,
    version: str,
) -> None:
    other = CollectibleFactory(vendor=item.vendor, quantity=0)
    some, rest = (
        {"item": item.pk, "from_store": store.pk, "to_store": stall.pk, "quantity": units}
        for units in (4, 6)
    )
    for body, here in ((None, [[item.pk], []]), (some, [[item.pk]] * 2), (rest, [[], [item.pk]])):
        if body:
            sent = owner_client.post(f"/api/{version}/stock/transfer/", body)
            assert sent.status_code == 201, sent.content
        assert [listed(owner_client, version, store=each.pk) for each in (store, stall)] == here
    assert listed(owner_client, version) == [other.pk, item.pk]
    foreign = StoreFactory()
    assert listed(owner_client, version, store=foreign.pk) == []


def test_list_of_a_store_is_known_by_what_it_says(
    owner_client: APIClient, item: Collectible, receipts: list[StockMovement], store: VendorStore
) -> None:
    address = f"/api/v1/catalog/items/?store={store.pk}"
    tag = owner_client.get(address)["ETag"]
    assert owner_client.get(address, headers={"If-None-Match": tag}).status_code == 304


def test_sku_finds_the_one_that_is_called_so(owner_client: APIClient, item: Collectible) -> None:
    CollectibleFactory(vendor=item.vendor, sku=f"{item.sku}-2")
    assert listed(owner_client, sku=item.sku) == [item.pk]
    assert listed(owner_client, sku=item.sku.lower()) == []
