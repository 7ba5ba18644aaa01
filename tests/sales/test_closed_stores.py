"""Units come back into the store they were sold from, if anybody can get at them there."""

from functools import partial
from typing import Any

import pytest
from rest_framework.test import APIClient

from inventory.models import StockLevel, StockMovement
from sales.models import Order
from sales.services import OrderService, Returned
from tests.factories import StoreFactory
from tests.factories.orders import sale, stocked
from tests.races import in_turn, outcome
from tests.vendors.people import refusal
from users.models import User
from vendors.models import Vendor, VendorStore
from vendors.services import StoreService

pytestmark = pytest.mark.django_db


@pytest.fixture
def stall(vendor: Vendor) -> VendorStore:
    store: VendorStore = StoreFactory(vendor=vendor, is_default=False)
    return store


@pytest.fixture
def sold(owner_client: APIClient, vendor: Vendor, stall: VendorStore) -> Order:
    """All that was in the stall."""
    item = stocked(vendor, 1)
    body = {"item": item.pk, "to_store": stall.pk, "quantity": 1}
    body["from_store"] = vendor.stores.get(is_default=True).pk
    assert owner_client.post("/api/v1/stock/transfer/", body).status_code == 201
    return sale(vendor, item, store=stall)


def returned(client: APIClient, order: Order, **more: Any) -> Any:
    body = {"lines": [{"line": order.lines.get().pk, "quantity": 1, **more}]}
    return client.post(f"/api/v1/orders/{order.pk}/return/", body)


def close(client: APIClient, store: VendorStore) -> int:
    return int(client.delete(f"/api/v1/vendor-stores/{store.pk}/").status_code)


def test_nothing_comes_back_into_a_closed_store(
    owner_client: APIClient, stall: VendorStore, sold: Order
) -> None:
    assert close(owner_client, stall) == 204
    answer = returned(owner_client, sold)
    assert refusal(answer) == (409, "store_closed")
    assert (answer.json()["detail"], answer.json()["store"]) == (
        "The store has been closed.", stall.pk,
    )  # fmt: skip
    assert not StockMovement.objects.filter(kind="return").exists()
    sold.refresh_from_db()
    assert (sold.status, sold.returns.count()) == ("completed", 0)


def test_what_is_written_off_at_once_does(
    owner_client: APIClient, stall: VendorStore, sold: Order
) -> None:
    close(owner_client, stall)
    answer = returned(owner_client, sold, write_off="damaged")
    assert (answer.status_code, answer.json()["status"]) == (200, "returned")
    assert StockLevel.objects.get(store=stall.pk).on_hand == 0


def test_open_store_takes_it_and_stays(
    owner_client: APIClient, stall: VendorStore, sold: Order
) -> None:
    assert returned(owner_client, sold).status_code == 200
    assert StockLevel.objects.get(store=stall.pk).on_hand == 1
    assert close(owner_client, stall) == 409


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("first", "outcomes"), [("back", ["done", "in_use"]), ("close", ["done", "store_closed"])]
)
def test_return_and_closing_at_the_same_moment_are_one_after_the_other(
    owner: User, stall: VendorStore, sold: Order, first: str, outcomes: list[str]
) -> None:
    lines = [Returned(sold.lines.get(), 1)]
    deeds = [
        partial(outcome, partial(OrderService.take_back, order=sold, by=owner, returns=lines)),
        partial(outcome, partial(StoreService.delete, store=stall, by=owner)),
    ]
    assert in_turn(*deeds[:: 1 if first == "back" else -1], behind=stall) == outcomes
    there = StockLevel.objects.get(store=stall.pk).on_hand
    closed = VendorStore.all_objects.get(pk=stall.pk).is_deleted
    assert (there, closed) == ((1, False) if first == "back" else (0, True))
