from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class MailWanted:
    """Who was notified wants it by e-mail, too."""

    notification_id: int


@dataclass(frozen=True)
class AnnouncementUnfinished:
    """Accounts after this one have not been told yet."""

    announcement_id: UUID
    title: str
    body: str
    vendor_id: int | None
    after: int
