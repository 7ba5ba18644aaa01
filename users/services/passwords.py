"""Writing: passwords. A trigger ends all access along with the old one."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.audit import log_audit
from core.enums import AuditType
from core.exceptions import InvalidInput
from core.outbox import announce
from users.enums import EmailPurpose
from users.events import PasswordChanged, PasswordResetRequested
from users.models import User
from users.services.email_tokens import EmailTokenService
from users.services.sessions import Grant, SessionService
from users.services.strength import require_strong


class PasswordService:
    @staticmethod
    @transaction.atomic
    def change(
        *, user: User, session_id: int | None, current_password: str, new_password: str
    ) -> Grant:
        """A new password; this session goes on under a new grant, all others end.

        Raises `InvalidInput` for a wrong or weak one.
        """
        row = PasswordService.replace(
            user=user, current_password=current_password, new_password=new_password
        )
        return SessionService.go_on(user=row, session_id=session_id)

    @staticmethod
    @transaction.atomic
    def replace(*, user: User, current_password: str, new_password: str) -> User:
        """The account with its new password; all its sessions end. Raises as `change`."""
        row: User = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if not row.check_password(current_password):
            text = _("This is not your password.")
            raise InvalidInput.of("current_password", text, "wrong_password")
        _set(row, new_password, field="new_password")
        log_audit(AuditType.SECURITY, row, "changed the password", obj=row)
        return row

    @staticmethod
    @transaction.atomic
    def put(*, user: User, password: str | None) -> None:
        """The password that staff give, or none; all sessions end. The caller holds the account's
        lock, and writes the audit entry. Raises `InvalidInput` for a weak one.
        """
        _set(user, password, field="password")

    @staticmethod
    def request_reset(*, email: str) -> None:
        """Whether anybody has this address is found out, and told, by mail alone."""
        announce(PasswordResetRequested(email=email))

    @staticmethod
    @transaction.atomic
    def reset(*, token: str, password: str) -> None:
        """A new password by the link that was mailed; all sessions end.

        Raises `LinkNotValid`, and `InvalidInput` for a weak password, which spends nothing.
        """
        user = EmailTokenService.spend(token=token, purpose=EmailPurpose.RESET)
        _set(user, password, field="password")
        log_audit(AuditType.SECURITY, user, "set a new password by mail", obj=user)
        if not user.email_verified:
            user.email_verified_at = timezone.now()
            user.save(update_fields=["email_verified_at"])


def _set(user: User, password: str | None, *, field: str) -> None:
    if password is not None:
        require_strong(password, user, field=field)
    user.set_password(password)
    user.save(update_fields=["password"])
    user.refresh_from_db(fields=["token_version"])
    EmailTokenService.withdraw(user=user, purpose=EmailPurpose.RESET)
    announce(PasswordChanged(user_id=user.pk))
