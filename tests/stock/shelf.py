"""One item on a shelf: received once, in part promised, valued once."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

from inventory.enums import MovementKind
from inventory.models import Allocation, Collectible, StockLot, StockMovement
from inventory.services import AllocationService, Line, Receipt, StockService
from tests.factories import CollectibleFactory, StoreFactory, UserFactory, VendorFactory
from users.models import User
from vendors.models import VendorStore


@dataclass(frozen=True)
class Shelf:
    user: User
    store: VendorStore
    item: Collectible

    @classmethod
    def filled(cls) -> Self:
        user = UserFactory()
        store = StoreFactory(vendor=VendorFactory(owner=user))
        item = CollectibleFactory(vendor=store.vendor, quantity=0, value=Decimal(5))
        shelf = cls(user, store, item)
        shelf.receive(3)
        shelf.promise("order")
        return shelf

    def receive(self, units: int, **said: Any) -> StockMovement:
        receipts = [Receipt(self.item, self.store, units, Decimal("1.10"))]
        [movement] = StockService.receive(receipts=receipts, by=self.user, **said)
        return movement

    def sell(self, units: int, **said: Any) -> StockMovement:
        """Of one lot alone."""
        [[movement]] = StockService.sell(lines=[self.line(units)], by=self.user, **said)
        return movement

    def promise(self, reference: str, **said: Any) -> Allocation:
        [held] = AllocationService.allocate(lines=[self.line(1)], reference=reference, **said)
        return held

    def line(self, units: int) -> Line:
        return Line(self.item, self.store, units)

    def new_lot(self, **said: Any) -> StockLot:
        told = {"item": self.item, "store": self.store, "received": 2, "unit_cost": 1, "cost": 2}
        return StockLot(**{**told, "currency": "USD", **said})

    def filled_lot(self, **said: Any) -> StockLot:
        lot = self.new_lot(**said)
        lot.save()
        self.movement(lot, item=lot.item, quantity=2, cost=Decimal(2)).save()
        return lot

    def movement(self, lot: StockLot, **said: Any) -> StockMovement:
        told = {"item": self.item, "store": self.store, "lot": lot}
        change = {"kind": MovementKind.ADJUSTMENT, "quantity": -1, "cost": Decimal(-1)}
        return StockMovement(**{**told, **change, **said})
