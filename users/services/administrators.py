"""Writing: who administers the platform."""

import secrets
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection, transaction

from core.audit import log_audit
from core.enums import AuditType
from core.exceptions import ForbiddenError
from core.writing import constraint_as
from users.exceptions import LastAdministrator
from users.models import User
from users.services.accounts import taken
from users.services.locks import locked_among_administrators
from users.services.strength import require_strong

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

# Any number, the same for all: of two first administrators at once, one comes second.
_BOOTSTRAP_LOCK = 7_203_146


class AdministratorService:
    @staticmethod
    @transaction.atomic
    def register(
        *,
        email: str,
        password: str,
        by: "User | AnonymousUser",
        username: str = "",
        setup_secret: str = "",
    ) -> User:
        """A new administrator, by another one; the first by who knows `SETUP_SECRET`.

        Raises `ForbiddenError` for everybody else, and `InvalidInput` as registering does.
        """
        maker = by if isinstance(by, User) and by.administers else None
        if maker is None:
            _require_first(setup_secret)
        require_strong(password, User(email=email, username=username))
        with constraint_as(taken()):
            user: User = User.objects.create_user(username or None, email, password, is_admin=True)
        log_audit(AuditType.SECURITY, maker, f"made administrator “{user.username}”", obj=user)
        return user

    @staticmethod
    @transaction.atomic
    def require_another(*, user: User) -> None:
        """Raises `LastAdministrator` unless the platform can do without this account.

        It stays so until the caller's transaction ends.
        """
        _row, last = locked_among_administrators(user)
        if last:
            raise LastAdministrator


def _require_first(setup_secret: str) -> None:
    known: str = settings.SETUP_SECRET
    if not known or not secrets.compare_digest(setup_secret.encode(), known.encode()):
        raise ForbiddenError
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_BOOTSTRAP_LOCK])
    if User.objects.administrators().exists():
        raise ForbiddenError
