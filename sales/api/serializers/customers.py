from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.conditional import Tagged
from core.serializers import StrictModelSerializer
from sales.models import Customer
from vendors.api.serializers import VendorField

EXAMPLE = {
    "id": 17,
    "vendor": 7,
    "name": "Ann Lee",
    "email": "ann@example.com",
    "phone": "+1 555 0100",
    "address": "1 Harbour Street, Newport",
    "notes": "Collects Star Wars before 2005.",
    "orders_count": 3,
    "total_spent": "1249.97",
    "last_order_at": "2026-11-20T09:30:00Z",
    "created_at": "2026-03-02T10:00:00Z",
    "updated_at": "2026-03-02T10:00:00Z",
}
WRITTEN = {key: EXAMPLE[key] for key in ("name", "email", "phone", "address", "notes")}


@extend_schema_serializer(
    examples=[
        OpenApiExample("A customer", EXAMPLE, response_only=True),
        OpenApiExample("All that is needed", {"name": "Ann Lee"}, request_only=True),
        OpenApiExample("More of them", WRITTEN, request_only=True),
    ]
)
class CustomerSerializer(Tagged, StrictModelSerializer):
    vendor = VendorField(
        stays=gettext_lazy("A customer stays with their vendor."),
        help_text="Your active vendor when left out; cannot be changed later.",
    )
    orders_count = serializers.IntegerField(
        read_only=True, help_text="Orders that were fulfilled, also if all came back."
    )
    total_spent = serializers.DecimalField(
        max_digits=20, decimal_places=2, read_only=True,
        help_text="On those in the shop's currency, with tax, less what was paid back.",
    )  # fmt: skip
    last_order_at = serializers.DateTimeField(read_only=True, allow_null=True)

    class Meta:
        model = Customer
        fields = [
            "id", "vendor", "name", "email", "phone", "address", "notes", "orders_count",
            "total_spent", "last_order_at", "created_at", "updated_at",
        ]  # fmt: skip

    def beside(self, row: Customer) -> object:
        """What they bought: their row does not move with it."""
        last = row.last_order_at
        return [row.orders_count, str(row.total_spent), last.isoformat() if last else None]
