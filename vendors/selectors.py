"""Reading: whose shop it is."""

from typing import TYPE_CHECKING

from vendors.models import Vendor, VendorQuerySet, VendorStore

if TYPE_CHECKING:
    from users.models import User


def get_vendors_for_user(user: "User") -> VendorQuerySet:
    """The vendors the user may see, oldest first."""
    return Vendor.objects.visible_to(user).order_by("pk")


def get_audited_vendors(user: "User") -> VendorQuerySet:
    """The vendors whose audit log the user may read: the own ones, also when they are closed."""
    vendors: VendorQuerySet = Vendor.all_objects.filter(owner_id=user.pk)
    return vendors


def get_active_vendor(user: "User") -> Vendor | None:
    """The vendor new things go to: the chosen one, else the user's oldest."""
    vendors = get_vendors_for_user(user)
    return vendors.filter(pk=user.active_vendor_id or 0).first() or vendors.first()


def get_default_store(vendor: Vendor) -> VendorStore | None:
    return VendorStore.objects.filter(vendor=vendor, is_default=True).first()


def find_vendor(reference: str) -> Vendor | None:
    """By slug or id, without regard to who asks: for the command line and staff."""
    found = Vendor.objects.filter(slug=reference).first()
    if found is None and reference.isascii() and reference.isdecimal():
        found = Vendor.objects.filter(pk=int(reference)).first()
    return found
