"""Reading: who was told what, and who wants to be."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import BooleanField, Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from notifications.enums import DEFAULTS, FIXED, Channel, Kind
from notifications.models import Notification, NotificationPreference, NotificationQuerySet

if TYPE_CHECKING:
    from users.models import User


@dataclass(frozen=True)
class Preference:
    kind: Kind
    channel: Channel
    enabled: bool
    fixed: bool


@dataclass(frozen=True)
class PreferenceSheet:
    """All that somebody has chosen, or not; `pk` is whose it is."""

    pk: int
    preferences: list[Preference]


@dataclass(frozen=True)
class Reader:
    """Somebody who is to be told, and how."""

    user_id: int
    language: str
    in_app: bool
    email: bool


def get_notifications_for_user(user: "User") -> NotificationQuerySet:
    """What the user was told, newest first; not what was wanted by e-mail alone."""
    return Notification.objects.shown_to(user.pk or 0).order_by("-created_at", "-pk")


def count_unread(user: "User") -> int:
    return Notification.objects.shown_to(user.pk).unread().count()


def find_notification(notification_id: int) -> Notification | None:
    """With its reader; for the worker."""
    rows = Notification.objects.select_related("user")
    return rows.filter(pk=notification_id, user__is_active=True).first()


def get_preferences(user_id: int) -> PreferenceSheet:
    """Every kind by every channel that it has."""
    rows = NotificationPreference.objects.filter(user=user_id)
    chosen = {(kind, channel): on for kind, channel, on in rows.values_list(*_WHAT)}
    told = [
        Preference(*way, enabled=chosen.get(way, default), fixed=way in FIXED)
        for way, default in DEFAULTS.items()
    ]
    return PreferenceSheet(user_id, told)


def get_readers(people: "QuerySet[User]", kind: Kind, event_id: UUID) -> list[Reader]:
    """Those of the people who want to hear of this kind and have not been told of the event."""
    told = Notification.objects.filter(event_id=event_id, user=OuterRef("pk"))
    ways = {f"by_{channel.value}": _wants(kind, channel) for channel in Channel}
    wanting: Any = people.filter(~Exists(told)).annotate(**ways)
    wanting = wanting.filter(Q(by_in_app=True) | Q(by_email=True))
    return [Reader(*row) for row in wanting.values_list("pk", "language", *ways)]


_WHAT = ("kind", "channel", "enabled")


def _wants(kind: Kind, channel: Channel) -> Any:
    default = Value(DEFAULTS.get((kind, channel), False))
    if (kind, channel) not in DEFAULTS or (kind, channel) in FIXED:
        return default
    rows = NotificationPreference.objects.filter(user=OuterRef("pk"), kind=kind, channel=channel)
    return Coalesce(Subquery(rows.values("enabled")), default, output_field=BooleanField())
