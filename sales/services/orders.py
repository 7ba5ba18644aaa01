"""The life of an order. Each verb locks the order first, then the items in key order."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, TypedDict, Unpack

import structlog
from django.db import DatabaseError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.adding import deed
from core.audit import log_audit
from core.enums import AuditType
from core.exceptions import AppException, InvalidInput, NotFoundError
from core.outbox import announce
from core.reading import get_row
from core.writing import Changes, differing, require_past
from inventory.services import AllocationService, Line, StockService
from sales.enums import CancelReason, OrderStatus
from sales.events import OrderCancelled, OrderPlaced, OrderReturned
from sales.exceptions import EmptyOrder, ExceedsOrder, ItemDeleted, OrderExpired
from sales.lifecycle import require
from sales.models import Fulfilment, Order, OrderLine, OrderReturn
from sales.services.checking import require_some, require_valid
from sales.services.drafting import (
    ALWAYS,
    OrderChanges,
    OrderDetails,
    Wanted,
    new_order,
    number,
    priced_lines,
    reprice,
    require_sound,
    says,
    told,
)
from sales.services.journal import (
    Part,
    Returned,
    book_charges,
    book_return,
    book_sale,
    leaves_something,
)
from sales.services.remainder import give_up_rest
from vendors.selectors import get_shop_settings

if TYPE_CHECKING:
    from users.models import User
    from vendors.models import Vendor, VendorStore

_log = structlog.get_logger(__name__)


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
    @deed()
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
        before, changed = row.total, differing(row, changes)
        if lines is not None and "currency" not in changed and says(row, lines):
            lines = None
        if lines is not None or changed.keys() - ALWAYS:
            require("change", row.status)
        for name, (_old, new) in changed.items():
            setattr(row, name, new)
        require_sound(row)
        _redraft(row, lines, changed)
        if row.total != before:
            changed["total"] = (before, row.total)
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
    @deed()
    def place(*, order: Order, by: "User") -> Order:
        """Hold stock for all lines until somebody confirms it, for as long as the shop's settings
        say, and give the order its number.

        Raises `EmptyOrder`, `ItemDeleted` and `InsufficientStock`.
        """
        row = _locked(order)
        require("place", row.status)
        lines = _lines(row)
        if not lines:
            raise EmptyOrder
        _lock_stock(lines)
        now = timezone.now()
        number(row, now)
        held = [_held(row, line, line.quantity) for line in lines]
        AllocationService.allocate(lines=held, reference=_reference(row))
        row.expires_at = now + _patience(row.vendor_id)
        _move(row, OrderStatus.PENDING, "placed", by)
        announce(OrderPlaced(row.pk, row.vendor_id, str(row.number), row.total, row.currency))
        return row

    @staticmethod
    @deed()
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

        Raises `ExceedsOrder`, `NotFoundError` for a line of another order, `InvalidInput` for
        nothing and for the future, and `InsufficientStock` for a named lot that was sold otherwise.
        """
        require_past("fulfilled_at", parcel.get("fulfilled_at"))
        row = _locked(order)
        require("fulfil", row.status)
        _require_placed_before(row, parcel.get("fulfilled_at"))
        lines = _lines(row)
        parts = _parts(lines, units)
        sent = {part.line.pk: part.quantity for part in parts}
        left = {line.pk: line.wanted - line.fulfilled - sent.get(line.pk, 0) for line in lines}
        AllocationService.consume(references=[_reference(row)])
        AllocationService.allocate(
            lines=[_held(row, line, left[line.pk]) for line in lines if left[line.pk]],
            reference=_reference(row),
        )
        fulfilment = Fulfilment.objects.create(order=row, created_by=by, **parcel)
        book_sale(row, parts, fulfilment, by=by, occurred_at=parcel.get("fulfilled_at"))
        if not any(left.values()):
            row.fulfilled_at = _sent_at(row)
            return _move(row, OrderStatus.FULFILLED, "fulfilled", by)
        return _move(row, OrderStatus.CONFIRMED, "fulfilled a part of", by)

    @staticmethod
    @deed()
    def complete(*, order: Order, by: "User") -> Order:
        """The customer has it and has paid."""
        row = _locked(order)
        require("complete", row.status)
        row.completed_at = timezone.now()
        return _move(row, OrderStatus.COMPLETED, "completed", by)

    @staticmethod
    @deed()
    def cancel(*, order: Order, by: "User | None", reason: str = CancelReason.CUSTOMER) -> Order:
        """Give back exactly what it still holds.

        While units of it are with the customer, or money for those that came back is with the shop,
        only the rest is given up, for no reason that is kept: the order ends with what went.
        """
        row = _locked(order)
        require("cancel", row.status)
        AllocationService.release(references=[_reference(row)])
        if leaves_something(row):
            return _end_with_what_went(row, by)
        row.cancel_reason, row.cancelled_at, row.expires_at = reason, timezone.now(), None
        _move(row, OrderStatus.CANCELLED, "cancelled", by)
        if row.number:
            announce(OrderCancelled(row.pk, row.vendor_id, row.number, reason))
        return row

    @staticmethod
    @transaction.atomic
    def take_back(
        *, order: Order, returns: Sequence[Returned], by: "User", note: str = "",
        returned_at: datetime | None = None,
    ) -> Order:  # fmt: skip
        """Units of lines come back, into stock or to the write-offs, and money goes back.

        When all have come back the order is returned. Raises `ReturnExceedsLine`,
        `RefundExceedsPaid`, and `InvalidInput` for a time that has not come or is before the sale.
        """
        require_past("returned_at", returned_at)
        _require_returns(returns)
        row = _locked(order)
        require("return", row.status)
        at = returned_at or timezone.now()
        back = OrderReturn.objects.create(order=row, note=note, returned_at=at, created_by=by)
        back.refund = book_return(row, returns, back, by=by)
        back.save(update_fields=["refund"])
        row.refunded += back.refund
        _move(row, _unless_all_is_back(row, row.status), "took back units of", by)
        announce(OrderReturned(row.pk, row.vendor_id, str(row.number), back.refund, row.currency))
        return row

    @staticmethod
    def expire() -> int:
        """Cancel what nobody confirmed in time; returns how many. For the schedule.

        One that cannot be cancelled now is told in the log and keeps none of the others.
        """
        late = Order.objects.filter(status=OrderStatus.PENDING, expires_at__lte=timezone.now())
        return sum(_expire(key) for key in late.order_by("pk").values_list("pk", flat=True))


def _expire(key: int) -> bool:
    """False when somebody was quicker, or it failed."""
    try:
        with transaction.atomic():
            row = Order.objects.select_for_update(no_key=True).get(pk=key)
            late = row.status == OrderStatus.PENDING
            if late:
                OrderService.cancel(order=row, by=None, reason=CancelReason.EXPIRED)
            return late
    except (AppException, DatabaseError) as error:
        # Its name alone: what PostgreSQL says may quote the row.
        _log.error("order_not_expired", order=key, error=type(error).__name__)
        return False


def _locked(order: Order) -> Order:
    rows = Order.objects.select_for_update(of=["self"], no_key=True)
    return get_row(rows.select_related("vendor", "store"), order.pk)


def _patience(vendor_id: int) -> timedelta:
    """How long stock is held for an order that nobody confirms."""
    return timedelta(minutes=get_shop_settings(vendor_id).order_expiry_minutes)


def _lines(order: Order) -> list[OrderLine]:
    """As they are now, under the order's lock."""
    return list(order.lines.select_related("item", "lot").order_by("pk"))


def _redraft(order: Order, wanted: Sequence[Wanted] | None, changed: Changes) -> None:
    """The lines anew, or the same at the order's new terms."""
    if wanted is not None:
        drafted = priced_lines(order, wanted)
        order.lines.all().delete()
        OrderLine.objects.bulk_create(drafted)
    elif "currency" in changed and order.lines.exists():
        text = _("Prices are in the old currency: give the lines again.")
        raise InvalidInput.of("currency", text, "mixed_currencies")
    elif {"discount", "store"} & changed.keys():
        reprice(order)


def _lock_stock(lines: Sequence[OrderLine]) -> None:
    """Before the number is taken, which comes before any stock is moved: see `next_number`."""
    try:
        StockService.lock(items=[line.item for line in lines])
    except NotFoundError as gone:
        deleted = [place for place, line in enumerate(lines) if line.item.is_deleted]
        raise ItemDeleted(next(iter(deleted), 0)) from gone


def _reference(order: Order) -> str:
    """By what name stock is held for the order."""
    return f"order {order.pk}"


def _held(order: Order, line: OrderLine, quantity: int) -> Line:
    return Line(line.item, order.store, quantity)


def _require_placed_before(order: Order, moment: datetime | None) -> None:
    if moment and order.placed_at and moment < order.placed_at:
        text = _("The order was not placed yet.")
        raise InvalidInput.of("fulfilled_at", text, "before_order")


def _parts(lines: Sequence[OrderLine], units: dict[int, int] | None) -> list[Part]:
    rest = {line.pk: line.wanted - line.fulfilled for line in lines}
    wanted = rest if units is None else units
    require_some("lines", wanted)
    if wanted.keys() - rest.keys():
        raise NotFoundError
    for key, quantity in (units or {}).items():
        if quantity > rest[key]:
            raise ExceedsOrder(key, rest[key])
        require_valid(OrderLine, {"quantity": quantity}, "lines")
    return [Part(line, wanted[line.pk]) for line in lines if wanted.get(line.pk)]


def _require_returns(returns: Sequence[Returned]) -> None:
    require_some("lines", returns)
    for place, each in enumerate(returns):
        require_valid(OrderLine, {"quantity": each.quantity}, f"lines.{place}.{{}}")
        require_valid(OrderReturn, {"refund": each.refund}, f"lines.{place}.{{}}")


def _end_with_what_went(order: Order, by: "User | None") -> Order:
    """Fulfilled, or returned where all that went is back."""
    before = order.total
    give_up_rest(order)
    order.fulfilled_at = _sent_at(order)
    status = _unless_all_is_back(order, OrderStatus.FULFILLED)
    return _move(order, status, "gave up the rest of", by, total=before)


def _sent_at(order: Order) -> datetime:
    """When the latest parcel went, whichever was recorded last."""
    at: datetime = order.fulfilments.latest("fulfilled_at").fulfilled_at
    return at


def _unless_all_is_back(order: Order, status: str) -> str:
    """The status of an order of which units are out or to go, else that it is returned."""
    everything = all(line.returned == line.wanted for line in _lines(order))
    return OrderStatus.RETURNED if everything else status


def _move(order: Order, status: str, verb: str, by: "User | None", **was: Decimal) -> Order:
    """Into the status, with a version of its own and an audit entry; `was` is what else was
    different before."""
    before, order.status = order.status, OrderStatus(status)
    order.updated_by = by
    order.save()
    said = {"status": status, "total": order.total, "refunded": order.refunded}
    log_audit(
        AuditType.SALES, by, f"{verb} order {order}", obj=order, before={"status": before, **was},
        after=said,
    )  # fmt: skip
    return order
