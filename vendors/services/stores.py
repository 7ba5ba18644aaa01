"""Writing: the stores of a shop. Whoever changes them holds the shop's lock."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypedDict, Unpack, cast

from django.db import transaction

from core.audit import fields_of, log_audit
from core.enums import AuditType
from core.reading import get_row
from core.writing import free_slug, save_changes
from vendors.exceptions import DefaultStoreNeeded
from vendors.models import Vendor, VendorStore
from vendors.services.shops import locked_vendor

if TYPE_CHECKING:
    from users.models import User


class StoreDetails(TypedDict, total=False):
    type: str
    address: str
    currency: str
    is_active: bool
    is_default: bool


class StoreChanges(StoreDetails, total=False):
    name: str


class StoreService:
    @staticmethod
    def lock(*, row: VendorStore) -> VendorStore:
        """The shop's lock and then its own. Raises `NotFoundError`."""
        return _locked(row)

    @staticmethod
    def keep_open(*, ids: Iterable[int]) -> set[int]:
        """Those of the stores that are open; until the transaction ends nobody closes them.

        They are locked in key order, and their shops are not.
        """
        rows = VendorStore.objects.filter(pk__in=set(ids)).order_by("pk")
        return set(rows.select_for_update(no_key=True).values_list("pk", flat=True))

    @staticmethod
    @transaction.atomic
    def create(
        *, vendor: Vendor, name: str, by: "User", **details: Unpack[StoreDetails]
    ) -> VendorStore:
        """A new store, in the vendor's currency unless told; the first one is the default.

        Raises `DefaultStoreNeeded` for a default store that is not in use.
        """
        row = locked_vendor(vendor)
        stores = VendorStore.objects.filter(vendor=row)
        values: dict[str, Any] = {"currency": row.currency, **details}
        if not stores.filter(is_default=True).exists():
            values["is_default"] = True
        if values.get("is_default"):
            _require_in_use(values)
            _make_room_for_default(row, by)
        store = VendorStore(
            vendor=row, name=name, slug=free_slug(name, stores, fallback="store"),
            created_by=by, updated_by=by, **values,
        )  # fmt: skip
        store.save()
        action = f"opened store “{store.name}”"
        log_audit(AuditType.VENDOR, by, action, obj=store, after=fields_of(store))
        return store

    @staticmethod
    @transaction.atomic
    def update(*, store: VendorStore, by: "User", **changes: Unpack[StoreChanges]) -> VendorStore:
        """The store with the changes; making it the default one takes that from the other.

        Raises `DefaultStoreNeeded` when the shop would be left without a default store in use.
        """
        row = _locked(store)
        after = {"is_default": row.is_default, "is_active": row.is_active, **changes}
        if row.is_default and not after["is_default"]:
            raise DefaultStoreNeeded
        if after["is_default"]:
            _require_in_use(after)
            if not row.is_default:
                _make_room_for_default(row.vendor, by)
        if changed := save_changes(row, cast("dict[str, Any]", changes), by=by):
            action = f"changed store “{row.name}”"
            log_audit(AuditType.VENDOR, by, action, obj=row, **changed.record())
        return row

    @staticmethod
    @transaction.atomic
    def delete(*, store: VendorStore, by: "User") -> None:
        """Raises `DefaultStoreNeeded` for the default store."""
        row = _locked(store)
        if row.is_default:
            raise DefaultStoreNeeded
        VendorStore.objects.filter(pk=row.pk).update(updated_by=by)
        row.delete()
        log_audit(AuditType.VENDOR, by, f"closed store “{row.name}”", obj=row)


def _require_in_use(values: dict[str, Any]) -> None:
    if not values.get("is_active", True):
        raise DefaultStoreNeeded


def _make_room_for_default(vendor: Vendor, by: "User") -> None:
    VendorStore.objects.filter(vendor=vendor, is_default=True).update(
        is_default=False, updated_by=by
    )


def _locked(store: VendorStore) -> VendorStore:
    locked_vendor(store.vendor)
    rows = VendorStore.objects.select_for_update(of=["self"]).select_related("vendor")
    return get_row(rows, store.pk)
