"""Writing: shops."""

from typing import TYPE_CHECKING, TypedDict, Unpack

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from core.audit import fields_of, log_audit
from core.enums import AuditType
from core.exceptions import ForbiddenError, InvalidInput, NotFoundError
from core.reading import get_row
from core.writing import free_slug, insert_with_slug, save_changes
from vendors.enums import InviteStatus, StoreType
from vendors.models import (
    OF_THE_SHOP,
    MemberQuerySet,
    StoreChoice,
    Vendor,
    VendorMember,
    VendorStore,
)
from vendors.roles import Role
from vendors.selectors import get_platform_settings
from vendors.services.people import lock_living

if TYPE_CHECKING:
    from users.models import User


class VendorDetails(TypedDict, total=False):
    description: str
    contact_info: str
    currency: str
    is_active: bool
    require_if_match: bool


class VendorChanges(VendorDetails, total=False):
    name: str


class VendorService:
    @staticmethod
    def lock(*, row: Vendor) -> Vendor:
        """Raises `NotFoundError` when it was closed meanwhile."""
        return locked_vendor(row)

    @staticmethod
    @transaction.atomic
    def create(*, name: str, owner: "User", **details: Unpack[VendorDetails]) -> Vendor:
        """A new shop with its default store. The slug is made from the name.

        Its currency and If-Match rule are the platform's unless told. Raises `ForbiddenError` for
        an owner whose account has ended meanwhile.
        """
        if owner.pk not in lock_living(owner.pk):
            raise ForbiddenError
        platform = get_platform_settings()
        settled = {name: getattr(platform, name) for name in OF_THE_SHOP}
        vendor = Vendor(
            name=name, owner=owner, created_by=owner, updated_by=owner, **{**settled, **details}
        )
        insert_with_slug(
            vendor, Vendor.objects.all(), fallback="vendor", constraint="vendor_slug_unique"
        )
        VendorService.open_default_store(vendor=vendor, by=owner)
        action = f"opened shop “{vendor.name}”"
        log_audit(AuditType.VENDOR, owner, action, obj=vendor, after=fields_of(vendor))
        return vendor

    @staticmethod
    @transaction.atomic
    def open_default_store(*, vendor: Vendor, by: "User | None") -> VendorStore:
        """The vendor's default store; made when there is none, by whoever comes first."""
        stores = VendorStore.objects.filter(vendor=vendor)
        known = stores.filter(is_default=True)
        if store := known.first():
            return store
        row = locked_vendor(vendor)  # as for any other store: of two none is refused
        return known.first() or VendorStore.objects.create(
            vendor=row,
            name="Main store",
            slug=free_slug("Main store", stores, fallback="store"),
            type=StoreType.RETAIL,
            currency=row.currency,
            is_default=True,
            created_by=by,
            updated_by=by,
        )

    @staticmethod
    @transaction.atomic
    def update(*, vendor: Vendor, by: "User", **changes: Unpack[VendorChanges]) -> Vendor:
        """The slug stays when the name changes: addresses outlive names."""
        row = locked_vendor(vendor)
        if changed := save_changes(row, changes, by=by):
            action = f"changed shop “{row.name}”"
            log_audit(AuditType.VENDOR, by, action, obj=row, **changed.record())
        return row

    @staticmethod
    @transaction.atomic
    def delete(*, vendor: Vendor, by: "User") -> None:
        """Hides the shop with all that belongs to it; staff can restore it."""
        row = locked_vendor(vendor)
        Vendor.objects.filter(pk=row.pk).update(updated_by=by)
        row.delete()
        log_audit(AuditType.VENDOR, by, f"closed shop “{row.name}”", obj=row)

    @staticmethod
    @transaction.atomic
    def restore(*, vendor: Vendor, by: "User") -> None:
        """Opens the shop again, with all that was hidden along.

        Raises `InvalidInput` when the account of its owner was deleted: an open shop has one.
        """
        living = lock_living(vendor.owner_id, paused_too=True)
        row = get_row(Vendor.all_objects.select_for_update(no_key=True), vendor.pk)
        if row.is_deleted:
            if row.owner_id not in living:
                text = _("The account of its owner was deleted: choose another owner first.")
                raise InvalidInput.of("owner", text, "does_not_exist")
            Vendor.all_objects.filter(pk=row.pk).restore(updated_by=by)
            log_audit(AuditType.VENDOR, by, f"opened shop “{row.name}” again", obj=row)

    @staticmethod
    @transaction.atomic
    def transfer(*, vendor: Vendor, user_id: int, by: "User") -> Vendor:
        """The member becomes the owner, and the owner an administrator.

        Raises `InvalidInput` for who does not work there, `NotFoundError` for who owns it no more.
        """
        living = lock_living(by.pk, user_id)
        row = locked_vendor(vendor)
        if row.owner_id != by.pk or by.pk not in living:
            raise NotFoundError
        members = VendorMember.objects.working().select_for_update(of=["self"])
        member = members.filter(vendor=row, user_id__in=living & {user_id}).first()
        if member is None:
            text = _("Only somebody who works in the shop can become its owner.")
            raise InvalidInput.of("user", text, "does_not_exist")
        member.delete()
        changed = save_changes(row, {"owner_id": user_id}, by=by)
        _make_administrator(row, by, by=by)
        action = f"gave shop “{row.name}” to another owner"
        log_audit(AuditType.VENDOR, by, action, obj=row, **changed.record())
        return row

    @staticmethod
    @transaction.atomic
    def seat(*, vendor: Vendor, former_id: int, by: "User") -> None:
        """What follows when staff have given the shop, even a closed one, to another owner.

        That one is no member of it any more, and the former one administers it, unless the account
        was deleted. The caller holds the locks of both and then the shop's.
        """
        # Of a closed shop those that come back with it.
        rows = VendorMember.all_objects.filter(
            vendor=vendor, is_deleted=vendor.is_deleted, deleted_at=vendor.deleted_at
        )
        _places_of(vendor.owner, rows).update(
            is_deleted=True, deleted_at=timezone.now(), invite_status=InviteStatus.REVOKED,
            updated_by=by,
        )  # fmt: skip
        for former in get_user_model().objects.filter(pk=former_id, deleted_at=None):
            _make_administrator(vendor, former, by=by)

    @staticmethod
    @transaction.atomic
    def select(*, vendor: Vendor, by: "User", store: VendorStore | None = None) -> None:
        """What `by` makes from now on goes to this shop, and there to this store.

        Without a store the one chosen before stays. Raises `InvalidInput` for another shop's store
        and for one that is not in use, and `ForbiddenError` when the account has ended meanwhile.
        """
        if by.pk not in lock_living(by.pk):
            raise ForbiddenError
        if store is not None:
            if store.vendor_id != vendor.pk or not store.is_active:
                raise InvalidInput.of("store", _("The shop has no such store."), "does_not_exist")
            StoreChoice.objects.update_or_create(user=by, vendor=vendor, defaults={"store": store})
        before = by.active_vendor_id
        by.active_vendor = vendor
        by.save(update_fields=["active_vendor"])
        after = {"active_vendor_id": vendor.pk, "store_id": store.pk if store else None}
        action = f"chose shop “{vendor.name}” to work in"
        log_audit(
            AuditType.ACCOUNT, by, action, obj=by, before={"active_vendor_id": before}, after=after
        )


def _make_administrator(vendor: Vendor, user: "User", *, by: "User") -> None:
    standing = {"is_deleted": vendor.is_deleted, "deleted_at": vendor.deleted_at}
    values = {
        "user": user, "email": user.email, "role": Role.ADMIN, "is_active": True,
        "invite_status": InviteStatus.ACCEPTED, "updated_by": by,
    }  # fmt: skip
    rows = VendorMember.all_objects.filter(vendor=vendor, **standing)
    if not _places_of(user, rows).update(**values):
        VendorMember.objects.create(vendor=vendor, created_by=by, **values, **standing)


def _places_of(user: "User", rows: MemberQuerySet) -> MemberQuerySet:
    """Where they work, or are invited to."""
    return rows.filter(Q(user_id=user.pk) | Q(pk__in=rows.addressed_to(user.email)))


def locked_vendor(vendor: Vendor) -> Vendor:
    """Raises `NotFoundError` when it was closed meanwhile."""
    # Without key: what refers to the shop must not wait for it, nor the two for each other.
    return get_row(Vendor.objects.select_for_update(no_key=True), vendor.pk)
