from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import UniqueConstraint

from core.fields import CurrencyField, NameSlugField
from core.models import (
    ALIVE,
    SOFT_CASCADE,
    AuditedModel,
    SoftDeleteManager,
    SoftDeleteModel,
    SoftDeleteQuerySet,
)
from vendors.enums import StoreType

if TYPE_CHECKING:
    from users.models import User


class VendorQuerySet(SoftDeleteQuerySet["Vendor"]):
    def visible_to(self, user: "User") -> "VendorQuerySet":
        return self.filter(owner_id=user.pk, is_deleted=False)

    def search(self, text: str) -> "VendorQuerySet":
        return self.filter(name__icontains=text)


class Vendor(AuditedModel, SoftDeleteModel):
    """A shop: the tenant to whom items, stores and customers belong."""

    name = models.CharField(max_length=120)
    slug = NameSlugField()
    description = models.TextField(blank=True, max_length=5000)
    contact_info = models.TextField(blank=True, max_length=1000)
    currency = CurrencyField()
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="vendors"
    )
    is_active = models.BooleanField(default=True)

    objects = SoftDeleteManager.from_queryset(VendorQuerySet)()  # type: ignore[misc]
    all_objects = models.Manager.from_queryset(VendorQuerySet)()  # type: ignore[misc]

    class Meta:
        constraints = [
            UniqueConstraint(fields=["slug"], condition=ALIVE, name="vendor_slug_unique")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def audited_vendor_id(self) -> int:
        return int(self.pk)


class VendorStore(AuditedModel, SoftDeleteModel):
    """A place where a vendor keeps stock; every vendor has one default store."""

    vendor = models.ForeignKey(Vendor, on_delete=SOFT_CASCADE, related_name="stores")
    name = models.CharField(max_length=120)
    slug = NameSlugField()
    type = models.CharField(max_length=10, choices=StoreType.choices, default=StoreType.RETAIL)
    address = models.TextField(blank=True, max_length=1000)
    currency = CurrencyField()
    is_active = models.BooleanField(default=True)
    is_default = models.BooleanField(default=False)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["vendor", "slug"], condition=ALIVE, name="store_slug_unique"),
            UniqueConstraint(
                fields=["vendor"],
                condition=ALIVE & models.Q(is_default=True),
                name="store_one_default",
            ),
        ]

    def __str__(self) -> str:
        return self.name
