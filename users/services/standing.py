"""Writing: how accounts are paused, taken up again, and deleted (docs/decisions/0012)."""

from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.audit import log_audit
from core.enums import AuditType
from core.exceptions import InvalidInput
from core.fields import random_code
from core.outbox import announce
from users.events import AccountDeleted, AccountPaused, AccountReactivated
from users.exceptions import (
    LastAdministrator,
    OwnAccount,
    OwnsVendors,
    SessionEnded,
    UserNotFoundError,
)
from users.models import User
from users.services.avatars import drop_file
from users.services.locks import locked_among_administrators
from vendors.selectors import get_owned_vendors
from vendors.services import PersonService

# What says who somebody is, or opens a door.
_ERASED: dict[str, Any] = {
    "first_name": "", "last_name": "", "company_name": "", "phone_number": "", "language": "",
    "birthdate": None,
    "avatar": "", "email_verified_at": None, "active_vendor": None, "last_login": None,
    "is_active": False, "is_staff": False, "is_superuser": False, "is_admin": False,
    "is_salesperson": False,
}  # fmt: skip


class AccountService:
    @staticmethod
    @transaction.atomic
    def pause(*, user: User, by: User, reason: str) -> None:
        """Nobody signs in to this account, and what is signed in ends at once.

        Its shops stay open. The reason goes to the person by mail and into the audit log.
        Raises `OwnAccount`, `LastAdministrator`, and `UserNotFoundError` for a deleted one.
        """
        _require_reason(reason)
        row, last = locked_among_administrators(user)
        if row.pk == by.pk:
            raise OwnAccount
        if last:
            raise LastAdministrator
        if _switch(row, by, "paused", is_active=False, details=reason):
            announce(AccountPaused(user_id=row.pk, reason=reason))

    @staticmethod
    @transaction.atomic
    def reactivate(*, user: User, by: User) -> None:
        """The person may sign in again; what was signed in before the pause stays ended.

        Raises `UserNotFoundError` for a deleted account.
        """
        row, _last = locked_among_administrators(user)
        if _switch(row, by, "reactivated", is_active=True):
            announce(AccountReactivated(user_id=row.pk))

    @staticmethod
    def delete_own(*, user: User, password: str) -> None:
        """As `delete`, by the person, who proves it by the password.

        Raises `InvalidInput` for a wrong one, and `SessionEnded` for one that is old by now.
        """
        # Not under the locks: a password takes a while to be tried.
        if not user.check_password(password):
            raise InvalidInput.of("password", _("This is not your password."), "wrong_password")
        with transaction.atomic():
            row, last = locked_among_administrators(user)
            if row.token_version != user.token_version:
                raise SessionEnded
            _require_deletable(row, last=last)
            log_audit(AuditType.SECURITY, row, "deleted the own account", obj=row)
            _forget(row, by=row)

    @staticmethod
    @transaction.atomic
    def delete(*, user: User, by: User, reason: str) -> None:
        """Ends all access, forgets the person, and keeps a nameless row for what points to it.

        The reason goes into the audit log. Raises `OwnsVendors`, `LastAdministrator`, and
        `UserNotFoundError` the second time.
        """
        _require_reason(reason)
        row, last = locked_among_administrators(user)
        _require_deletable(row, last=last)
        action = f"deleted account “{row.username}”"
        log_audit(AuditType.ADMIN, by, action, obj=row, details=reason)
        _forget(row, by=by)


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise InvalidInput.of("reason", _("This field is required."), "required")


def _switch(row: User, by: User, verb: str, *, is_active: bool, details: str = "") -> bool:
    """Whether there was anything to do. A trigger ends all access along with it."""
    if row.deleted_at:
        raise UserNotFoundError
    if row.is_active == is_active:
        return False
    row.is_active = is_active
    row.save(update_fields=["is_active"])
    log_audit(
        AuditType.ADMIN, by, f"{verb} account “{row.username}”", obj=row, details=details,
        before={"is_active": not is_active}, after={"is_active": is_active},
    )  # fmt: skip
    return True


def _require_deletable(row: User, *, last: bool) -> None:
    if row.deleted_at:
        raise UserNotFoundError
    if last:
        raise LastAdministrator
    if shops := list(get_owned_vendors(row).values_list("pk", flat=True)):
        raise OwnsVendors(shops)


def _forget(row: User, *, by: User) -> None:
    """Who was here? The audit log knows the name of then, and nothing else does (decision 12)."""
    alias = f"deleted-{random_code(12).lower()}"
    address = f"{alias}@accounts.invalid"
    announce(AccountDeleted(row.email, row.language, row.pk))
    PersonService.forget(user=row, alias=address, by=by)
    row.sessions.all().delete()
    row.email_tokens.all().delete()
    row.groups.clear()
    row.user_permissions.clear()
    kind = ContentType.objects.get_for_model(User)
    LogEntry.objects.filter(content_type=kind, object_id=str(row.pk)).update(object_repr=alias)
    drop_file(row.avatar.name)
    values = {**_ERASED, "username": alias, "email": address, "deleted_at": timezone.now()}
    for name, value in values.items():
        setattr(row, name, value)
    row.set_unusable_password()
    row.save()
