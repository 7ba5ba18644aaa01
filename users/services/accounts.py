"""Writing: accounts."""

from datetime import date
from typing import TypedDict, Unpack

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.audit import log_audit
from core.enums import AuditType
from core.exceptions import FieldError, InvalidInput
from core.outbox import announce
from core.writing import constraint_as, differing
from users.enums import EmailPurpose
from users.events import EmailVerificationRequested, UserRegistered
from users.models import User
from users.services.email_tokens import EmailTokenService
from users.services.locks import locked
from users.services.strength import require_strong
from vendors.services import VendorService

# Without these a profile is not complete.
NEEDED = ("first_name", "last_name", "birthdate")


class ProfileChanges(TypedDict, total=False):
    first_name: str
    last_name: str
    birthdate: date | None
    company_name: str
    phone_number: str
    language: str


class UserService:
    @staticmethod
    def lock(*, row: User) -> User:
        """The account as it is now; raises `SessionEnded` when it was paused or deleted."""
        return locked(row)

    @staticmethod
    @transaction.atomic
    def register(
        *, email: str, password: str, username: str = "", **profile: Unpack[ProfileChanges]
    ) -> User:
        """A new account with its vendor and that vendor's default store, or nothing of it.

        Raises `InvalidInput` for a weak password and for a name or address that is taken.
        """
        require_strong(password, User(email=email, username=username, **profile))
        with constraint_as(taken()):
            user: User = User.objects.create_user(username or None, email, password, **profile)
        called = profile.get("first_name") or user.username
        shop = profile.get("company_name") or f"{called}’s collection"
        user.active_vendor = VendorService.create(name=shop[:120], owner=user)
        user.save(update_fields=["active_vendor"])
        log_audit(AuditType.ACCOUNT, user, "registered", obj=user)
        announce(UserRegistered(user_id=user.pk, email=user.email))
        return user

    @staticmethod
    @transaction.atomic
    def create_staff(*, email: str, password: str, username: str = "") -> User:
        """An administrator of the platform, for the command line; raises as `register` does."""
        require_strong(password, User(email=email, username=username))
        with constraint_as(taken()):
            user: User = User.objects.create_superuser(
                username or None, email, password, is_admin=True
            )
        log_audit(AuditType.SECURITY, None, f"made administrator “{user.username}”", obj=user)
        return user

    @staticmethod
    @transaction.atomic
    def verify_email(*, token: str) -> None:
        """The address is the user's, as the link mailed there proves; raises `LinkNotValid`."""
        user = EmailTokenService.spend(token=token, purpose=EmailPurpose.VERIFY)
        if not user.email_verified:
            user.email_verified_at = timezone.now()
            user.save(update_fields=["email_verified_at"])
            log_audit(AuditType.SECURITY, user, "confirmed the address", obj=user)

    @staticmethod
    def request_verification(*, email: str) -> None:
        """Whether the address is known, and not verified yet, is told by mail alone."""
        announce(EmailVerificationRequested(email=email))

    @staticmethod
    @transaction.atomic
    def complete_profile(*, user: User, **changes: Unpack[ProfileChanges]) -> User:
        """Raises `InvalidInput` naming what is missing still; then nothing is written."""
        text = _("This field is required.")
        row = locked(user)
        missing = [
            FieldError(name, "required", text)
            for name in NEEDED
            if not changes.get(name, getattr(row, name))
        ]
        if missing:
            raise InvalidInput(errors=missing)
        return UserService.update_profile(user=row, **changes)

    @staticmethod
    @transaction.atomic
    def update_profile(*, user: User, **changes: Unpack[ProfileChanges]) -> User:
        row = locked(user)
        if changed := differing(row, changes):
            for name, value in changes.items():
                setattr(row, name, value)
            row.save(update_fields=changed.keys())
            action = "changed the profile"
            log_audit(AuditType.ACCOUNT, row, action, obj=row, **changed.record())
        return row


def taken() -> dict[str, InvalidInput]:
    address = _("An account with this e-mail address exists already.")
    name = _("An account with this username exists already.")
    return {
        "user_email_unique": InvalidInput.of("email", address, "taken"),
        "users_user_username_key": InvalidInput.of("username", name, "taken"),
    }
