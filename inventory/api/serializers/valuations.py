from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.fields import validate_past
from core.serializers import RowsField, ScopedRelatedField, StrictModelSerializer, StrictSerializer
from inventory.models import Valuation
from inventory.selectors import get_collectibles_for_user

EXAMPLE = {
    "id": 77,
    "item": 4711,
    "amount": "899.00",
    "currency": "USD",
    "source": "BrickLink, 6-month average",
    "valued_at": "2026-11-01T00:00:00Z",
    "recorded_at": "2026-11-20T09:30:00Z",
}
WRITTEN = {key: EXAMPLE[key] for key in ("amount", "source", "valued_at")}


@extend_schema_serializer(
    examples=[
        OpenApiExample("A valuation", EXAMPLE, response_only=True),
        OpenApiExample("A valuation", WRITTEN, request_only=True),
    ]
)
class ValuationSerializer(StrictModelSerializer):
    """What one unit of an item was worth at a time; in the item's currency, now, unless told."""

    class Meta:
        model = Valuation
        fields = list(EXAMPLE)
        read_only_fields = ["item", "recorded_at"]
        extra_kwargs = {
            "currency": {"required": False},
            "valued_at": {"validators": [validate_past]},
        }


class ValuedItemSerializer(ValuationSerializer):
    item = ScopedRelatedField(selector=get_collectibles_for_user)

    class Meta(ValuationSerializer.Meta):
        fields = ["item", "amount", "currency", "source", "valued_at"]
        read_only_fields: list[str] = []


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Two items", {"valuations": [{"item": 4711, **WRITTEN}, {"item": 4712, **WRITTEN}]}
        )
    ]
)
class BulkValuationSerializer(StrictSerializer):
    valuations = RowsField(child=ValuedItemSerializer(), min_length=1, max_length=1000)


@extend_schema_serializer(
    examples=[OpenApiExample("One item", {"valuations": [EXAMPLE]}, response_only=True)]
)
class BulkValuedSerializer(serializers.Serializer):
    valuations = ValuationSerializer(many=True)
