"""Orders and their lines, and the journal of what was sold.

An order says what was agreed; the journal says what happened, and is never changed. What lines
tell of fulfilment, cost and profit is derived from it by the database itself.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import CheckConstraint, F, Index, Prefetch, Q, UniqueConstraint
from django.db.models.functions import Now
from django.utils import timezone

from core.fields import CurrencyField
from core.models import AuditedModel, TimeStampedQuerySet
from core.money import ZERO, percentage
from core.triggers import counts_changes
from sales.enums import SOLD, CancelReason, EntryKind, OrderStatus
from sales.triggers import APPEND_ONLY, BOOKED, DERIVED, NUMBER_STAYS, NUMBERED_STAYS
from vendors.selectors import get_vendor_ids

if TYPE_CHECKING:
    from users.models import User

MAX_UNITS = 1_000_000_000
MAX_SKU = 100  # as of items


def _money(**options: Any) -> models.DecimalField[Any, Any]:
    """An amount to the cent."""
    return models.DecimalField(max_digits=20, decimal_places=2, **{"default": ZERO, **options})


def _given(**options: Any) -> models.DecimalField[Any, Any]:
    """An amount that somebody gives: not negative."""
    return models.DecimalField(
        max_digits=14, decimal_places=2, validators=[MinValueValidator(ZERO)],
        **{"default": ZERO, **options},
    )  # fmt: skip


class OrderQuerySet(TimeStampedQuerySet["Order"]):
    def visible_to(self, user: User) -> OrderQuerySet:
        return self.of_vendors(get_vendor_ids(user))

    def sold(self) -> OrderQuerySet:
        """What is with the customer, or was."""
        return self.filter(status__in=SOLD).having("placed_at")

    def search(self, text: str) -> OrderQuerySet:
        """By number, or by the customer's name or address."""
        return self.filter(
            Q(number__icontains=text)
            | Q(customer__name__icontains=text)
            | Q(customer__email__icontains=text)
        )

    def with_item(self, item_id: int) -> OrderQuerySet:
        """Those with a line of it."""
        rows = self.filter(pk__in=OrderLine.objects.filter(item=item_id).values("order"))
        return rows.having_one("lines__item", [item_id])

    def with_details(self) -> Self:
        """Each with all that its representation needs: four more queries, however many orders."""
        return self.prefetch_related(*order_details())


class OrdersOfOneQuerySet(OrderQuerySet):
    """Of one customer: who ordered is known, so nothing but a number is looked for."""

    def search(self, text: str) -> OrdersOfOneQuerySet:
        return self.filter(number__icontains=text)


def order_details() -> list[Prefetch[str, Any, str]]:
    """What hangs on an order, each in the order in which it was written."""
    rows = {
        "lines": OrderLine.objects.all(),
        "entries": SalesEntry.objects.all(),
        "fulfilments": Fulfilment.objects.all(),
        "returns": OrderReturn.objects.all(),
    }
    return [Prefetch(name, each.order_by("pk")) for name, each in rows.items()]


class Order(AuditedModel):
    """What somebody buys. `subtotal`, `tax` and `total` follow from its lines and `discount`."""

    vendor = models.ForeignKey(
        "vendors.Vendor", on_delete=models.PROTECT, related_name="orders", db_index=False
    )
    number = models.CharField(max_length=20, null=True, editable=False, help_text="Once placed.")
    status = models.CharField(
        max_length=9, choices=OrderStatus.choices, default=OrderStatus.DRAFT, editable=False
    )
    customer = models.ForeignKey(
        "sales.Customer", on_delete=models.SET_NULL, null=True, blank=True, related_name="orders",
        db_index=False,
    )  # fmt: skip
    store = models.ForeignKey(
        "vendors.VendorStore", on_delete=models.PROTECT, related_name="+",
        help_text="Where the units are taken from.",
    )  # fmt: skip
    currency = CurrencyField()
    channel = models.CharField(max_length=40, blank=True, help_text="Where it was sold: eBay.")
    notes = models.TextField(max_length=2000, blank=True)
    is_gift = models.BooleanField(default=False)
    gift_message = models.TextField(max_length=500, blank=True)
    preferred_delivery_date = models.DateField(null=True, blank=True)

    discount = _given(help_text="Off the whole order, besides what is off its lines.")
    subtotal = _money(editable=False, help_text="Of the lines, less what is off each.")
    tax = _money(editable=False)
    total = _money(editable=False, help_text="What the customer pays.")
    refunded = _money(editable=False)
    fees = _given(help_text="What the marketplace keeps.")
    postage = _given(help_text="What sending cost the shop.")

    cancel_reason = models.CharField(
        max_length=14, choices=CancelReason.choices, blank=True, editable=False
    )
    placed_at = models.DateTimeField(null=True, editable=False)
    expires_at = models.DateTimeField(null=True, editable=False)
    confirmed_at = models.DateTimeField(null=True, editable=False)
    fulfilled_at = models.DateTimeField(null=True, editable=False)
    completed_at = models.DateTimeField(null=True, editable=False)
    cancelled_at = models.DateTimeField(null=True, editable=False)

    objects = models.Manager.from_queryset(OrderQuerySet)()

    class Meta:
        constraints = [
            UniqueConstraint(fields=["vendor", "number"], name="order_number_once"),
            CheckConstraint(
                condition=Q(total=F("subtotal") - F("discount") + F("tax")), name="order_adds_up"
            ),
            CheckConstraint(
                condition=Q(
                    discount__gte=0, discount__lte=F("subtotal"), tax__gte=0, fees__gte=0,
                    postage__gte=0, refunded__gte=0, refunded__lte=F("total"),
                ),
                name="order_sane",
            ),
            CheckConstraint(
                condition=Q(number=None, status__in=[OrderStatus.DRAFT, OrderStatus.CANCELLED])
                | Q(number__isnull=False, placed_at__isnull=False),
                name="order_placed_has_number",
            ),
        ]  # fmt: skip
        indexes = [
            Index(fields=["vendor", "-created_at", "-id"], name="order_newest"),
            Index(fields=["vendor", "-placed_at", "-id"], name="order_placed_newest"),
            Index(fields=["vendor", "total", "id"], name="order_by_total"),
            Index(fields=["vendor", "status", "-created_at", "-id"], name="order_of_status"),
            Index(fields=["vendor", "-placed_at", "-id"], condition=Q(status__in=SOLD),
                  name="order_sold_newest"),
            Index(fields=["customer", "-created_at", "-id"], name="order_of_customer"),
            Index(fields=["expires_at"], condition=Q(status=OrderStatus.PENDING),
                  name="order_expiring"),
        ]  # fmt: skip
        triggers = [counts_changes(), NUMBERED_STAYS, NUMBER_STAYS]

    def __str__(self) -> str:
        return self.number or f"Draft {self.pk}"

    @property
    def cost(self) -> Decimal | None:
        """Of what was sold; None where nothing was, or where a line's is not known."""
        sold = [line.known_cost for line in self.lines.all() if line.fulfilled]
        known = [cost for cost in sold if cost is not None]
        return sum(known, ZERO) if sold and known == sold else None

    @property
    def revenue(self) -> Decimal:
        """Of what was sold, without tax, less what was paid back."""
        return sum((line.revenue for line in self.lines.all()), ZERO)

    @property
    def profit(self) -> Decimal | None:
        """None where the cost is."""
        cost = self.cost
        return None if cost is None else self.revenue - cost - self.fees - self.postage

    @property
    def margin(self) -> Decimal | None:
        return percentage(self.profit, self.revenue)

    @property
    def net_proceeds(self) -> Decimal | None:
        """What the shop keeps, with tax; None of what has not been sold."""
        kept = self.total - self.refunded - self.fees - self.postage
        return kept if self.status in SOLD else None


class OrderLine(models.Model):
    """So many units of an item at a price. `discount` is off the line, `order_discount` its share
    of what is off the order; `tax` is on what is left."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    item = models.ForeignKey("inventory.Collectible", on_delete=models.PROTECT, related_name="+")
    lot = models.ForeignKey(
        "inventory.StockLot", on_delete=models.PROTECT, null=True, related_name="+",
        db_index=False, help_text="The lot to take; else the oldest.",
    )  # fmt: skip
    sku = models.CharField(max_length=MAX_SKU, help_text="As it was then.")
    name = models.CharField(max_length=255, help_text="As it was then.")
    quantity = models.PositiveIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(MAX_UNITS)]
    )
    cancelled = models.PositiveIntegerField(
        default=0, editable=False, help_text="Units of these that were given up."
    )
    unit_price = _given()
    discount = _given()
    order_discount = _money()
    tax_rate = models.DecimalField(
        max_digits=5, decimal_places=2, default=ZERO,
        validators=[MinValueValidator(ZERO), MaxValueValidator(Decimal(100))],
        help_text="Percent.",
    )  # fmt: skip
    tax = _money()

    # Derived from the journal.
    fulfilled = models.PositiveIntegerField(default=0, editable=False)
    returned = models.PositiveIntegerField(default=0, editable=False)
    revenue = _money(editable=False, help_text="Without tax, less what was paid back.")
    refunded = _money(editable=False)
    cost = _money(null=True, editable=False, help_text="None: bought in another currency.")
    fees = _money(editable=False)
    postage = _money(editable=False)

    class Meta:
        constraints = [
            CheckConstraint(
                condition=Q(quantity__gt=0, returned__lte=F("fulfilled"))
                & Q(fulfilled__lte=F("quantity") - F("cancelled")),
                name="order_line_units",
            ),
            CheckConstraint(
                condition=Q(
                    unit_price__gte=0, discount__gte=0, order_discount__gte=0, tax_rate__gte=0,
                    tax__gte=0, revenue__gte=0, refunded__gte=0,
                    discount__lte=(F("quantity") - F("cancelled")) * F("unit_price")
                    - F("order_discount"),
                ),
                name="order_line_sane",
            ),
        ]  # fmt: skip
        triggers = [DERIVED]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.sku}"

    @property
    def wanted(self) -> int:
        """Units that went or are still to go: all but what was given up."""
        return self.quantity - self.cancelled

    @property
    def net(self) -> Decimal:
        """What the customer pays for it, without tax."""
        return self.wanted * self.unit_price - self.discount - self.order_discount

    @property
    def total(self) -> Decimal:
        return self.net + self.tax

    @property
    def known_cost(self) -> Decimal | None:
        """Of what was sold. None where nothing was, and where it is not known in the order's
        currency."""
        return self.cost if self.fulfilled else None

    @property
    def profit(self) -> Decimal | None:
        """None where the cost is."""
        cost = self.known_cost
        return None if cost is None else self.revenue - cost - self.fees - self.postage

    @property
    def margin(self) -> Decimal | None:
        return percentage(self.profit, self.revenue)


class OrderSequence(models.Model):
    """The last number that a shop gave to an order in a year. Its row is their lock: no gaps."""

    vendor = models.ForeignKey(
        "vendors.Vendor", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField()

    class Meta:
        constraints = [UniqueConstraint(fields=["vendor", "year"], name="order_sequence_once")]

    def __str__(self) -> str:
        return f"{self.year}: {self.last}"


class Fulfilment(models.Model):
    """Units of an order that left together."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="fulfilments")
    carrier = models.CharField(max_length=60, blank=True)
    tracking_number = models.CharField(max_length=100, blank=True)
    fulfilled_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    def __str__(self) -> str:
        return f"{self.fulfilled_at:%Y-%m-%d}"


class OrderReturn(models.Model):
    """Units of an order that came back together, and what was paid back for them, with tax."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="returns")
    refund = _money(validators=[MinValueValidator(ZERO)])
    note = models.CharField(max_length=500, blank=True)
    returned_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    def __str__(self) -> str:
        return f"{self.returned_at:%Y-%m-%d}"


class SalesEntry(models.Model):
    """One entry of the sales journal: units of one lot that were sold or came back, or what
    selling cost. `revenue` is without tax; all amounts are in the order's currency.

    Returns are negative. `cost` is the ledger's, None where the lot was bought in another currency.
    """

    vendor = models.ForeignKey(
        "vendors.Vendor", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="entries")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=6, choices=EntryKind.choices)
    units = models.IntegerField(default=0)
    revenue = _money()
    tax = _money()
    cost = _money(null=True)
    fees = _money()
    postage = _money()
    movement = models.OneToOneField(
        "inventory.StockMovement", on_delete=models.PROTECT, null=True, related_name="+"
    )
    origin = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="answers",
        help_text="The sale that a return gives back.",
    )  # fmt: skip
    # Read with all entries of their order.
    fulfilment = models.ForeignKey(
        Fulfilment, on_delete=models.PROTECT, null=True, related_name="entries", db_index=False
    )
    order_return = models.ForeignKey(
        OrderReturn, on_delete=models.PROTECT, null=True, related_name="entries", db_index=False
    )
    occurred_at = models.DateTimeField(default=timezone.now)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name_plural = "sales entries"
        constraints = [
            CheckConstraint(
                condition=Q(
                    kind=EntryKind.SALE, units__gt=0, revenue__gte=0, tax__gte=0,
                    fulfilment__isnull=False, movement__isnull=False,
                )
                | Q(
                    kind=EntryKind.RETURN, units__lt=0, revenue__lte=0, tax__lte=0,
                    order_return__isnull=False, origin__isnull=False, movement__isnull=False,
                )
                | Q(kind=EntryKind.CHARGE, units=0, revenue=0, tax=0, cost=0, movement=None),
                name="sales_entry_of_kind",
            ),
        ]  # fmt: skip
        indexes = [
            Index(fields=["vendor", "occurred_at"], name="sales_entry_by_day"),
            Index(fields=["vendor"], condition=Q(kind=EntryKind.SALE, cost=None),
                  name="sales_entry_uncosted"),
        ]  # fmt: skip
        triggers = [APPEND_ONLY, BOOKED]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.units:+}"
