from users.exceptions import SessionEnded
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
