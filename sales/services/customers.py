"""Writing: the customers of a shop. What the log tells of them is their number, never a name."""

from typing import TYPE_CHECKING, TypedDict, Unpack

from django.db import transaction
from django.utils import timezone

from core.audit import fields_of, log_audit
from core.enums import AuditType
from core.exceptions import NotFoundError
from core.idempotency import forget_answers
from core.reading import get_row
from core.writing import save_changes
from sales.exceptions import CustomerErased
from sales.models import ERASED, Customer
from sales.selectors import with_purchases

if TYPE_CHECKING:
    from users.models import User
    from vendors.models import Vendor


class CustomerDetails(TypedDict, total=False):
    email: str
    phone: str
    address: str
    notes: str


class CustomerChanges(CustomerDetails, total=False):
    name: str


class CustomerService:
    @staticmethod
    def lock(*, row: Customer) -> Customer:
        """Also of a deleted one. Raises `NotFoundError`."""
        return get_row(Customer.all_objects.select_for_update(no_key=True), row.pk)

    @staticmethod
    @transaction.atomic
    def create(
        *, vendor: "Vendor", name: str, by: "User", **details: Unpack[CustomerDetails]
    ) -> Customer:
        """Two may have the same name, and even the same address: a family shares one."""
        row = Customer(vendor=vendor, name=name, created_by=by, updated_by=by, **details)
        row.save()
        log_audit(AuditType.SALES, by, f"created {_told(row)}", obj=row, after=fields_of(row))
        return _with_purchases(row)

    @staticmethod
    @transaction.atomic
    def update(*, customer: Customer, by: "User", **changes: Unpack[CustomerChanges]) -> Customer:
        """Raises `NotFoundError` when the customer was deleted meanwhile."""
        row = _locked(customer)
        if changed := save_changes(row, changes, by=by):
            log_audit(AuditType.SALES, by, f"changed {_told(row)}", obj=row, **changed.record())
        return _with_purchases(row)

    @staticmethod
    @transaction.atomic
    def delete(*, customer: Customer, by: "User") -> None:
        """What they bought stays. Raises `NotFoundError` when that was done meanwhile."""
        row = _locked(customer)
        Customer.objects.filter(pk=row.pk).update(updated_by=by)
        row.delete()
        log_audit(AuditType.SALES, by, f"deleted {_told(row)}", obj=row)

    @staticmethod
    @transaction.atomic
    def erase(*, customer: Customer, by: "User") -> None:
        """Forget who they are, for good, also of a deleted one. What they bought stays."""
        row = CustomerService.lock(row=customer)
        if row.erased_at:
            return
        now = timezone.now()
        # Deleted now, even if it was before: nothing that was deleted then brings it back.
        nobody = {"name": ERASED, "email": "", "phone": "", "address": "", "notes": ""}
        gone = {"is_deleted": True, "deleted_at": now, "erased_at": now}
        save_changes(row, {**nobody, **gone}, by=by)
        forget_answers(_told(row))
        log_audit(AuditType.SALES, by, f"erased {_told(row)}", obj=row)

    @staticmethod
    @transaction.atomic
    def restore(*, customer: Customer, by: "User") -> Customer:
        """Raises `CustomerErased`."""
        row = CustomerService.lock(row=customer)
        if row.erased_at:
            raise CustomerErased
        if row.is_deleted:
            Customer.all_objects.filter(pk=row.pk).update(updated_by=by)
            row.restore()
            log_audit(AuditType.SALES, by, f"restored {_told(row)}", obj=row)
        return _with_purchases(row)


def _locked(customer: Customer) -> Customer:
    row = CustomerService.lock(row=customer)
    if row.is_deleted:
        raise NotFoundError
    return row


def _told(row: Customer) -> str:
    return f"customer {row.pk}"


def _with_purchases(row: Customer) -> Customer:
    """Read in the transaction that wrote it: as the caller left it, not as others did after."""
    return with_purchases(Customer.objects.filter(pk=row.pk)).get()
