"""Sales over the counter: ordered, paid and handed over in one call."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Unpack, cast

from django.utils import timezone

from core.adding import add, deed
from core.audit import log_audit
from core.enums import AuditType
from core.saying import Drawn, Words
from core.writing import know, require_past
from sales.enums import OrderStatus
from sales.exceptions import EmptyOrder
from sales.models import Fulfilment, Order
from sales.services.drafting import OrderDetails, Wanted, new_order, number, told
from sales.services.journal import book_new, count_in
from sales.services.wanting import Said, locked_wanted

if TYPE_CHECKING:
    from users.models import User
    from vendors.models import Vendor, VendorStore


class SaleService:
    @staticmethod
    @deed()
    def record(
        *, vendor: "Vendor", store: "VendorStore", lines: Sequence[Wanted] | Sequence[Said],
        by: "User", currency: str = "", sold_at: datetime | None = None,
        **details: Unpack[OrderDetails],
    ) -> Order:  # fmt: skip
        """A completed order with what it cost and brought; in the vendor's currency unless told.
        What hangs on it is known, and not asked again.

        Raises `EmptyOrder`, `InsufficientStock`, and `InvalidInput` for what is not there, belongs
        to another shop or has not happened yet.
        """
        require_past("sold_at", sold_at)
        # Items, number, stock: as those do who place an order (`next_number`). The last two are
        # locked by one statement that writes all, and the commit.
        wanted = locked_wanted(lines, vendor_id=vendor.pk, by=by)
        at = sold_at or timezone.now()
        order, drafted = new_order(
            wanted, vendor=vendor, store=store, currency=currency or vendor.currency,
            created_by=by, status=OrderStatus.COMPLETED, **details,
        )  # fmt: skip
        if not drafted:
            raise EmptyOrder
        order.confirmed_at = order.fulfilled_at = order.completed_at = at
        fulfilment = Fulfilment(order=order, fulfilled_at=at, created_by=by)
        number(order, at)
        add(order, *drafted, fulfilment)
        entries = book_new(order, drafted, fulfilment, by=by, occurred_at=sold_at)
        action = Words(["sold order ", cast("Drawn", order.number)])
        log_audit(AuditType.SALES, by, action, obj=order, after=told(order))
        count_in(entries)
        know(order, lines=drafted, entries=entries, fulfilments=[fulfilment], returns=[])
        return order
