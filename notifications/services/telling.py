"""Writing: notifications. One query finds who is told, one INSERT tells them."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from core.mail import Text, render_text, send_mail
from core.outbox import announce
from core.reading import get_row
from core.writing import purge
from notifications.enums import Kind
from notifications.events import MailWanted
from notifications.models import Notification, NotificationPreference
from notifications.selectors import find_notification, get_readers

if TYPE_CHECKING:
    from users.models import User

READ_KEPT, KEPT = timedelta(days=90), timedelta(days=365)


@dataclass(frozen=True)
class News:
    """What is told. `data` is for programs and, unless the text is given, fills the kind's own."""

    event_id: UUID
    kind: Kind
    vendor_id: int | None = None
    data: dict[str, Any] = field(default_factory=dict)
    text: Text | None = None

    def text_in(self, language: str) -> Text:
        path = f"notifications/texts/{self.kind}.txt"
        return self.text or render_text(path, language, self.data)


class NotificationService:
    @staticmethod
    def lock(*, row: Notification) -> Notification:
        """The notification as it is now; raises `NotFoundError`."""
        return get_row(Notification.objects.select_for_update(), row.pk)

    @staticmethod
    @transaction.atomic
    def tell(*, news: News, people: "QuerySet[User]") -> int:
        """Those of the people who want to know, and do not yet; returns their number.

        Who wants a mail gets it from the worker.
        """
        readers = get_readers(people, news.kind, news.event_id)
        texts = {language: news.text_in(language) for language in {r.language for r in readers}}
        rows = Notification.objects.bulk_create(
            [
                Notification(
                    user_id=reader.user_id, vendor_id=news.vendor_id, kind=news.kind,
                    event_id=news.event_id, data=news.data, is_shown=reader.in_app,
                    title=texts[reader.language].subject[:200],
                    body=texts[reader.language].body,
                )
                for reader in readers
            ]
        )  # fmt: skip
        mails = zip(rows, readers, strict=True)
        announce(*(MailWanted(row.pk) for row, reader in mails if reader.email))
        return len(rows)

    @staticmethod
    def send_mail(*, notification_id: int, event_id: UUID) -> None:
        """Nothing, if it is gone, or its reader's account is paused or gone."""
        if row := find_notification(notification_id):
            send_mail(
                "notifications/mail/notification.txt",
                to=row.user.email,
                language=row.user.language,
                event_id=event_id,
                notification=row,
                link=f"{settings.FRONTEND_URL}/settings/notifications",
            )

    @staticmethod
    @transaction.atomic
    def read(*, notification: Notification) -> Notification:
        """It was seen; the first time counts."""
        row = NotificationService.lock(row=notification)
        if row.read_at is None:
            row.read_at = timezone.now()
            row.save(update_fields=["read_at"])
        return row

    @staticmethod
    def read_all(*, user: "User") -> int:
        """Returns how many were not read yet."""
        return Notification.objects.shown_to(user.pk).unread().update(read_at=timezone.now())

    @staticmethod
    @transaction.atomic
    def forget(*, user_id: int) -> None:
        """All that was told to an account that is no more, and what it wanted to be told."""
        Notification.objects.filter(user_id=user_id).delete()
        NotificationPreference.objects.filter(user_id=user_id).delete()

    @staticmethod
    def purge() -> int:
        """What was read three months ago, and all of a year ago; returns the number."""
        now = timezone.now()
        read = purge(Notification.objects.filter(read_at__lt=now - READ_KEPT))
        return read + purge(Notification.objects.filter(created_at__lt=now - KEPT))
