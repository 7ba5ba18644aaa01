"""Orders and sales, made as people make them: by the services."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from inventory.models import Collectible
from inventory.services import Receipt, StockService, store_of
from sales.models import Order
from sales.services import OrderService, Returned, SaleService, Wanted
from tests.factories import CollectibleFactory
from vendors.models import Vendor

# From the draft on, what leads to each status.
LIFE = ["place", "confirm", "fulfil", "complete"]
STATUSES = ["draft", "pending", "confirmed", "fulfilled", "completed"]


def stocked(
    vendor: Vendor, quantity: int = 10, unit_cost: str = "6.00", since: datetime | None = None,
    **details: Any,
) -> Any:  # fmt: skip
    """An item for 10.00 of which there are so many, bought for so much each."""
    item = CollectibleFactory(vendor=vendor, quantity=0, **{"value": Decimal(10), **details})
    receipt = Receipt(item, store_of(vendor, None), quantity, Decimal(unit_cost))
    StockService.receive(receipts=[receipt], by=vendor.owner, occurred_at=since)
    item.refresh_from_db()
    return item


def order(vendor: Vendor, status: str = "draft", *items: Collectible, **details: Any) -> Order:
    """Two units of each item, of a new one unless told; by the vendor's owner, in the status."""
    wanted = [Wanted(item, 2) for item in items or [stocked(vendor)]]
    said = {"store": store_of(vendor, None), "lines": wanted, **details}
    row = OrderService.create(vendor=vendor, by=vendor.owner, **said)
    if status == "cancelled":
        return OrderService.cancel(order=row, by=vendor.owner)
    last = "completed" if status == "returned" else status
    for verb in LIFE[: STATUSES.index(last)]:
        row = getattr(OrderService, verb)(order=row, by=vendor.owner)
    if status == "returned":
        back = [Returned(line, line.quantity) for line in row.lines.all()]
        row = OrderService.take_back(order=row, returns=back, by=vendor.owner)
    return row


def sale(vendor: Vendor, *items: Collectible, **details: Any) -> Order:
    """One unit of each item, of a new one unless told, over the counter."""
    wanted = [Wanted(item, 1) for item in items or [stocked(vendor)]]
    said = {"store": store_of(vendor, None), "lines": wanted, **details}
    return SaleService.record(vendor=vendor, by=vendor.owner, **said)
