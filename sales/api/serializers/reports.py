from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.fields import validate_currency
from core.serializers import StrictSerializer
from sales.enums import ReportBy

EXAMPLE = {
    "id": 4711,
    "sku": "75192-1",
    "name": "Millennium Falcon",
    "units": 3,
    "returned": 1,
    "orders": 4,
    "revenue": "2549.97",
    "refunds": "849.99",
    "cost": "1800.00",
    "fees": "331.50",
    "postage": "45.00",
    "profit": "373.47",
    "margin": "14.65",
    "uncosted_units": 0,
}
TOTAL = {**EXAMPLE, "id": None, "sku": None, "name": None}


class SalesReportQuerySerializer(StrictSerializer):
    by = serializers.ChoiceField(choices=ReportBy.choices, default=ReportBy.DAY)
    vendor = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    currency = serializers.CharField(
        required=False, validators=[validate_currency], help_text="The vendor's."
    )
    until = serializers.DateTimeField(
        required=False, help_text="Before this day or time, and not on it."
    )
    as_of = serializers.DateTimeField(required=False, help_text="What had happened by this time.")
    known_at = serializers.DateTimeField(
        required=False, help_text="By what was recorded until this time."
    )

    def get_fields(self) -> dict[str, Any]:
        """With `from`, which Python has for itself."""
        since = serializers.DateTimeField(
            required=False, source="since", help_text="From this day (midnight UTC) or time on."
        )
        return {**super().get_fields(), "from": since}


def _money(help_text: str = "") -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=30, decimal_places=2, help_text=help_text)


@extend_schema_serializer(examples=[OpenApiExample("An item", EXAMPLE)])
class SalesRowSerializer(serializers.Serializer):
    id = serializers.IntegerField(
        allow_null=True, help_text="Of the item, category or customer; null for none."
    )
    sku = serializers.CharField(allow_null=True, help_text="Of the item, when it was sold.")
    name = serializers.CharField(
        allow_null=True,
        help_text="The day (`2026-11-20`, UTC), the item as it was called when it was sold, the "
        "category, customer or channel; null for none.",
    )
    units = serializers.IntegerField(help_text="Sold, less those that came back.")
    returned = serializers.IntegerField()
    orders = serializers.IntegerField(help_text="In which something was sold.")
    revenue = _money("Without tax, less `refunds`.")
    refunds = _money("Paid back, without tax.")
    cost = _money("Of the units whose cost is known in the currency.")
    fees = _money()
    postage = _money()
    profit = _money("Of the units whose cost is known: revenue less cost, fees and postage.")
    margin = serializers.DecimalField(
        max_digits=30, decimal_places=2, allow_null=True,
        help_text="Profit in percent of the revenue it was made with.",
    )  # fmt: skip
    uncosted_units = serializers.IntegerField(
        help_text="Bought in another currency: their revenue is there, and they are in no profit."
    )
