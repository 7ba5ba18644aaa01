"""Writing: what staff of the platform announce."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.db import transaction
from django.utils.translation import gettext as _

from core.audit import log_audit
from core.enums import AuditType
from core.exceptions import InvalidInput
from core.mail import Text
from core.outbox import announce
from notifications.enums import Kind
from notifications.events import AnnouncementUnfinished
from notifications.services.telling import News, NotificationService
from users.selectors import get_accounts, require_administrator
from vendors.roles import Ability
from vendors.selectors import get_people_allowed

if TYPE_CHECKING:
    from users.models import User, UserQuerySet
    from vendors.models import Vendor

# So many are told in one transaction; the first of them while the caller waits.
AT_ONCE = 1000


@dataclass(frozen=True)
class Announced:
    """`recipients` will hear of it; `created` of them have been told, the worker tells the rest."""

    event_id: UUID
    recipients: int
    created: int


class AnnouncementService:
    @staticmethod
    @transaction.atomic
    def make(
        *,
        title: str,
        by: "User",
        body: str = "",
        users: Sequence[int] = (),
        vendor: "Vendor | None" = None,
    ) -> Announced:
        """To these active accounts, to everybody who works in the shop or, with neither, to all.

        Raises `ForbiddenError` for who does not administer the platform, and `InvalidInput` for
        ids of no active account.
        """
        require_administrator(by)
        event_id, vendor_id = uuid4(), vendor.pk if vendor else None
        people = get_accounts(users) if users else _audience(vendor_id)
        recipients = people.count()
        if recipients < len(users):
            unknown = set(users) - set(people.values_list("pk", flat=True))
            text = _("There is no active account %(id)s.") % {"id": min(unknown)}
            raise InvalidInput.of("users", text, "does_not_exist")
        log_audit(
            AuditType.ADMIN, by, f"announced “{title}” to {recipients}", vendor_id=vendor_id,
            after={"title": title, "body": body, "users": list(users)},
        )  # fmt: skip
        if users:
            news = News(event_id, Kind.ANNOUNCEMENT, text=Text(title, body))
            created = NotificationService.tell(news=news, people=people)
        else:
            whole = AnnouncementUnfinished(event_id, title, body, vendor_id, after=0)
            created = AnnouncementService.go_on(announcement=whole)
        return Announced(event_id, recipients, created)

    @staticmethod
    @transaction.atomic
    def go_on(*, announcement: AnnouncementUnfinished) -> int:
        """Tell the next thousand; what is left is written down in the same transaction.

        Returns how many were told, which leaves out those who do not want to be.
        """
        people = _audience(announcement.vendor_id).filter(pk__gt=announcement.after)
        keys = list(people.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
        news = News(
            announcement.announcement_id,
            Kind.ANNOUNCEMENT,
            announcement.vendor_id,
            text=Text(announcement.title, announcement.body),
        )
        if len(keys) == AT_ONCE:
            announce(replace(announcement, after=keys[-1]))
        return NotificationService.tell(news=news, people=get_accounts(keys))


def _audience(vendor_id: int | None) -> "UserQuerySet":
    if vendor_id is None:
        return get_accounts()
    return get_accounts(get_people_allowed(vendor_id, Ability.CATALOG_READ))
