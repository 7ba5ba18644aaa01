from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.serializers import ScopedRelatedField, StrictModelSerializer
from vendors.models import AccessToken
from vendors.selectors import get_vendors_for_user

EXAMPLE = {
    "id": 31,
    "vendor": 7,
    "prefix": "7K2",
    "notes": "Bob, weekend stall",
    "is_used": False,
    "used_at": None,
    "used_by": None,
    "expires_at": "2026-11-27T09:30:00Z",
    "created_by": 3,
    "created_at": "2026-11-20T09:30:00Z",
}
WRITTEN = {key: EXAMPLE[key] for key in ("vendor", "notes", "expires_at")}
NEW = {**EXAMPLE, "token": "7K2P9XQ4AB"}


@extend_schema_serializer(
    examples=[
        OpenApiExample("One not used yet", EXAMPLE, response_only=True),
        OpenApiExample("For a week", {"notes": "Bob, weekend stall"}, request_only=True),
        OpenApiExample("Until a day", WRITTEN, request_only=True),
    ]
)
class AccessTokenSerializer(StrictModelSerializer):
    vendor = ScopedRelatedField(
        selector=get_vendors_for_user,
        required=False,
        help_text="The one you work in, unless named.",
    )

    class Meta:
        model = AccessToken
        fields = [
            "id", "vendor", "prefix", "notes", "is_used", "used_at", "used_by", "expires_at",
            "created_by", "created_at",
        ]  # fmt: skip
        read_only_fields = ["prefix", "is_used", "used_at", "used_by", "created_by"]
        extra_kwargs = {
            "expires_at": {"required": False, "help_text": "In 7 days, unless told; 30 at most."}
        }


@extend_schema_serializer(examples=[OpenApiExample("Shown once", NEW, response_only=True)])
class NewAccessTokenSerializer(AccessTokenSerializer):
    """What making one answers: the only time that the whole of it is told."""

    token = serializers.CharField(
        read_only=True, help_text="Give it to the salesperson; it is kept nowhere."
    )

    class Meta(AccessTokenSerializer.Meta):
        fields = [*AccessTokenSerializer.Meta.fields, "token"]
