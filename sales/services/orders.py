"""The life of an order. Each verb locks the order first, then the items in key order."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypedDict, Unpack

from django.db import transaction
from django.utils import timezone

from core.audit import log_audit
from core.enums import AuditType
from core.events import publish
from core.exceptions import NotFoundError
from core.writing import differing
from inventory.services import AllocationService, Line
from sales.enums import CancelReason, OrderStatus
from sales.events import OrderCancelled, OrderPlaced, OrderReturned
from sales.exceptions import EmptyOrder, ExceedsOrder, ItemGone, OrderExpired, PartlyFulfilled
from sales.lifecycle import require
from sales.models import Fulfilment, Order, OrderLine, OrderReturn
from sales.services.drafting import (
    ALWAYS,
    OrderChanges,
    OrderDetails,
    Wanted,
    new_order,
    number,
    priced_lines,
    reprice,
    require_own,
    says,
    told,
)
from sales.services.journal import Part, Returned, book_charges, book_return, book_sale
from sales.services.terms import expiry_of

if TYPE_CHECKING:
    from users.models import User
    from vendors.models import Vendor, VendorStore

EXPIRED_AT_ONCE = 100


class Parcel(TypedDict, total=False):
    """How units were sent, and when: now, or in the past."""

    carrier: str
    tracking_number: str
    fulfilled_at: datetime


class OrderService:
    @staticmethod
    def lock(*, row: Order) -> Order:
        """Raises `NotFoundError` when it was deleted meanwhile."""
        return _locked(row)

    @staticmethod
    @transaction.atomic
    def create(
        *, vendor: "Vendor", store: "VendorStore", lines: Sequence[Wanted], by: "User",
        currency: str = "", **details: Unpack[OrderDetails],
    ) -> Order:  # fmt: skip
        """A draft: it holds no stock and has no number. In the vendor's currency unless told.

        Raises `InvalidInput` for what belongs to another shop, and for sums that do not add up.
        """
        order, drafted = new_order(
            lines, vendor=vendor, store=store, currency=currency or vendor.currency,
            created_by=by, **details,
        )  # fmt: skip
        order.save(force_insert=True)
        OrderLine.objects.bulk_create(drafted)
        log_audit(AuditType.SALES, by, f"drafted order {order.pk}", obj=order, after=told(order))
        return order

    @staticmethod
    @transaction.atomic
    def update(
        *, order: Order, by: "User", lines: Sequence[Wanted] | None = None,
        **changes: Unpack[OrderChanges],
    ) -> Order:  # fmt: skip
        """Lines, if given, replace all there are, unless they say the same. Of what is no draft
        only `ALWAYS` can change.

        Raises `InvalidTransition`, and what `create` raises.
        """
        row = _locked(order)
        changed = differing(row, changes)
        if lines is not None and says(row, lines):
            lines = None
        if lines is not None or changed.keys() - ALWAYS:
            require("change", row.status)
        for name, (_old, new) in changed.items():
            setattr(row, name, new)
        require_own(row)
        if lines is not None:
            drafted = priced_lines(row, lines)
            row.lines.all().delete()
            OrderLine.objects.bulk_create(drafted)
        elif {"discount", "store"} & changed.keys():
            reprice(row)
        if lines is not None or changed:
            row.updated_by = by
            row.save()
            action = f"changed order {row}"
            log_audit(AuditType.SALES, by, action, obj=row, **changed.record())
        if {"fees", "postage"} & changed.keys():
            book_charges(row)
        return row

    @staticmethod
    @transaction.atomic
    def delete(*, order: Order, by: "User") -> None:
        """For good: a draft is nothing that happened. Raises `InvalidTransition` for others."""
        row = _locked(order)
        require("delete", row.status)
        log_audit(AuditType.SALES, by, f"deleted draft {row.pk}", obj=row, before=told(row))
        row.delete()

    @staticmethod
    @transaction.atomic
    def place(*, order: Order, by: "User") -> Order:
        """Hold stock for all lines until somebody confirms it, for as long as the shop's settings
        say, and give the order its number.

        Raises `EmptyOrder`, `ItemGone` and `InsufficientStock`.
        """
        row = _locked(order)
        require("place", row.status)
        lines = _lines(row)
        if gone := [place for place, line in enumerate(lines) if line.item.is_deleted]:
            raise ItemGone(gone[0])
        held = [_held(row, line, line.quantity) for line in lines]
        if not held:
            raise EmptyOrder
        AllocationService.allocate(lines=held, reference=_reference(row))
        now = timezone.now()
        row.expires_at = now + expiry_of(row.vendor_id)
        number(row, now)
        _move(row, OrderStatus.PENDING, "placed", by)
        publish(
            OrderPlaced(
                row.pk, row.vendor_id, str(row.number), row.customer_id, str(row.total),
                row.currency,
            )
        )  # fmt: skip
        return row

    @staticmethod
    @transaction.atomic
    def confirm(*, order: Order, by: "User") -> Order:
        """It is paid, or will be: the stock is held until it is fulfilled or cancelled.

        Raises `OrderExpired`.
        """
        row = _locked(order)
        require("confirm", row.status)
        if row.expires_at and row.expires_at <= timezone.now():
            raise OrderExpired
        row.expires_at, row.confirmed_at = None, timezone.now()
        return _move(row, OrderStatus.CONFIRMED, "confirmed", by)

    @staticmethod
    @transaction.atomic
    def fulfil(
        *, order: Order, by: "User", units: dict[int, int] | None = None, **parcel: Unpack[Parcel]
    ) -> Order:
        """Send all that is left, or so many `units` by line; the last part makes it fulfilled.

        Raises `ExceedsOrder`, `NotFoundError` for a line of another order, and
        `InsufficientStock` for a named lot that has been sold otherwise.
        """
        row = _locked(order)
        require("fulfil", row.status)
        lines = _lines(row)
        parts = _parts(lines, units)
        sent = {part.line.pk: part.quantity for part in parts}
        left = {line.pk: line.quantity - line.fulfilled - sent.get(line.pk, 0) for line in lines}
        AllocationService.consume(references=[_reference(row)])
        AllocationService.allocate(
            lines=[_held(row, line, left[line.pk]) for line in lines if left[line.pk]],
            reference=_reference(row),
        )
        fulfilment = Fulfilment.objects.create(order=row, created_by=by, **parcel)
        book_sale(row, parts, fulfilment, by=by, occurred_at=parcel.get("fulfilled_at"))
        if not any(left.values()):
            row.fulfilled_at = fulfilment.fulfilled_at
            return _move(row, OrderStatus.FULFILLED, "fulfilled", by)
        return _move(row, OrderStatus.CONFIRMED, "fulfilled a part of", by)

    @staticmethod
    @transaction.atomic
    def complete(*, order: Order, by: "User") -> Order:
        """The customer has it and has paid."""
        row = _locked(order)
        require("complete", row.status)
        row.completed_at = timezone.now()
        return _move(row, OrderStatus.COMPLETED, "completed", by)

    @staticmethod
    @transaction.atomic
    def cancel(*, order: Order, by: "User | None", reason: str = CancelReason.CUSTOMER) -> Order:
        """Give back exactly what it still holds.

        Raises `PartlyFulfilled` while units of it are with the customer.
        """
        row = _locked(order)
        require("cancel", row.status)
        if any(line.fulfilled > line.returned for line in _lines(row)):
            raise PartlyFulfilled
        AllocationService.release(references=[_reference(row)])
        row.cancel_reason, row.cancelled_at, row.expires_at = reason, timezone.now(), None
        _move(row, OrderStatus.CANCELLED, "cancelled", by)
        if row.number:
            publish(OrderCancelled(row.pk, row.vendor_id, row.number, reason))
        return row

    @staticmethod
    @transaction.atomic
    def take_back(
        *, order: Order, returns: Sequence[Returned], by: "User", note: str = "",
        returned_at: datetime | None = None,
    ) -> Order:  # fmt: skip
        """Units of lines come back, into stock or to the write-offs, and money goes back.

        When all have come back the order is returned. Raises `ReturnExceedsLine` and
        `RefundExceedsPaid`.
        """
        row = _locked(order)
        require("return", row.status)
        at = returned_at or timezone.now()
        back = OrderReturn.objects.create(order=row, note=note, returned_at=at, created_by=by)
        back.refund = book_return(row, returns, back, by=by)
        back.save(update_fields=["refund"])
        row.refunded += back.refund
        lines = _lines(row)
        everything = all(line.returned == line.quantity for line in lines)
        _move(row, OrderStatus.RETURNED if everything else row.status, "took back units of", by)
        publish(
            OrderReturned(row.pk, row.vendor_id, str(row.number), str(back.refund), row.currency)
        )
        return row

    @staticmethod
    def expire() -> int:
        """Cancel what nobody confirmed in time; returns how many. For the schedule."""
        late = Order.objects.filter(status=OrderStatus.PENDING, expires_at__lte=timezone.now())
        total = 0
        while some := list(late.order_by("expires_at")[:EXPIRED_AT_ONCE]):
            total += sum(_expire(order) for order in some)
        return total


@transaction.atomic
def _expire(order: Order) -> bool:
    """False when somebody was quicker."""
    row = Order.objects.select_for_update(no_key=True).filter(pk=order.pk).first()
    if row is None or row.status != OrderStatus.PENDING:
        return False
    OrderService.cancel(order=row, by=None, reason=CancelReason.EXPIRED)
    return True


def _locked(order: Order) -> Order:
    rows = Order.objects.select_for_update(of=["self"], no_key=True)
    row: Order | None = rows.select_related("vendor", "store").filter(pk=order.pk).first()
    if row is None:
        raise NotFoundError
    return row


def _lines(order: Order) -> list[OrderLine]:
    """As they are now, under the order's lock."""
    return list(order.lines.select_related("item", "lot").order_by("pk"))


def _reference(order: Order) -> str:
    """By what name stock is held for the order."""
    return f"order {order.pk}"


def _held(order: Order, line: OrderLine, quantity: int) -> Line:
    return Line(line.item, order.store, quantity)


def _parts(lines: Sequence[OrderLine], units: dict[int, int] | None) -> list[Part]:
    rest = {line.pk: line.quantity - line.fulfilled for line in lines}
    wanted = rest if units is None else units
    if wanted.keys() - rest.keys():
        raise NotFoundError
    for key, quantity in wanted.items():
        if quantity > rest[key]:
            raise ExceedsOrder(key, rest[key])
    return [Part(line, wanted[line.pk]) for line in lines if wanted.get(line.pk)]


def _move(order: Order, status: str, verb: str, by: "User | None") -> Order:
    """Into the status, with a version of its own and an audit entry."""
    before, order.status = order.status, OrderStatus(status)
    order.updated_by = by
    order.save()
    said = {"status": status, "total": order.total, "refunded": order.refunded}
    log_audit(
        AuditType.SALES, by, f"{verb} order {order}", obj=order, before={"status": before},
        after=said,
    )  # fmt: skip
    return order
