"""The locks of accounts."""

from users.exceptions import SessionEnded, UserNotFoundError
from users.models import User


def locked(user: User) -> User:
    """The account as it is now; nobody else writes it before the transaction ends.

    Raises `SessionEnded` when it was paused or deleted since the call came in: what was still under
    way must not write the person back into a row that is to forget them.
    """
    rows = User.objects.select_for_update(no_key=True).filter(is_active=True)
    row: User | None = rows.filter(pk=user.pk).first()
    if row is None:
        raise SessionEnded
    return row


def locked_among_administrators(user: User) -> tuple[User, bool]:
    """The account as it is now, and whether it is the last active administrator.

    All of those are locked, in key order: of two that pause each other, one comes second. Raises
    `UserNotFoundError`.
    """
    administrators = User.objects.administrators().filter(is_active=True)
    rows = (User.objects.filter(pk=user.pk) | administrators).order_by("pk")
    found = {row.pk: row for row in rows.select_for_update(no_key=True)}
    row = found.pop(user.pk, None)
    if row is None:
        raise UserNotFoundError
    return row, row.is_active and row.administers and not found
