from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from core.conditional import Tagged
from core.etags import digest
from core.serializers import ScopedRelatedField, StrictIntegerField, StrictSerializer
from notifications.enums import Channel, Kind
from notifications.models import Notification
from notifications.selectors import PreferenceSheet
from notifications.services.preferences import Choice
from vendors.selectors import get_open_vendors


@extend_schema_field({"type": "object", "additionalProperties": True})
class PlainField(serializers.JSONField):
    """Ids and plain values, by the kind."""


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "An item runs low",
            {
                "id": 81,
                "kind": "low_stock",
                "title": "Black Lotus runs low",
                "body": "2 left of Black Lotus (LEA-232); the warning is set to 3.",
                "data": {
                    "item": 18,
                    "name": "Black Lotus",
                    "sku": "LEA-232",
                    "quantity": 2,
                    "threshold": 3,
                    "vendor": 7,
                },
                "created_at": "2026-11-20T09:30:00Z",
                "read_at": None,
            },
            response_only=True,
        )
    ]
)
class NotificationSerializer(Tagged, serializers.ModelSerializer):
    data: Any = PlainField(read_only=True)

    class Meta:
        model = Notification
        fields = ["id", "kind", "title", "body", "data", "created_at", "read_at"]
        read_only_fields = fields

    def version_of(self, row: Notification) -> object:
        """Nothing else of it ever changes."""
        return 2 if row.is_read else 1


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "To all", {"title": "Maintenance on Sunday", "body": "From 2 to 3 UTC."},
            request_only=True,
        ),
        OpenApiExample(
            "To one shop", {"title": "Your import is repaired", "vendor": 7}, request_only=True
        ),
    ]
)  # fmt: skip
class AnnouncementSerializer(StrictSerializer):
    """To `users`, to everybody who works in `vendor` or, with neither, to every active account."""

    title = serializers.CharField(max_length=200)
    body = serializers.CharField(max_length=5000, required=False, allow_blank=True)
    users = serializers.ListField(
        child=StrictIntegerField(min_value=1, max_value=2**63 - 1),
        min_length=1,
        max_length=1000,
        required=False,
        help_text="Ids of active accounts; one named twice counts once.",
    )
    vendor = ScopedRelatedField(selector=get_open_vendors, required=False)

    def validate_title(self, title: str) -> str:
        return " ".join(title.split())

    def validate_users(self, users: list[int]) -> list[int]:
        return sorted(set(users))

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "users" in attrs and "vendor" in attrs:
            text = _("Name users or a vendor, not both.")
            raise serializers.ValidationError({"vendor": text}, "two_audiences")
        return attrs


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Many",
            {
                "event_id": "8b7a1f0e-3d52-4c57-9f2e-6f0b8c1d2e3f",
                "recipients": 12000,
                "created": 1000,
            },
        )
    ]
)
class AnnouncedSerializer(serializers.Serializer):
    event_id = serializers.UUIDField()
    recipients = serializers.IntegerField(help_text="How many it is for.")
    created = serializers.IntegerField(
        help_text="How many were told at once; the worker tells the rest, but for those who do not "
        "want announcements."
    )


@extend_schema_serializer(examples=[OpenApiExample("Three of them", {"read": 3})])
class ReadSerializer(serializers.Serializer):
    read = serializers.IntegerField(help_text="How many were not read before.")


@extend_schema_serializer(examples=[OpenApiExample("Three of them", {"unread": 3})])
class UnreadSerializer(serializers.Serializer):
    unread = serializers.IntegerField()


class ChoiceSerializer(StrictSerializer):
    kind = serializers.ChoiceField(choices=Kind.choices)
    channel = serializers.ChoiceField(choices=Channel.choices)
    enabled = serializers.BooleanField()
    fixed = serializers.BooleanField(read_only=True)  # as it was read

    def validate(self, attrs: dict[str, Any]) -> Any:
        return Choice(Kind(attrs["kind"]), Channel(attrs["channel"]), attrs["enabled"])


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "No mails of low stock",
            {"preferences": [{"kind": "low_stock", "channel": "email", "enabled": False}]},
        )
    ]
)
class ChoicesSerializer(StrictSerializer):
    preferences = serializers.ListField(child=ChoiceSerializer(), max_length=50)


class PreferenceSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(choices=Kind.choices)
    channel = serializers.ChoiceField(choices=Channel.choices)
    enabled = serializers.BooleanField()
    fixed = serializers.BooleanField(help_text="It cannot be switched off.")


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Two of them",
            {
                "preferences": [
                    {"kind": "low_stock", "channel": "email", "enabled": False, "fixed": False},
                    {"kind": "security", "channel": "in_app", "enabled": True, "fixed": True},
                ]
            },
        )
    ]
)
class PreferencesSerializer(Tagged, serializers.Serializer):
    """Every kind by every channel that it has."""

    preferences = PreferenceSerializer(many=True)

    def version_of(self, row: PreferenceSheet) -> object:
        """They have none: what is chosen is all there is."""
        return digest([[*vars(each).values()] for each in row.preferences])[:16]
