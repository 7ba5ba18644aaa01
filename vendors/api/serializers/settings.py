from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.conditional import Tagged
from core.etags import digest
from core.fields import validate_currency
from core.serializers import StrictIntegerField, StrictSerializer
from vendors.enums import SettingsScope
from vendors.models import INHERITED, MAX_EXPIRY_MINUTES, MAX_THRESHOLD, OF_THE_SHOP
from vendors.selectors import SettingsSheet

VALUES = {
    "currency": "USD",
    "require_if_match": False,
    "low_stock_threshold": 3,
    "order_expiry_minutes": 1440,
    "default_tax_rate": "19.00",
    "order_confirmations": True,
}
EXAMPLE = {
    "scope": "vendor", "vendor": 7, **VALUES,
    "inherited": ["order_expiry_minutes", "order_confirmations"],
    "updated_at": "2026-11-20T09:30:00Z",
}  # fmt: skip


def _rate(**options: Any) -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=5, decimal_places=2, help_text="Per cent, of lines that name none.", **options
    )


@extend_schema_serializer(examples=[OpenApiExample("A shop's", EXAMPLE, response_only=True)])
class SettingsSerializer(Tagged, serializers.Serializer):
    """What holds, and what of it comes from above."""

    scope = serializers.SerializerMethodField()
    vendor = serializers.IntegerField(source="vendor_id", allow_null=True)
    currency = serializers.CharField()
    require_if_match = serializers.BooleanField()
    low_stock_threshold = serializers.IntegerField()
    order_expiry_minutes = serializers.IntegerField()
    default_tax_rate = _rate()
    order_confirmations = serializers.BooleanField()
    inherited = serializers.ListField(child=serializers.CharField())
    updated_at = serializers.DateTimeField(allow_null=True)

    def get_scope(self, sheet: SettingsSheet) -> SettingsScope:
        return SettingsScope.PLATFORM if sheet.vendor_id is None else SettingsScope.VENDOR

    def version_of(self, row: Any) -> object:
        """What a write replaces: of the shop itself these two, and not its name."""
        return digest([row.version, row.currency, row.require_if_match])[:16]

    def beside(self, row: Any) -> object:
        return asdict(row)


class StrictBooleanField(serializers.BooleanField):
    """true or false: no words, no numbers."""

    def to_internal_value(self, data: Any) -> bool:
        if type(data) is not bool:
            self.fail("invalid", input=data)
        return bool(data)


class WhoseSerializer(serializers.Serializer):
    """Whose settings an address means."""

    vendor = serializers.IntegerField(required=False, help_text="Another shop of yours.")
    scope = serializers.ChoiceField(
        choices=SettingsScope.choices, required=False,
        help_text="`platform`: what shops inherit; for its administrators.",
    )  # fmt: skip

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "vendor" in attrs and attrs.get("scope") == SettingsScope.PLATFORM:
            text = _("The platform's settings are no shop's.")
            raise serializers.ValidationError({"vendor": text}, "contradiction")
        return attrs


@extend_schema_serializer(
    examples=[
        OpenApiExample("Some settled", {"low_stock_threshold": 3, "default_tax_rate": "19.00"})
    ]
)
class SettingsChangesSerializer(StrictSerializer):
    """Null, or left out of a PUT, is inherited again."""

    currency = serializers.CharField(
        max_length=3, required=False, allow_null=True, validators=[validate_currency],
        help_text="Of new items; the platform's of new shops.",
    )  # fmt: skip
    require_if_match = StrictBooleanField(
        required=False, allow_null=True,
        help_text="Whether changes need `If-Match`; the platform's is for new shops.",
    )  # fmt: skip
    low_stock_threshold = StrictIntegerField(
        min_value=0, max_value=MAX_THRESHOLD, required=False, allow_null=True,
        help_text="Of new items: at how many units stock is low.",
    )  # fmt: skip
    order_expiry_minutes = StrictIntegerField(
        min_value=1, max_value=MAX_EXPIRY_MINUTES, required=False, allow_null=True,
        help_text="How long stock is held for an order that nobody confirms.",
    )  # fmt: skip
    default_tax_rate = _rate(min_value=0, max_value=100, required=False, allow_null=True)
    order_confirmations = StrictBooleanField(
        required=False, allow_null=True, help_text="Mail customers when their order is placed."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Every setting that goes back to what is inherited stands in it as None."""
        of_a_shop = self.context["sheet"].vendor_id is not None
        if of_a_shop and (missing := [n for n in OF_THE_SHOP if attrs.get(n, "") is None]):
            text = _("A shop has its own: there is nothing to inherit.")
            raise serializers.ValidationError(dict.fromkeys(missing, text), "null")
        left_out = () if self.partial else INHERITED if of_a_shop else self.fields
        return {**dict.fromkeys(left_out), **attrs}
