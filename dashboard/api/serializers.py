from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from core.fields import validate_currency
from core.models import AuditLog
from core.serializers import StrictSerializer
from inventory.api.serializers import CollectibleSerializer


class SummaryQuerySerializer(StrictSerializer):
    vendor = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    as_of = serializers.DateTimeField(required=False, help_text="As it was at this time.")
    known_at = serializers.DateTimeField(
        required=False, help_text="By what was recorded until this time."
    )


class ValuationQuerySerializer(SummaryQuerySerializer):
    currency = serializers.CharField(
        required=False, validators=[validate_currency], help_text="The vendor's."
    )
    months = serializers.IntegerField(
        default=12, min_value=1, max_value=120, help_text="How far back `history` goes."
    )


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
    total_value = _money("Sum of value, whatever the currency.", "catalog.total_value")
    total_stock_value = _money("Sum of value × quantity, likewise.", "catalog.total_stock_value")
    total_units = _number("catalog.total_units")
    low_stock = _number("catalog.low_stock")
    items_this_month = _number("catalog.items_this_month", help_text="Of the last 30 days.")
    items_by_category = CategoryCountSerializer(many=True, source="catalog.items_by_category")
    recent_items = CollectibleSerializer(many=True, source="catalog.recent_items")


class AuditObjectSerializer(serializers.Serializer):
    type = serializers.CharField(source="object_type")
    id = serializers.CharField(source="object_id")


@extend_schema_field({"type": ["object", "null"], "additionalProperties": True})
class ChangedFieldsField(serializers.JSONField):
    """The fields that changed, by name; null where there are none."""


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A price was changed",
            {
                "id": 90210,
                "type": "catalog",
                "user": "ann",
                "action": "changed item “Black Lotus”",
                "timestamp": "2026-11-20T09:30:00Z",
                "ip_address": "203.0.113.7",
                "object": {"type": "collectible", "id": "18"},
                "before": {"value": "7400.00"},
                "after": {"value": "7900.00"},
                "request_id": "0b6f3c1e5d0f4a7f9a4d0c9d4f4f0f11",
                "details": "",
                "actor": 3,
                "vendor": 7,
            },
        ),
        OpenApiExample(
            "An import ended, in the worker",
            {
                "id": 90211,
                "type": "import",
                "user": "ann",
                "action": "completed import of “lego.csv”",
                "timestamp": "2026-11-20T09:31:12Z",
                "ip_address": None,
                "object": {"type": "importjob", "id": "4"},
                "before": None,
                "after": {
                    "total": 120, "processed": 120, "created": 100, "updated": 12,
                    "unchanged": 7, "failed": 1,
                },
                "request_id": "5f6a0e8a-7c0e-4d1e-9f0c-3a8e1f6b2d11",
                "details": "",
                "actor": 3,
                "vendor": 7,
            },
        ),
    ]
)  # fmt: skip
class AuditLogSerializer(serializers.ModelSerializer):
    object = serializers.SerializerMethodField()
    before = ChangedFieldsField()
    after = ChangedFieldsField()
    # The ids as they are kept: what they point to may be gone.
    actor = serializers.IntegerField(source="actor_id", allow_null=True)
    vendor = serializers.IntegerField(source="vendor_id", allow_null=True)

    class Meta:
        model = AuditLog
        fields = [
            "id", "type", "user", "action", "timestamp", "ip_address", "object", "before", "after",
            "request_id", "details", "actor", "vendor",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(AuditObjectSerializer(allow_null=True))
    def get_object(self, entry: AuditLog) -> Any:
        return AuditObjectSerializer(entry).data if entry.object_type else None


def _figure(help_text: str = "", **options: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=30, decimal_places=2, help_text=help_text, **options)


class HoldingSerializer(serializers.Serializer):
    units = serializers.IntegerField(help_text="On hand: what is in transit is in no store.")
    cost_on_hand = _figure("What the units cost, landed.")
    market_value = _figure(
        "Of the units on hand, not of those in transit; by the newest valuation of each item."
    )
    unrealised_gain = _figure("Of the units that were ever valued.")
    return_on_investment = serializers.DecimalField(
        max_digits=30, decimal_places=4, allow_null=True, help_text="0.25: worth a quarter more."
    )
    unvalued_units = serializers.IntegerField(help_text="Of items without a valuation.")
    holding_days = serializers.DecimalField(
        max_digits=12, decimal_places=1, allow_null=True, help_text="Of a unit, on average."
    )


class ShareSerializer(HoldingSerializer):
    id = serializers.IntegerField(allow_null=True)
    name = serializers.CharField(allow_null=True)


class PointSerializer(serializers.Serializer):
    at = serializers.DateTimeField()
    units = serializers.IntegerField()
    cost_on_hand = _figure()
    market_value = _figure()


_HOLDING = {
    "units": 4,
    "cost_on_hand": "16.00",
    "market_value": "52.00",
    "unrealised_gain": "36.00",
    "return_on_investment": "2.2500",
    "unvalued_units": 0,
    "holding_days": "50.0",
}


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Four units of one item",
            {
                **_HOLDING,
                "currency": "USD",
                "as_of": "2026-11-20T09:30:00Z",
                "known_at": None,
                "units_in_transit": 1,
                "cost_in_transit": "4.00",
                "cost_of_goods_sold": "13.00",
                "realised_gain": "8.50",
                "written_off": "0.00",
                "by_category": [{**_HOLDING, "id": 12, "name": "Star Wars"}],
                "by_store": [{**_HOLDING, "id": 9, "name": "Main store"}],
                "history": [
                    {
                        "at": "2026-11-20T09:30:00Z",
                        "units": 4,
                        "cost_on_hand": "16.00",
                        "market_value": "52.00",
                    }
                ],
                "others": ["EUR"],
            },
        )
    ]
)
class ValuationFiguresSerializer(HoldingSerializer):
    currency = serializers.CharField()
    as_of = serializers.DateTimeField()
    known_at = serializers.DateTimeField(allow_null=True)
    units_in_transit = serializers.IntegerField(
        help_text="Sent to another store and not received until then; in no other figure."
    )
    cost_in_transit = _figure(
        "What those cost. With `cost_on_hand`, `cost_of_goods_sold` and `written_off` it comes to "
        "the cost of all that ever came in."
    )
    cost_of_goods_sold = _figure("Of what was sold until then, less what was returned.")
    realised_gain = _figure("The profit of what was sold until then, where its cost is known.")
    written_off = _figure("Write-offs, and units lost by count.")
    by_category = ShareSerializer(many=True)
    by_store = ShareSerializer(many=True)
    history = PointSerializer(many=True)
    others = serializers.ListField(
        child=serializers.CharField(), help_text="Currencies of stock that is not in the figures."
    )
