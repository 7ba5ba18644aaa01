from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.conditional import Tagged
from core.serializers import ScopedRelatedField, StrictModelSerializer, StrictSerializer
from vendors.api.serializers.fields import VendorField
from vendors.models import VendorStore
from vendors.selectors import get_stores_for_user, get_vendors_for_user

EXAMPLE = {
    "id": 9,
    "vendor_id": 7,
    "name": "Main store",
    "slug": "main-store",
    "type": "retail",
    "address": "1 Harbour Street",
    "currency": "USD",
    "is_active": True,
    "is_default": True,
}
WRITTEN = {key: EXAMPLE[key] for key in ("vendor_id", "name", "type", "address", "currency")}


@extend_schema_serializer(
    examples=[
        OpenApiExample("A store", EXAMPLE, response_only=True),
        OpenApiExample("A store", WRITTEN, request_only=True),
    ]
)
class StoreSerializer(Tagged, StrictModelSerializer):
    vendor_id = VendorField(
        stays=gettext_lazy("A store stays with its vendor."),
        source="vendor",
        help_text="The one you work in, unless named.",
    )

    class Meta:
        model = VendorStore
        fields = [
            "id", "vendor_id", "name", "slug", "type", "address", "currency", "is_active",
            "is_default",
        ]  # fmt: skip
        read_only_fields = ["slug"]
        validators: list[object] = []  # the database decides what is taken


@extend_schema_serializer(
    examples=[OpenApiExample("A shop and its store", {"vendor": 7, "store": 9}, request_only=True)]
)
class VendorSelectSerializer(StrictSerializer):
    vendor = ScopedRelatedField(selector=get_vendors_for_user)
    store = ScopedRelatedField(selector=get_stores_for_user, required=False)


@extend_schema_serializer(examples=[OpenApiExample("A store", {"store": 9}, request_only=True)])
class StoreSelectSerializer(StrictSerializer):
    store = ScopedRelatedField(selector=get_stores_for_user)


class ChosenVendorSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    slug = serializers.CharField()


class ChosenStoreSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    vendor_id = serializers.IntegerField()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Where you work now",
            {
                "active_vendor": {"id": 7, "name": "Brick & Card", "slug": "brick-card"},
                "active_store": {"id": 9, "name": "Main store", "vendor_id": 7},
            },
            response_only=True,
        )
    ]
)
class ChosenSerializer(serializers.Serializer):
    active_vendor = ChosenVendorSerializer()
    active_store = ChosenStoreSerializer(allow_null=True)
