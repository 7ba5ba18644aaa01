"""Items as the clients of documents 001 and 003 call them: products."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.serializers import StrictIntegerField
from inventory.api.serializers.collectibles import EXAMPLE, CollectibleSerializer
from inventory.models import MAX_QUANTITY

_PRODUCT = {**EXAMPLE, "price": EXAMPLE["value"], "stock_quantity": EXAMPLE["quantity"]}
_WRITTEN = {"name": "Galaxy Explorer", "sku": "10497-1", "price": "110.00", "stock_quantity": 5}


@extend_schema_serializer(
    examples=[
        OpenApiExample("A product", _PRODUCT, response_only=True),
        OpenApiExample("In their words", _WRITTEN, request_only=True),
    ]
)
class ProductSerializer(CollectibleSerializer):
    price = serializers.DecimalField(
        source="value", max_digits=14, decimal_places=2, required=False,
        help_text="The item's `value`. Of both, the one that was changed counts, else this.",
    )  # fmt: skip
    stock_quantity = StrictIntegerField(
        source="quantity", max_value=MAX_QUANTITY, required=False,
        help_text="The item's `quantity`. Of both, the one that was changed counts, else this.",
    )  # fmt: skip

    class Meta(CollectibleSerializer.Meta):
        fields = [*CollectibleSerializer.Meta.fields, "price", "stock_quantity"]

    def to_internal_value(self, data: Any) -> Any:
        """What was read and is sent back does not speak against its other name."""
        if isinstance(data, dict) and self.instance is not None:
            item = self.instance
            read = {"price": item.value, "stock_quantity": item.quantity}
            data = {k: told for k, told in data.items() if k not in read or not _is(read[k], told)}
        return super().to_internal_value(data)

    def validate_price(self, price: Decimal) -> Decimal:
        if price <= 0:
            raise serializers.ValidationError(_("Price must be positive"), "min_value")
        return price

    def validate_stock_quantity(self, units: int) -> Any:
        if units < 0:
            raise serializers.ValidationError(_("Stock cannot be negative"), "min_value")
        return units


def _is(number: Decimal | int, told: Any) -> bool:
    """Whether it is told, in whatever form a client has kept it."""
    try:
        return not isinstance(told, bool) and number == Decimal(str(told))
    except InvalidOperation:
        return False
