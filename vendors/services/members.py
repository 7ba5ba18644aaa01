"""Writing: who works in a shop."""

from typing import TYPE_CHECKING, TypedDict, Unpack

from django.db import transaction

from core.audit import fields_of, log_audit
from core.enums import AuditType
from core.events import publish
from core.exceptions import ForbiddenError, NotFoundError
from core.writing import constraint_as, save_changes
from vendors.enums import InviteStatus
from vendors.events import MemberInvited
from vendors.exceptions import MemberTaken
from vendors.models import Vendor, VendorMember
from vendors.roles import may_give
from vendors.selectors import get_role

if TYPE_CHECKING:
    from users.models import User


class MemberChanges(TypedDict, total=False):
    role: str
    title: str
    is_active: bool


class MemberService:
    @staticmethod
    def lock(*, row: VendorMember) -> VendorMember:
        """Raises `NotFoundError`."""
        return _locked(row)

    @staticmethod
    @transaction.atomic
    def invite(
        *, vendor: Vendor, email: str, role: str, by: "User", title: str = ""
    ) -> VendorMember:
        """An invitation for whoever reads the mail of this address; one declined is made anew.

        Raises `MemberTaken`, and `ForbiddenError` for a role above the inviter's own.
        """
        _require_may_give(by, vendor.pk, role)
        if vendor.owner.email.lower() == email.lower():
            raise MemberTaken
        rows = VendorMember.objects.filter(vendor=vendor).addressed_to(email)
        rows.filter(invite_status=InviteStatus.DECLINED).delete()
        member = VendorMember(
            vendor=vendor, email=email, role=role, title=title, created_by=by, updated_by=by
        )
        with constraint_as({"member_email_unique": MemberTaken()}):
            member.save()
        action = f"invited a member as {role}"
        log_audit(AuditType.VENDOR, by, action, obj=member, after=fields_of(member))
        publish(MemberInvited(member_id=member.pk))
        return member

    @staticmethod
    @transaction.atomic
    def update(
        *, member: VendorMember, by: "User", **changes: Unpack[MemberChanges]
    ) -> VendorMember:
        """Raises `ForbiddenError` for a role above one's own, the member's before or after."""
        row = _locked(member)
        _require_may_give(by, row.vendor_id, row.role)
        _require_may_give(by, row.vendor_id, changes.get("role", row.role))
        if changed := save_changes(row, changes, by=by):
            action = f"changed member {row.pk}"
            log_audit(AuditType.VENDOR, by, action, obj=row, **changed.record())
        return row

    @staticmethod
    @transaction.atomic
    def remove(*, member: VendorMember, by: "User") -> None:
        """Ends the membership, or withdraws the invitation; what the person did stays."""
        row = _locked(member)
        _require_may_give(by, row.vendor_id, row.role)
        before = row.invite_status
        VendorMember.objects.filter(pk=row.pk).update(
            invite_status=InviteStatus.REVOKED, updated_by=by
        )
        row.delete()
        log_audit(
            AuditType.VENDOR, by, f"removed member {row.pk}", obj=row,
            before={"invite_status": before}, after={"invite_status": InviteStatus.REVOKED},
        )  # fmt: skip


def _require_may_give(by: "User", vendor_id: int, role: str) -> None:
    if not may_give(get_role(by, vendor_id), role):
        raise ForbiddenError


def _locked(member: VendorMember) -> VendorMember:
    rows = VendorMember.objects.select_for_update(of=["self"])
    row: VendorMember | None = rows.filter(pk=member.pk).first()
    if row is None:
        raise NotFoundError
    return row
