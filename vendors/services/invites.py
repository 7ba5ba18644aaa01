"""Writing: what the invited are told, and answer."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from core.audit import log_audit
from core.enums import AuditType
from core.outbox import announce
from core.writing import constraint_as, save_changes
from vendors.enums import InviteStatus
from vendors.events import MemberInvited
from vendors.exceptions import AddressNotConfirmed, MemberTaken, NotInvited
from vendors.models import VendorMember
from vendors.selectors import get_invites_for_user
from vendors.services.people import lock_living

if TYPE_CHECKING:
    from users.models import User

QUIET = timedelta(hours=1)


class InviteService:
    @staticmethod
    @transaction.atomic
    def accept(*, invite: VendorMember, by: "User") -> VendorMember:
        """From now on `by` works there.

        Raises `AddressNotConfirmed`, `NotInvited` when it was withdrawn meanwhile, and
        `MemberTaken` for who works there under another address, or owns the shop.
        """
        if by.pk not in lock_living(by.pk):
            raise NotInvited
        row = _locked(invite, by)
        if row.vendor.owner_id == by.pk:
            raise MemberTaken
        with constraint_as({"member_user_unique": MemberTaken()}):
            return _answer(row, by, InviteStatus.ACCEPTED)

    @staticmethod
    @transaction.atomic
    def decline(*, invite: VendorMember, by: "User") -> VendorMember:
        """Raises `AddressNotConfirmed`, and `NotInvited` when it was withdrawn meanwhile."""
        return _answer(_locked(invite, by), by, InviteStatus.DECLINED)

    @staticmethod
    def send(*, invite: VendorMember) -> None:
        """The mail that tells of it, in the transaction that wrote it."""
        announce(MemberInvited(member_id=invite.pk))

    @staticmethod
    @transaction.atomic
    def claim_mail(*, member_id: int) -> VendorMember | None:
        """The invitation, if it is to be mailed now.

        Not when it was answered or withdrawn, nor when the shop's last mail to this address is
        younger than an hour: its link leads here as well, and withdrawing and inviting by turns
        would fill anybody's mailbox. Asking again for the same one is fine: a mail that failed.
        """
        waiting = VendorMember.objects.filter(invite_status=InviteStatus.PENDING, pk=member_id)
        row = waiting.select_related("vendor").select_for_update(of=["self"]).first()
        if row is None:
            return None
        others = VendorMember.all_objects.filter(vendor=row.vendor).exclude(pk=row.pk)
        now = timezone.now()
        if others.addressed_to(row.email).filter(mailed_at__gt=now - QUIET).exists():
            return None
        row.mailed_at = now
        row.save(update_fields=["mailed_at"])
        return row


def _locked(invite: VendorMember, by: "User") -> VendorMember:
    if not by.email_verified:
        raise AddressNotConfirmed
    invites = get_invites_for_user(by).select_for_update(of=["self"])
    row: VendorMember | None = invites.filter(pk=invite.pk).first()
    if row is None:
        raise NotInvited
    return row


def _answer(row: VendorMember, by: "User", answer: InviteStatus) -> VendorMember:
    values: dict[str, Any] = {"invite_status": answer}
    if answer == InviteStatus.ACCEPTED:
        values["user_id"] = by.pk
    changed = save_changes(row, values, by=by)
    action = f"{answer.value} the invitation to “{row.vendor.name}”"
    log_audit(AuditType.VENDOR, by, action, obj=row, **changed.record())
    return row
