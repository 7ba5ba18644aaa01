from django.conf import settings
from django.db import models
from django.db.models import Q

from core.paging import PagedQuerySet
from notifications.enums import Channel, Kind


class NotificationQuerySet(PagedQuerySet["Notification"]):
    def shown_to(self, user_id: int) -> "NotificationQuerySet":
        return self.filter(user_id=user_id, is_shown=True)

    def unread(self) -> "NotificationQuerySet":
        return self.filter(read_at=None)


class Notification(models.Model):
    """One thing told to one person, in the words and the language of then."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="notifications",
        db_index=False,
    )
    vendor = models.ForeignKey(
        "vendors.Vendor", on_delete=models.CASCADE, null=True, related_name="+"
    )
    kind = models.CharField(max_length=20, choices=Kind.choices)
    event_id = models.UUIDField(help_text="Of what happened: told to nobody twice.")
    data = models.JSONField(default=dict, help_text="Ids and plain values, for programs.")
    title = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    is_shown = models.BooleanField(
        default=True, help_text="Not when its reader wants this kind by e-mail alone."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event_id", "user"], name="notification_told_once")
        ]
        indexes = [
            models.Index(
                fields=["user", "-created_at", "-id"],
                condition=Q(is_shown=True),
                name="notification_newest",
            ),
            models.Index(
                fields=["user"],
                condition=Q(is_shown=True, read_at=None),
                name="notification_unread",
            ),
            # What is purged.
            models.Index(
                fields=["read_at"],
                condition=Q(read_at__isnull=False),
                name="notification_read_first",
            ),
            models.Index(fields=["created_at"], name="notification_told_first"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.pk})"

    @property
    def is_read(self) -> bool:
        return self.read_at is not None


class NotificationPreference(models.Model):
    """What somebody wants otherwise than by default."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="notification_preferences",
        db_index=False,
    )
    kind = models.CharField(max_length=20, choices=Kind.choices)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    enabled = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "kind", "channel"], name="notification_preference_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.channel}: {'on' if self.enabled else 'off'}"
