"""Writing: the tokens by which a shop's salespeople come in (decision 11)."""

import base64
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from core.audit import fields_of, log_audit
from core.enums import AuditType
from core.exceptions import InvalidInput, NotFoundError
from core.fields import random_code, read_code
from core.reading import get_row
from vendors.exceptions import AccessTokenNotValid
from vendors.models import AccessToken, Vendor
from vendors.services.members import MemberService
from vendors.services.shops import locked_vendor

if TYPE_CHECKING:
    from users.models import User

LENGTH = 10
LIFETIME = timedelta(days=7)
LONGEST = timedelta(days=30)


class AccessTokenService:
    @staticmethod
    def lock(*, row: AccessToken) -> AccessToken:
        """The shop's lock and then its own. Raises `NotFoundError`."""
        locked_vendor(row.vendor)
        return get_row(AccessToken.objects.select_for_update(no_key=True, of=["self"]), row.pk)

    @staticmethod
    @transaction.atomic
    def issue(
        *, vendor: Vendor, by: "User", notes: str = "", expires_at: datetime | None = None
    ) -> tuple[AccessToken, str]:
        """A new token, and the ten characters of it, which nobody can read anywhere again.

        Raises `InvalidInput` for an end that is past, or too far away.
        """
        now = timezone.now()
        end = expires_at or now + LIFETIME
        _require_within(now, end)
        code = random_code(LENGTH)
        row = AccessToken(
            vendor=vendor, token=_digest(code), prefix=code[:3], notes=notes, expires_at=end,
            created_by=by, updated_by=by,
        )  # fmt: skip
        row.save()
        action = f"made sign-up token {row.pk}"
        log_audit(AuditType.VENDOR, by, action, obj=row, after=fields_of(row))
        return row, code

    @staticmethod
    @transaction.atomic
    def revoke(*, token: AccessToken, by: "User") -> None:
        """Nobody comes in by it any more; who has done so stays a member."""
        if not AccessToken.objects.filter(pk=token.pk).update(updated_by=by):
            raise NotFoundError
        token.delete()
        log_audit(AuditType.VENDOR, by, f"revoked sign-up token {token.pk}", obj=token)

    @staticmethod
    @transaction.atomic
    def spend(*, code: str) -> AccessToken:
        """The token of these characters, used up; raises `AccessTokenNotValid`.

        If what it is spent on fails, it is not spent. The shop is locked first, as by who closes
        it: that hides members and tokens, which are written here in the other order.
        """
        row = AccessToken.objects.redeemable().filter(token=_digest(code)).first()
        if row is None:
            raise AccessTokenNotValid
        shop = Vendor.objects.select_for_update(no_key=True).filter(pk=row.vendor_id).first()
        if shop is None or not row.mark_used():
            raise AccessTokenNotValid
        row.vendor = shop
        return row

    @staticmethod
    @transaction.atomic
    def take_on(*, token: AccessToken, user: "User") -> None:
        """Who spent the token sells in its shop from now on; raises as `MemberService.take_on`."""
        MemberService.take_on(vendor=token.vendor, user=user)
        AccessToken.objects.filter(pk=token.pk).update(used_by=user, updated_by=user)
        log_audit(
            AuditType.VENDOR, user, f"used sign-up token {token.pk}", obj=token,
            before={"is_used": False}, after={"is_used": True, "used_by": user.pk},
        )  # fmt: skip


def _require_within(now: datetime, end: datetime) -> None:
    if end <= now:
        raise InvalidInput.of("expires_at", _("This time is past."), "min_value")
    if end > now + LONGEST:
        text = _("A token is good for %(count)s days at most.") % {"count": LONGEST.days}
        raise InvalidInput.of("expires_at", text, "max_value")


def _digest(code: str) -> str:
    """Under our key: without it nobody can try the 2^50 codes out against what is stored."""
    mac = salted_hmac("vendors.AccessToken", read_code(code), algorithm="sha256")
    return base64.urlsafe_b64encode(mac.digest())[:LENGTH].decode()
