"""To whom a shop sells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Index, Q

from core.models import (
    SOFT_CASCADE,
    AuditedModel,
    SoftDeleteManager,
    SoftDeleteModel,
    SoftDeleteQuerySet,
)
from core.triggers import counts_changes
from vendors.selectors import get_vendors_for_user

if TYPE_CHECKING:
    from users.models import User


class CustomerQuerySet(SoftDeleteQuerySet["Customer"]):
    def visible_to(self, user: User) -> CustomerQuerySet:
        return self.filter(vendor__in=get_vendors_for_user(user).order_by())

    def search(self, text: str) -> CustomerQuerySet:
        return self.filter(
            Q(name__icontains=text) | Q(email__icontains=text) | Q(phone__icontains=text)
        )


class Customer(AuditedModel, SoftDeleteModel):
    """Somebody to whom a shop sells. What they bought stays when they are deleted."""

    vendor = models.ForeignKey(
        "vendors.Vendor", on_delete=SOFT_CASCADE, related_name="customers", db_index=False
    )
    name = models.CharField(max_length=120)
    email = models.EmailField(max_length=254, blank=True)
    phone = models.CharField(max_length=32, blank=True)
    address = models.TextField(max_length=1000, blank=True)
    notes = models.TextField(max_length=2000, blank=True)

    objects = SoftDeleteManager.from_queryset(CustomerQuerySet)()  # type: ignore[misc]
    all_objects = models.Manager.from_queryset(CustomerQuerySet)()  # type: ignore[misc]

    class Meta:
        indexes = [Index(fields=["vendor", "name", "id"], name="customer_by_name")]
        triggers = [counts_changes()]

    def __str__(self) -> str:
        """Without the name: this goes into the audit log, which forgets nothing."""
        return f"Customer {self.pk}"
