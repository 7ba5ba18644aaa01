"""Sales over the counter: ordered, paid and handed over in one call."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Unpack

from django.db import transaction
from django.utils import timezone

from core.audit import log_audit
from core.enums import AuditType
from inventory.services import StockService
from sales.enums import OrderStatus
from sales.exceptions import EmptyOrder
from sales.models import Fulfilment, Order, OrderLine
from sales.services.checking import require_past
from sales.services.drafting import OrderDetails, Wanted, new_order, number, told
from sales.services.journal import Part, book_sale

if TYPE_CHECKING:
    from users.models import User
    from vendors.models import Vendor, VendorStore


class SaleService:
    @staticmethod
    @transaction.atomic
    def record(
        *, vendor: "Vendor", store: "VendorStore", lines: Sequence[Wanted], by: "User",
        currency: str = "", sold_at: datetime | None = None, **details: Unpack[OrderDetails],
    ) -> Order:  # fmt: skip
        """A completed order with what it cost and brought; in the vendor's currency unless told.

        Raises `EmptyOrder`, `InsufficientStock`, and `InvalidInput` for what belongs to another
        shop or has not happened yet.
        """
        require_past("sold_at", sold_at)
        at = sold_at or timezone.now()
        order, drafted = new_order(
            lines, vendor=vendor, store=store, currency=currency or vendor.currency,
            created_by=by, status=OrderStatus.COMPLETED, **details,
        )  # fmt: skip
        if not drafted:
            raise EmptyOrder
        order.confirmed_at = order.fulfilled_at = order.completed_at = at
        # Items, number, stock: as those do who place an order (`next_number`).
        StockService.lock(items=[line.item for line in drafted])
        number(order, at)
        order.save(force_insert=True)
        OrderLine.objects.bulk_create(drafted)
        fulfilment = Fulfilment.objects.create(order=order, fulfilled_at=at, created_by=by)
        parts = [Part(line, line.quantity) for line in drafted]
        book_sale(order, parts, fulfilment, by=by, occurred_at=sold_at, new=True)
        log_audit(AuditType.SALES, by, f"sold order {order.number}", obj=order, after=told(order))
        return order
