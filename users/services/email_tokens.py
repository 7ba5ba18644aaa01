"""Writing: tokens that travel by mail. Only their digest is kept, and each is good once."""

import hashlib
import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from users.enums import EmailPurpose
from users.exceptions import LinkNotValid
from users.models import EmailToken, User
from users.services.locks import locked

LIFETIMES = {EmailPurpose.VERIFY: timedelta(days=3), EmailPurpose.RESET: timedelta(hours=1)}


class EmailTokenService:
    @staticmethod
    @transaction.atomic
    def issue(*, user: User, purpose: EmailPurpose) -> str:
        """A new token, to be mailed to the user's address and shown to nobody else.

        Raises `SessionEnded` when the account was paused or deleted meanwhile.
        """
        locked(user)
        token = secrets.token_urlsafe(32)
        EmailToken.objects.create(
            user=user,
            purpose=purpose,
            address=user.email,
            digest=_digest(token),
            expires_at=timezone.now() + LIFETIMES[purpose],
        )
        return token

    @staticmethod
    @transaction.atomic
    def spend(*, token: str, purpose: EmailPurpose) -> User:
        """The account that owns the address the token went to, locked; raises `LinkNotValid`.

        One UPDATE decides who spends it. If what it is spent on fails, it is not spent.
        """
        rows = EmailToken.objects.filter(digest=_digest(token), purpose=purpose)
        row = rows.first()
        if row is None:
            raise LinkNotValid
        # The account first, as everybody who locks both.
        holders = User.objects.select_for_update(no_key=True).filter(is_active=True)
        user: User | None = holders.filter(pk=row.user_id).with_address(row.address).first()
        now = timezone.now()
        spent = rows.filter(used_at=None, expires_at__gt=now).update(used_at=now)
        if user is None or not spent:
            raise LinkNotValid
        return user

    @staticmethod
    @transaction.atomic
    def withdraw(*, user: User, purpose: EmailPurpose) -> None:
        """No link of this kind that the user may still have is good any longer."""
        EmailToken.objects.filter(user=user, purpose=purpose).delete()

    @staticmethod
    def purge_expired() -> int:
        """Remove the tokens whose time is over; returns their number."""
        removed, _by_model = EmailToken.objects.filter(expires_at__lt=timezone.now()).delete()
        return removed


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
