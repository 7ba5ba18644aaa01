from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.conditional import Tagged
from core.serializers import ScopedRelatedField, StrictModelSerializer
from vendors.models import Vendor, VendorMember
from vendors.roles import MEMBER_ROLES, Ability, Role, abilities_of
from vendors.selectors import get_vendors_for_user

EXAMPLE = {
    "id": 21,
    "vendor": 7,
    "user": 12,
    "email": "bob@example.com",
    "role": "sales",
    "title": "Weekend stall",
    "is_active": True,
    "invite_status": "accepted",
    "active_store": 9,
}
INVITATION = {key: EXAMPLE[key] for key in ("vendor", "email", "role", "title")}


@extend_schema_serializer(
    examples=[
        OpenApiExample("Somebody who sells", EXAMPLE, response_only=True),
        OpenApiExample("An invitation", INVITATION, request_only=True),
    ]
)
class MemberSerializer(Tagged, StrictModelSerializer):
    vendor = ScopedRelatedField(
        selector=get_vendors_for_user,
        required=False,
        help_text="The one you work in, unless named.",
    )
    role = serializers.ChoiceField(choices=MEMBER_ROLES)
    active_store = serializers.IntegerField(
        read_only=True, allow_null=True, default=None, help_text="The store the member has chosen."
    )

    class Meta:
        model = VendorMember
        fields = [
            "id", "vendor", "user", "email", "role", "title", "is_active", "invite_status",
            "active_store",
        ]  # fmt: skip
        read_only_fields = ["user", "is_active", "invite_status"]
        validators: list[object] = []  # the database decides what is taken

    def beside(self, row: VendorMember) -> object:
        return getattr(row, "active_store", None)


CHANGES = {key: EXAMPLE[key] for key in ("role", "title", "is_active")}


@extend_schema_serializer(
    examples=[
        OpenApiExample("Somebody who sells", EXAMPLE, response_only=True),
        OpenApiExample("Changes", CHANGES, request_only=True),
    ]
)
class MemberChangesSerializer(MemberSerializer):
    class Meta(MemberSerializer.Meta):
        read_only_fields = ["vendor", "user", "email", "invite_status"]

    vendor: Any = serializers.PrimaryKeyRelatedField(read_only=True)


class ShopNameSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "From a shop",
            {
                "id": 21,
                "vendor": {"id": 7, "name": "Brick & Card"},
                "email": "bob@example.com",
                "role": "sales",
                "title": "Weekend stall",
                "invite_status": "pending",
                "created_at": "2026-11-20T09:30:00Z",
            },
            response_only=True,
        )
    ]
)
class InviteSerializer(Tagged, serializers.ModelSerializer):
    vendor = ShopNameSerializer(read_only=True)
    role = serializers.ChoiceField(choices=MEMBER_ROLES, read_only=True)

    class Meta:
        model = VendorMember
        fields = ["id", "vendor", "email", "role", "title", "invite_status", "created_at"]
        read_only_fields = fields

    def beside(self, row: VendorMember) -> object:
        return row.vendor.name


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "In one shop",
            {
                "vendor": {"id": 7, "name": "Brick & Card"},
                "role": "sales",
                "abilities": ["catalog.read", "sales.write", "customers.write"],
            },
            response_only=True,
        )
    ]
)
class AbilitiesSerializer(serializers.Serializer):
    vendor = ShopNameSerializer(source="*")
    role = serializers.ChoiceField(choices=Role.choices)
    abilities = serializers.SerializerMethodField()

    def get_abilities(self, vendor: Vendor) -> list[Ability]:
        found: Any = vendor
        return abilities_of(found.role)
