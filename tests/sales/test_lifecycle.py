"""Every verb in every status: in its turn it does one thing, out of turn nothing at all."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from core.enums import AuditType
from core.exceptions import NotFoundError
from core.models import AuditLog
from sales.enums import CancelReason, OrderStatus
from sales.events import OrderCancelled, OrderPlaced, OrderReturned
from sales.exceptions import InvalidTransition, OrderExpired
from sales.lifecycle import allowed
from sales.models import Order
from sales.services import OrderService, Returned, Wanted
from sales.tasks import expire_orders
from tests.sales.till import D, Till, lines_of

pytestmark = pytest.mark.django_db
SAID = "Happy birthday, Phileas!"
VERBS: dict[str, Callable[[Till, Order], Any]] = {
    "change": lambda till, order: OrderService.update(order=order, by=till.user, discount=D(1)),
    "delete": lambda till, order: OrderService.delete(order=order, by=till.user),
    "place": lambda till, order: OrderService.place(order=order, by=till.user),
    "confirm": lambda till, order: OrderService.confirm(order=order, by=till.user),
    "fulfil": lambda till, order: OrderService.fulfil(order=order, by=till.user),
    "complete": lambda till, order: OrderService.complete(order=order, by=till.user),
    "cancel": lambda till, order: OrderService.cancel(order=order, by=till.user),
    "return": lambda till, order: OrderService.take_back(
        order=order, by=till.user, note=SAID, returns=[Returned(lines_of(order)[0], 2)]
    ),
}
# What leads where. Of what was sent in part see test_returns and test_remainder.
LEADS = {
    ("draft", "change"): "draft",
    ("draft", "delete"): None,
    ("draft", "place"): "pending",
    ("draft", "cancel"): "cancelled",
    ("pending", "confirm"): "confirmed",
    ("pending", "cancel"): "cancelled",
    ("confirmed", "fulfil"): "fulfilled",
    ("confirmed", "cancel"): "cancelled",
    ("fulfilled", "complete"): "completed",
    ("fulfilled", "return"): "returned",
    ("completed", "return"): "returned",
}
WAY = {
    "draft": [],
    "pending": ["place"],
    "confirmed": ["place", "confirm"],
    "fulfilled": ["place", "confirm", "fulfil"],
    "completed": ["place", "confirm", "fulfil", "complete"],
    "cancelled": ["place", "cancel"],
    "returned": ["place", "confirm", "fulfil", "return"],
}


def order_in(till: Till, status: str) -> Order:
    line = Wanted(till.item(5, "1.10"), 2)
    order = till.draft(line, customer=till.customer(), gift_message=SAID, notes=SAID, is_gift=True)
    for verb in WAY[status]:
        VERBS[verb](till, order)
    return refreshed(order)


def refreshed(order: Order) -> Order:
    order.refresh_from_db()
    return order


OUT_OF_TURN = [
    (status, verb)
    for status in OrderStatus.values
    for verb in VERBS
    if (status, verb) not in {*LEADS, ("confirmed", "return")}
]


@pytest.mark.parametrize(("status", "verb"), OUT_OF_TURN)
def test_verb_out_of_turn_changes_nothing(till: Till, status: str, verb: str) -> None:
    order = order_in(till, status)
    assert order.status == status
    before = till.world()
    with pytest.raises(InvalidTransition) as refused:
        VERBS[verb](till, order)
    assert refused.value.extra == {"verb": verb, "order_status": status}
    assert till.world() == before


@pytest.mark.parametrize(("status", "verb", "after"), [(*key, to) for key, to in LEADS.items()])
def test_verb_in_its_turn_leads_on_and_is_told_once(
    till: Till, status: str, verb: str, after: str | None
) -> None:
    order = order_in(till, status)
    seen = set(AuditLog.objects.values_list("pk", flat=True))
    VERBS[verb](till, order)
    assert list(Order.objects.filter(pk=order.pk).values_list("status", flat=True)) == (
        [after] if after else []
    )
    row = AuditLog.objects.exclude(pk__in=seen).get()
    assert (row.type, row.object_id, row.vendor_id) == (
        AuditType.SALES, str(order.pk), till.vendor.pk
    )  # fmt: skip
    if verb not in {"change", "delete"}:
        assert (row.before["status"], row.after["status"]) == (status, after)


@pytest.mark.parametrize("status", OrderStatus.values)
def test_allowed_verbs_are_those_that_do_something(status: str) -> None:
    turns = [verb for verb in VERBS if (status, verb) in LEADS]
    assert allowed(status) == turns + ["return"] * (status == "confirmed")


def test_nothing_personal_is_kept_for_ever(till: Till) -> None:
    order = order_in(till, "returned")
    OrderService.update(order=order, by=till.user, notes=f"{SAID} Ada Fogg", gift_message="x")
    till.sold(Wanted(till.item(1), 1), customer=order.customer, notes=SAID, gift_message=SAID)
    kept = list(AuditLog.objects.filter(type=AuditType.SALES).values())
    assert len(kept) == 7
    for word in ("Ada", "Fogg", "ada@example.com", "birthday"):
        assert word not in str(kept)


def test_audit_says_what_a_change_did_to_the_total(till: Till) -> None:
    item = till.item()
    order = till.draft(Wanted(item, 2, D(10)))
    OrderService.update(order=order, by=till.user, lines=[Wanted(item, 3, D(10))])
    row = AuditLog.objects.latest("pk")
    assert (row.before, row.after) == ({"total": "20.00"}, {"total": "30.00"})


def test_change_that_changes_nothing_leaves_nothing(till: Till) -> None:
    order = order_in(till, "draft")
    before = till.world()
    OrderService.update(order=order, by=till.user, notes=SAID, discount=D(0))
    assert till.world() == before


@pytest.mark.parametrize("status", OrderStatus.values)
def test_what_changes_no_price_can_be_said_at_any_time(till: Till, status: str) -> None:
    order = order_in(till, status)
    told: dict[str, Any] = {"channel": "eBay", "notes": "x", "gift_message": "", "is_gift": False}
    after = OrderService.update(order=order, by=till.user, **told)
    assert {name: getattr(refreshed(after), name) for name in told} == told
    assert after.version == order.version + 1


@pytest.mark.parametrize("status", [status for status in OrderStatus if status != "draft"])
def test_terms_stay_once_an_order_is_placed(till: Till, status: str) -> None:
    order = order_in(till, status)
    before = till.world()
    item = till.item()
    stall = type(till.store).objects.create(vendor=till.vendor, name="Stall", slug="stall")
    changes: list[dict[str, Any]] = [
        {"discount": D(1)}, {"customer": None}, {"currency": "JPY"}, {"store": stall},
        {"lines": [Wanted(item, 1)]}, {"lines": []}, {"notes": "x", "discount": D(1)},
    ]  # fmt: skip
    for change in changes:
        with pytest.raises(InvalidTransition):
            OrderService.update(order=order, by=till.user, **change)
    assert till.world() == before


def test_order_that_expired_is_not_confirmed_but_cancelled_by_the_clock(till: Till) -> None:
    late, early = order_in(till, "pending"), order_in(till, "pending")
    draft = order_in(till, "draft")
    Order.objects.filter(pk=late.pk).update(expires_at=timezone.now())
    with pytest.raises(OrderExpired):
        OrderService.confirm(order=late, by=till.user)
    item = lines_of(late)[0].item
    assert till.level(item) == (5, 2)
    expire_orders()
    assert (refreshed(late).status, late.cancel_reason) == ("cancelled", CancelReason.EXPIRED)
    assert (late.expires_at, till.level(item)) == (None, (5, 0))
    row = AuditLog.objects.latest("pk")
    assert (row.user, row.before, row.after["status"]) == (
        "system", {"status": "pending"}, "cancelled"
    )  # fmt: skip
    assert (refreshed(early).status, refreshed(draft).status) == ("pending", "draft")
    before = till.world()
    assert OrderService.expire() == 0
    assert till.world() == before


def test_confirmed_order_does_not_expire(till: Till) -> None:
    order = order_in(till, "confirmed")
    assert order.expires_at is None
    Order.objects.filter(pk=order.pk).update(expires_at=timezone.now() - timedelta(days=1))
    assert OrderService.expire() == 0
    assert refreshed(order).status == "confirmed"


def test_what_was_deleted_meanwhile_is_not_found(till: Till) -> None:
    order = order_in(till, "draft")
    OrderService.delete(order=Order.objects.get(pk=order.pk), by=till.user)
    for verb, deed in VERBS.items():
        if verb != "return":
            with pytest.raises(NotFoundError):
                deed(till, order)


@pytest.mark.parametrize("reason", CancelReason.values)
def test_others_hear_of_it_after_the_commit(
    till: Till, reason: str, heard: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    order = order_in(till, "draft")
    with django_capture_on_commit_callbacks(execute=True):
        order = OrderService.place(order=order, by=till.user)
        OrderService.cancel(order=order, by=till.user, reason=reason)
        OrderService.cancel(order=order_in(till, "draft"), by=till.user)
        assert heard == []
    number, vendor = str(order.number), till.vendor.pk
    assert heard == [
        OrderPlaced(order.pk, vendor, number, Decimal("20.00"), "USD"),
        OrderCancelled(order.pk, vendor, number, reason),
    ]
    with django_capture_on_commit_callbacks(execute=True):
        returned = order_in(till, "returned")
    assert heard[-1] == OrderReturned(
        returned.pk, vendor, str(returned.number), Decimal("20.00"), "USD"
    )
