"""To whom a shop sells."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import CheckConstraint, Index, Q
from django.db.models.functions import Upper

from core.models import (
    ALIVE,
    SOFT_CASCADE,
    AuditedModel,
    SoftDeleteManager,
    SoftDeleteModel,
    SoftDeleteQuerySet,
)
from core.triggers import counts_changes
from vendors.selectors import get_vendor_ids

if TYPE_CHECKING:
    from datetime import datetime

    from users.models import User

# What an erased customer is called. Not translated: it is stored once, as a name is, and read by
# people of any language.
ERASED = "Erased customer"


class CustomerQuerySet(SoftDeleteQuerySet["Customer"]):
    def visible_to(self, user: User) -> CustomerQuerySet:
        return self.of_vendors(get_vendor_ids(user))

    def search(self, text: str) -> CustomerQuerySet:
        return self.filter(
            Q(name__icontains=text) | Q(email__icontains=text) | Q(phone__icontains=text)
        )


class Purchases(Protocol):
    """What a customer's orders that were sold come to: one row for all of them."""

    bought_orders: int
    bought_for: Decimal | None
    bought_last: datetime


class Customer(AuditedModel, SoftDeleteModel):
    """Somebody to whom a shop sells. What they bought stays when they are deleted.

    One who was erased is deleted, has nothing left to be known by, and does not come back.
    """

    # Beside what is hidden under any model's name, such as `email`.
    personal = frozenset({"name"})

    vendor = models.ForeignKey(
        "vendors.Vendor", on_delete=SOFT_CASCADE, related_name="customers", db_index=False
    )
    name = models.CharField(max_length=120)
    email = models.EmailField(max_length=254, blank=True)
    phone = models.CharField(max_length=32, blank=True)
    address = models.TextField(max_length=1000, blank=True)
    notes = models.TextField(max_length=2000, blank=True)
    erased_at = models.DateTimeField(null=True, editable=False)

    # At most one; `sales.selectors.with_purchases` looks it up.
    purchases: list[Purchases]

    objects = SoftDeleteManager.from_queryset(CustomerQuerySet)()  # type: ignore[misc]
    all_objects = models.Manager.from_queryset(CustomerQuerySet)()  # type: ignore[misc]

    class Meta:
        constraints = [
            CheckConstraint(
                condition=Q(erased_at=None) | Q(is_deleted=True), name="customer_erased_is_deleted"
            )
        ]
        indexes = [
            Index(fields=["vendor", "name", "id"], condition=ALIVE, name="customer_by_name"),
            Index(fields=["vendor", "created_at", "id"], condition=ALIVE, name="customer_newest"),
            Index(
                fields=["vendor", "name", "id"], condition=Q(is_deleted=True),
                name="customer_deleted",
            ),
            Index("vendor", Upper("email"), name="customer_by_email"),
            GinIndex(
                *(OpClass(Upper(name), name="gin_trgm_ops") for name in ("name", "email", "phone")),
                name="customer_search",
            ),
        ]  # fmt: skip
        triggers = [counts_changes()]

    def __str__(self) -> str:
        """Without the name: this goes into the audit log, which forgets nothing."""
        return f"Customer {self.pk}"

    @property
    def orders_count(self) -> int:
        """Orders that were sold, also if all came back."""
        return sum(each.bought_orders for each in self.purchases)

    @property
    def total_spent(self) -> Decimal:
        """On those in the shop's currency, less what was paid back."""
        return sum((each.bought_for or Decimal(0) for each in self.purchases), Decimal(0))

    @property
    def last_order_at(self) -> datetime | None:
        return max((each.bought_last for each in self.purchases), default=None)
