from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.serializers import StrictSerializer
from inventory.api.serializers import CollectibleSerializer


class SummaryQuerySerializer(StrictSerializer):
    vendor = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)


class CategoryCountSerializer(serializers.Serializer):
    category = serializers.CharField(source="category_name", allow_null=True)
    count = serializers.IntegerField()


def _money(help_text: str, source: str) -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=30, decimal_places=2, help_text=help_text, source=source
    )


def _number(source: str, **kwargs: Any) -> serializers.IntegerField:
    return serializers.IntegerField(source=source, **kwargs)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A collection",
            {
                "total_items": 7577,
                "total_vendors": 1,
                "total_value": "219184.23",
                "total_stock_value": "219184.23",
                "total_units": 7577,
                "low_stock": 7577,
                "items_this_month": 7577,
                "items_by_category": [
                    {"category": "Star Wars", "count": 591},
                    {"category": None, "count": 3},
                ],
                "recent_items": [],
            },
        )
    ]
)
class DashboardSummarySerializer(serializers.Serializer):
    total_items = _number("catalog.total_items")
    total_vendors = serializers.IntegerField()
    total_value = _money("The sum of the items' values.", "catalog.total_value")
    total_stock_value = _money("The sum of value × quantity.", "catalog.total_stock_value")
    total_units = _number("catalog.total_units")
    low_stock = _number("catalog.low_stock")
    items_this_month = _number("catalog.items_this_month", help_text="Of the last 30 days.")
    items_by_category = CategoryCountSerializer(many=True, source="catalog.items_by_category")
    recent_items = CollectibleSerializer(many=True, source="catalog.recent_items")
