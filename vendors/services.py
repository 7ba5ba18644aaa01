"""Writing: shops and their stores."""

from typing import TYPE_CHECKING, TypedDict, Unpack

from django.db import IntegrityError, transaction

from core.audit import fields_of, log_audit
from core.enums import AuditType
from core.exceptions import NotFoundError
from core.writing import free_slug, save_changes
from vendors.enums import StoreType
from vendors.models import Vendor, VendorStore

if TYPE_CHECKING:
    from users.models import User


class VendorDetails(TypedDict, total=False):
    description: str
    contact_info: str
    currency: str
    is_active: bool


class VendorChanges(VendorDetails, total=False):
    name: str


class VendorService:
    @staticmethod
    @transaction.atomic
    def create(*, name: str, owner: "User", **details: Unpack[VendorDetails]) -> Vendor:
        """A new shop with its default store. The slug is made from the name."""
        vendor = Vendor(name=name, owner=owner, created_by=owner, updated_by=owner, **details)
        _insert(vendor)
        VendorService.open_default_store(vendor=vendor, by=owner)
        action = f"opened shop “{vendor.name}”"
        log_audit(AuditType.VENDOR, owner, action, obj=vendor, after=fields_of(vendor))
        return vendor

    @staticmethod
    @transaction.atomic
    def open_default_store(*, vendor: Vendor, by: "User") -> VendorStore:
        """The vendor's default store; made when there is none."""
        store: VendorStore | None = VendorStore.objects.filter(
            vendor=vendor, is_default=True
        ).first()
        return store or VendorStore.objects.create(
            vendor=vendor,
            name="Main store",
            slug="main-store",
            type=StoreType.RETAIL,
            currency=vendor.currency,
            is_default=True,
            created_by=by,
            updated_by=by,
        )

    @staticmethod
    @transaction.atomic
    def update(*, vendor: Vendor, by: "User", **changes: Unpack[VendorChanges]) -> Vendor:
        """The slug stays when the name changes: addresses outlive names."""
        row = _locked(vendor)
        if changed := save_changes(row, changes, by=by):
            action = f"changed shop “{row.name}”"
            log_audit(AuditType.VENDOR, by, action, obj=row, **changed.record())
        return row

    @staticmethod
    @transaction.atomic
    def delete(*, vendor: Vendor, by: "User") -> None:
        """Hides the shop with all that belongs to it; staff can restore it."""
        row = _locked(vendor)
        Vendor.objects.filter(pk=row.pk).update(updated_by=by)
        row.delete()
        log_audit(AuditType.VENDOR, by, f"closed shop “{row.name}”", obj=row)


def _insert(vendor: Vendor) -> None:
    """Under the first free slug; again when somebody takes it at the same moment."""
    for attempt in range(1, 6):
        vendor.slug = free_slug(vendor.name, Vendor.objects.all(), fallback="vendor")
        try:
            with transaction.atomic():
                vendor.save()
            return
        except IntegrityError:
            if attempt == 5:
                raise


def _locked(vendor: Vendor) -> Vendor:
    # Without key: what refers to the shop must not wait for it, nor the two for each other.
    rows = Vendor.objects.select_for_update(no_key=True)
    row: Vendor | None = rows.filter(pk=vendor.pk).first()
    if row is None:
        raise NotFoundError
    return row
