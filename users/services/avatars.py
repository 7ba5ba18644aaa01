"""Writing: the picture of a person."""

from typing import TYPE_CHECKING

from django.core.files.storage import default_storage
from django.db import transaction

from core.audit import log_audit
from core.enums import AuditType
from core.exceptions import ImageRefused
from core.outbox import announce
from core.pictures import Picture, read_upload, square, stored
from users.events import AvatarDropped
from users.models import User
from users.services.locks import locked

if TYPE_CHECKING:
    from django.core.files import File

SIDE = 256
MAX_MEGABYTES = 2


class AvatarService:
    @staticmethod
    def put(*, user: User, upload: "File[bytes]") -> User:
        """The account with the middle of this picture, in place of the one before.

        Raises `ImageRefused`.
        """
        # Decoding and storing take their time: no row is locked meanwhile.
        with stored(User().avatar, _squared(upload)) as name, transaction.atomic():
            return _replace(user, name, "set the avatar")

    @staticmethod
    @transaction.atomic
    def remove(*, user: User) -> User:
        """The account without a picture, whether it had one or not."""
        return _replace(user, "", "removed the avatar")

    @staticmethod
    def delete_file(*, name: str) -> None:
        """Of a picture that nothing points to; one that is gone already is none."""
        default_storage.delete(name)


def _squared(upload: "File[bytes]") -> Picture:
    try:
        return square(read_upload(upload, megabytes=MAX_MEGABYTES), SIDE)
    except ImageRefused as refusal:
        raise ImageRefused(refusal.detail, field="image") from refusal


def _replace(user: User, name: str, action: str) -> User:
    row = locked(user)
    old = row.avatar.name
    if name or old:
        row.avatar = name
        row.save(update_fields=["avatar"])
        log_audit(AuditType.ACCOUNT, row, action, obj=row)
        drop_file(old)
    return row


def drop_file(name: str | None) -> None:
    """Have an avatar's file deleted: the row alone knew its name, and a storage may be away."""
    if name:
        announce(AvatarDropped(name))
