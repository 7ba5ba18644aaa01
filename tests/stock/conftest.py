"""A shop with two stores and an item of which there is stock."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from inventory.models import Collectible, StockMovement
from inventory.services import Receipt, StockService
from tests.factories import CollectibleFactory, StoreFactory
from tests.stock.shelf import Shelf
from users.models import User
from vendors.models import Vendor, VendorStore

JANUARY, FEBRUARY, MARCH = (datetime(2026, month, 10, 12, tzinfo=UTC) for month in (1, 2, 3))


@pytest.fixture
def store(vendor: Vendor) -> VendorStore:
    row: VendorStore = vendor.stores.get()
    return row


@pytest.fixture
def stall(vendor: Vendor, store: VendorStore) -> VendorStore:
    row: VendorStore = StoreFactory(vendor=vendor, is_default=False, name="Market stall")
    return row


@pytest.fixture
def item(vendor: Vendor) -> Collectible:
    """Without stock: each test receives what it needs."""
    row: Collectible = CollectibleFactory(vendor=vendor, quantity=0, low_stock_threshold=3)
    return row


@pytest.fixture
def receipts(item: Collectible, store: VendorStore, owner: User) -> list[StockMovement]:
    """Three for 73.33⅓ in January, five for 80.00 in February, two for 95.00 in March."""
    lots = [(3, "70.00", "10.00", JANUARY), (5, "80.00", "", FEBRUARY), (2, "95.00", "", MARCH)]
    return [
        StockService.receive(
            receipts=[Receipt(item, store, units, Decimal(cost))],
            landed_costs=[{"kind": "postage", "amount": Decimal(postage)}] if postage else [],
            by=owner, occurred_at=moment, reference=f"PO-{moment.month}",
        )[0]
        for units, cost, postage, moment in lots
    ]  # fmt: skip


@pytest.fixture
def shelf(db: None) -> Shelf:
    return Shelf.filled()
