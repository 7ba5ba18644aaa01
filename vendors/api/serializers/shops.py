from drf_spectacular.utils import OpenApiExample, extend_schema_serializer

from core.conditional import Tagged
from core.serializers import StrictIntegerField, StrictModelSerializer, StrictSerializer
from vendors.models import Vendor

EXAMPLE = {
    "id": 7,
    "name": "Brick & Card",
    "slug": "brick-card",
    "description": "LEGO and trading cards, bought and sold.",
    "contact_info": "hello@brick-and-card.example",
    "currency": "USD",
    "owner": 3,
    "is_active": True,
    "require_if_match": False,
    "created_at": "2026-11-20T09:30:00Z",
    "updated_at": "2026-11-20T09:30:00Z",
}
WRITTEN = {key: EXAMPLE[key] for key in ("name", "description", "contact_info", "currency")}


@extend_schema_serializer(
    examples=[
        OpenApiExample("A shop", EXAMPLE, response_only=True),
        OpenApiExample("A shop", WRITTEN, request_only=True),
    ]
)
class VendorSerializer(Tagged, StrictModelSerializer):
    class Meta:
        model = Vendor
        fields = [
            "id", "name", "slug", "description", "contact_info", "currency", "owner",
            "is_active", "require_if_match", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = ["slug", "owner"]


@extend_schema_serializer(
    examples=[OpenApiExample("To a member, by account", {"user": 12}, request_only=True)]
)
class TransferSerializer(StrictSerializer):
    user = StrictIntegerField(min_value=1, max_value=2**63 - 1)
