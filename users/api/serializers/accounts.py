from functools import cached_property
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from core.conditional import Tagged
from core.etags import address_period
from core.serializers import StrictModelSerializer, StrictSerializer
from users.api.fields import password_field, username_field
from users.models import User
from vendors.api.serializers import (
    ChosenSerializer,
    ChosenStoreSerializer,
    ChosenVendorSerializer,
)
from vendors.selectors import get_active_store, get_active_vendor

AVATAR_ADDRESS = {
    "type": ["string", "null"],
    "format": "uri-reference",
    "description": "A WebP of at most 256 pixels a side; null without one. Signed and good for a "
    "while where the files are in S3.",
}


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A new collector",
            {"email": "ann@example.com", "password": "shelf-of-blue-bricks", "first_name": "Ann"},
            request_only=True,
        ),
        OpenApiExample(
            "The account",
            {"id": 3, "username": "ann-7k2p9x", "email": "ann@example.com"},
            response_only=True,
        ),
    ]
)
class RegisterSerializer(StrictModelSerializer):
    password = password_field()
    username = username_field()

    class Meta:
        model = User
        fields = [
            "id", "username", "email", "password", "first_name", "last_name", "birthdate",
            "company_name",
        ]  # fmt: skip
        extra_kwargs = {
            name: {"write_only": True}
            for name in ("first_name", "last_name", "birthdate", "company_name")
        }
        validators: list[Any] = []  # the database decides what is taken


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Who you are",
            {
                "id": 3,
                "username": "ann",
                "email": "ann@example.com",
                "first_name": "Ann",
                "last_name": "Lee",
                "full_name": "Ann Lee",
                "role": "user",
                "profile_completed": True,
                "email_verified": True,
                "company_name": "Brick & Card",
                "phone_number": "+1 555 0100",
                "birthdate": "1990-04-01",
                "language": "en",
                "avatar_url": "/media/avatars/0b6f3c1e5d0f4a7f9a4d0c9d4f4f0f11.webp",
                "active_vendor": {"id": 7, "name": "Brick & Card", "slug": "brick-card"},
                "active_store": {"id": 9, "name": "Main store", "vendor_id": 7},
                "created_at": "2026-11-20T09:30:00Z",
                "updated_at": "2026-11-20T09:30:00Z",
            },
            response_only=True,
        ),
        OpenApiExample("Changes", {"first_name": "Ann", "last_name": "Lee"}, request_only=True),
    ]
)
class MeSerializer(Tagged, StrictModelSerializer):
    avatar_url = serializers.SerializerMethodField()
    active_vendor = serializers.SerializerMethodField()
    active_store = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = [
            "id", "username", "email", "first_name", "last_name", "full_name", "role",
            "profile_completed", "email_verified", "company_name", "phone_number", "birthdate",
            "language", "avatar_url", "active_vendor", "active_store", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = ["username", "email"]

    @cached_property
    def place(self) -> dict[str, Any]:
        """Where the user works."""
        user: Any = self.instance
        vendor = get_active_vendor(user)
        store = get_active_store(user, vendor) if vendor else None
        return dict(ChosenSerializer({"active_vendor": vendor, "active_store": store}).data)

    def beside(self, row: User) -> object:
        """Signing in moves the time, and must not make a form stale."""
        return [row.updated_at, self.place, address_period(row.avatar)]

    @extend_schema_field(AVATAR_ADDRESS)
    def get_avatar_url(self, user: User) -> str | None:
        return user.avatar.url if user.avatar else None

    @extend_schema_field(ChosenVendorSerializer(allow_null=True))
    def get_active_vendor(self, user: User) -> Any:
        return self.place["active_vendor"]

    @extend_schema_field(ChosenStoreSerializer(allow_null=True))
    def get_active_store(self, user: User) -> Any:
        return self.place["active_store"]


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "What was missing",
            {"first_name": "Ann", "last_name": "Lee", "birthdate": "1990-04-01"},
        )
    ]
)
class ProfileSerializer(StrictModelSerializer):
    class Meta:
        model = User
        fields = ["first_name", "last_name", "birthdate", "company_name", "phone_number"]


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A picture",
            {"image": "(the bytes of the picture)"},
            request_only=True,
            media_type="multipart/form-data",
        )
    ]
)
class AvatarSerializer(StrictSerializer):
    """The picture of a person."""

    image = serializers.FileField(
        source="upload",
        allow_empty_file=True,  # the service says what is wrong with it
        help_text="JPEG, PNG or WebP, up to 2 MB and 40 megapixels.",
    )


@extend_schema_serializer(
    examples=[OpenApiExample("It is you", {"password": "shelf-of-blue-bricks"}, request_only=True)]
)
class AccountDeletionSerializer(StrictSerializer):
    password = password_field()
