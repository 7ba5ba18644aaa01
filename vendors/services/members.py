"""Writing: who works in a shop."""

from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from django.db import transaction
from django.db.models import F, Q

from core.audit import fields_of, log_audit
from core.enums import AuditType
from core.exceptions import ForbiddenError
from core.outbox import announce
from core.reading import get_row
from core.writing import constraint_as, differing, save_changes
from vendors.enums import InviteStatus
from vendors.events import MemberInvited
from vendors.exceptions import MemberPaused, MemberTaken, OwnMembership
from vendors.models import Vendor, VendorMember
from vendors.roles import Ability, Role, may_give
from vendors.selectors import get_role, require_ability

if TYPE_CHECKING:
    from users.models import User

_CAME_IN = "came in by a sign-up token"


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
        announce(MemberInvited(member_id=member.pk))
        return member

    @staticmethod
    @transaction.atomic
    def take_on(*, vendor: Vendor, user: "User") -> VendorMember:
        """`user`, who was let in by a token of the shop, sells there; a higher role stays.

        An invitation to the same address, open or declined, is answered by it: the role is `sales`,
        for a token does not prove whose the address is. Raises `MemberTaken` for the owner, and
        `MemberPaused`.
        """
        if vendor.owner_id == user.pk:
            raise MemberTaken
        row = _place_of(user, vendor)
        if row is None:
            return _new_place(user, vendor)
        if not row.is_active:
            raise MemberPaused
        values: dict[str, Any] = {"user_id": user.pk, "invite_status": InviteStatus.ACCEPTED}
        if row.invite_status != InviteStatus.ACCEPTED or not may_give(row.role, Role.SALES):
            values["role"] = Role.SALES.value
        if changed := save_changes(row, values, by=user):
            log_audit(AuditType.VENDOR, user, _CAME_IN, obj=row, **changed.record())
        return row

    @staticmethod
    @transaction.atomic
    def update(
        *, member: VendorMember, by: "User", **changes: Unpack[MemberChanges]
    ) -> VendorMember:
        """Raises `ForbiddenError` for a role above one's own, the member's before or after, and
        `OwnMembership` for another role, or a pause, of one's own.
        """
        row = _locked(member)
        if row.user_id == by.pk and differing(row, changes).keys() & {"role", "is_active"}:
            raise OwnMembership
        _require_may_give(by, row.vendor_id, row.role)
        _require_may_give(by, row.vendor_id, changes.get("role", row.role))
        if changed := save_changes(row, changes, by=by):
            action = f"changed member {row.pk}"
            log_audit(AuditType.VENDOR, by, action, obj=row, **changed.record())
        return row

    @staticmethod
    @transaction.atomic
    def remove(*, member: VendorMember, by: "User") -> None:
        """Ends the membership, or withdraws the invitation; what the person did stays.

        Anybody may leave; raises `ForbiddenError` for another's membership in a role above one's
        own, and for who does not manage members.
        """
        row = _locked(member)
        left = row.user_id == by.pk
        if not left:
            require_ability(by, [row.vendor_id], Ability.MEMBERS_MANAGE)
            _require_may_give(by, row.vendor_id, row.role)
        before = row.invite_status
        VendorMember.objects.filter(pk=row.pk).update(
            invite_status=InviteStatus.REVOKED, updated_by=by
        )
        row.delete()
        log_audit(
            AuditType.VENDOR, by, f"{'left as' if left else 'removed'} member {row.pk}", obj=row,
            before={"invite_status": before}, after={"invite_status": InviteStatus.REVOKED},
        )  # fmt: skip


def _require_may_give(by: "User", vendor_id: int, role: str) -> None:
    if not may_give(get_role(by, vendor_id), role):
        raise ForbiddenError


def _locked(member: VendorMember) -> VendorMember:
    return get_row(VendorMember.objects.select_for_update(of=["self"]), member.pk)


def _place_of(user: "User", vendor: Vendor) -> VendorMember | None:
    """The user's own row there, else the invitation to the address, locked."""
    rows = VendorMember.objects.filter(vendor=vendor)
    invited = Q(user=None, pk__in=rows.addressed_to(user.email))
    found = rows.filter(Q(user_id=user.pk) | invited).order_by(F("user_id").asc(nulls_last=True))
    row: VendorMember | None = found.select_for_update(of=["self"]).first()
    return row


def _new_place(user: "User", vendor: Vendor) -> VendorMember:
    member = VendorMember(
        vendor=vendor, user=user, email=user.email, role=Role.SALES.value,
        invite_status=InviteStatus.ACCEPTED, created_by=user, updated_by=user,
    )  # fmt: skip
    refusals = dict.fromkeys(("member_email_unique", "member_user_unique"), MemberTaken())
    with constraint_as(refusals):
        member.save()
    log_audit(AuditType.VENDOR, user, _CAME_IN, obj=member, after=fields_of(member))
    return member
