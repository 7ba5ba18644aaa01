"""A shop that sells: one person, one store, and what is done at its counter."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

from django.db.models import Sum

from core.models import AuditLog
from inventory.models import Allocation, Collectible, StockLevel, StockLot, StockMovement
from inventory.services import Receipt, StockService
from sales.enums import EntryKind
from sales.models import Customer, Order, OrderLine, SalesEntry
from sales.services import OrderService, SaleService, Wanted
from tests.factories import CollectibleFactory, StoreFactory, UserFactory, VendorFactory
from users.models import User
from vendors.models import Vendor, VendorStore

D = Decimal


@dataclass(frozen=True)
class Till:
    user: User
    vendor: Vendor
    store: VendorStore

    @classmethod
    def opened(cls) -> Self:
        user = UserFactory()
        vendor = VendorFactory(owner=user)
        return cls(user, vendor, StoreFactory(vendor=vendor))

    def item(self, units: int = 0, cost: str = "0", **values: Any) -> Collectible:
        """With so many units at this cost each, in one lot."""
        values.setdefault("value", D(10))
        item: Collectible = CollectibleFactory(vendor=self.vendor, quantity=0, **values)
        if units:
            self.receive(item, units, cost)
        return item

    def receive(self, item: Collectible, units: int, cost: str = "0", **said: Any) -> StockLot:
        currency, store = said.pop("currency", ""), said.pop("store", self.store)
        receipt = Receipt(item, store, units, D(cost), currency)
        [movement] = StockService.receive(receipts=[receipt], by=self.user, **said)
        return movement.lot

    def customer(self, **values: Any) -> Customer:
        row: Customer = Customer.objects.create(
            vendor=self.vendor, **{"name": "Ada Fogg", "email": "ada@example.com", **values}
        )
        return row

    def draft(self, *lines: Wanted, **details: Any) -> Order:
        details = {"vendor": self.vendor, "store": self.store, "by": self.user, **details}
        return OrderService.create(lines=lines, **details)

    def placed(self, *lines: Wanted, **details: Any) -> Order:
        return OrderService.place(order=self.draft(*lines, **details), by=self.user)

    def confirmed(self, *lines: Wanted, **details: Any) -> Order:
        return OrderService.confirm(order=self.placed(*lines, **details), by=self.user)

    def sold(self, *lines: Wanted, **details: Any) -> Order:
        details = {"vendor": self.vendor, "store": self.store, "by": self.user, **details}
        return SaleService.record(lines=lines, **details)

    def level(self, item: Collectible) -> tuple[int, int]:
        """On hand and allocated."""
        row = StockLevel.objects.filter(item=item, store=self.store).first()
        return (row.on_hand, row.allocated) if row else (0, 0)

    def world(self) -> tuple[Any, ...]:
        """All that a deed of selling can change: what is refused leaves this as it was."""
        models = (Order, OrderLine, SalesEntry, StockLevel, StockMovement, Allocation, AuditLog)
        return tuple(list(model.objects.order_by("pk").values()) for model in models)


def lines_of(order: Order) -> list[OrderLine]:
    return list(order.lines.order_by("pk"))


def assert_true_to_the_journal() -> None:
    """Orders, lines, journal and ledger say the same, of all orders there are."""
    assert_lines_follow()
    for order in Order.objects.all():
        lines = lines_of(order)
        assert order.total == sum((line.total for line in lines), D(0))
        assert order.subtotal - order.discount == sum((line.net for line in lines), D(0))
        assert order.refunded == sum((line.refunded for line in lines), D(0))
        assert order.refunded == (order.returns.aggregate(all=Sum("refund"))["all"] or 0)
        if any(line.fulfilled for line in lines):
            assert sum(line.fees for line in lines) == order.fees
            assert sum(line.postage for line in lines) == order.postage


def assert_lines_follow() -> None:
    lines = OrderLine.objects.select_related("order")
    for line in lines.prefetch_related("entries__movement__lot"):
        entries = list(line.entries.all())
        of = {kind: [e for e in entries if e.kind == kind] for kind in EntryKind.values}
        assert line.fulfilled == sum(entry.units for entry in of["sale"])
        assert line.returned == -sum(entry.units for entry in of["return"])
        assert line.revenue == sum((entry.revenue for entry in entries), D(0))
        assert line.refunded == -sum((e.revenue + e.tax for e in of["return"]), D(0))
        costs = [entry.cost for entry in entries]
        assert line.cost == (None if None in costs else sum(costs, D(0)))
        for entry in of["sale"] + of["return"]:
            assert_entry_is_its_movement(entry, line)


def assert_entry_is_its_movement(entry: SalesEntry, line: OrderLine) -> None:
    movement = entry.movement
    assert (movement.item_id, -movement.quantity) == (line.item_id, entry.units)
    assert movement.reference == line.order.number
    assert movement.occurred_at == entry.occurred_at
    if movement.lot.currency == line.order.currency:
        assert entry.cost == -movement.cost
    else:
        assert entry.cost is None
