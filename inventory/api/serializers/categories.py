from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.conditional import Tagged
from core.serializers import ScopedRelatedField, StrictModelSerializer
from inventory.models import Category
from inventory.selectors import get_categories_for_user
from vendors.api.serializers import VendorField


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A category",
            {
                "id": 12,
                "vendor": 7,
                "name": "Star Wars",
                "slug": "star-wars",
                "parent": None,
                "item_count": 607,
                "created_at": "2026-11-20T09:30:00Z",
                "updated_at": "2026-11-20T09:30:00Z",
            },
            response_only=True,
        ),
        OpenApiExample("A branch", {"name": "Minifigures", "parent": 12}, request_only=True),
    ]
)
class CategorySerializer(Tagged, StrictModelSerializer):
    vendor = VendorField(stays=gettext_lazy("A category stays with its vendor."))
    parent = ScopedRelatedField(  # type: ignore[assignment]
        selector=get_categories_for_user, required=False, allow_null=True
    )
    item_count = serializers.IntegerField(read_only=True, default=0)

    class Meta:
        model = Category
        fields = [
            "id", "vendor", "name", "slug", "parent", "item_count", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = ["slug"]
        validators: list[object] = []  # the database decides what is taken

    def beside(self, row: Category) -> object:
        return getattr(row, "item_count", 0)
