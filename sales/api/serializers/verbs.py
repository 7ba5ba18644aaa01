"""What is said with the verbs of an order, and with a sale over the counter."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.fields import validate_currency, validate_past
from core.serializers import ScopedRelatedField, StrictSerializer
from inventory.enums import Reason
from sales.api.serializers.examples import FULFIL, ONE_LINE, RETURN, SALE
from sales.api.serializers.orders import (
    OrderLineSerializer,
    reference,
    require_line,
    several,
    units,
)
from sales.enums import CancelReason
from sales.models import MAX_SKU, OrderLine
from sales.selectors import get_customers_for_user
from sales.services import Returned
from vendors.selectors import get_stores_for_user, get_vendors_for_user

# The other words for what a line says: those of document 003.
_WORDS = {"product": "item", "price": "unit_price"}
_ONE_LINE = {"item_id", "sku", "quantity", "unit_price", "tax_rate", "lot_id"}


def _asked(name: str, value: Any) -> Any:
    return extend_schema_serializer(examples=[OpenApiExample(name, value, request_only=True)])


def _amount(**options: Any) -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=14, decimal_places=2, min_value=Decimal(0), required=False, **options
    )


def _moment(**options: Any) -> serializers.DateTimeField:
    """When it was; what has not come yet has not happened."""
    return serializers.DateTimeField(required=False, validators=[validate_past], **options)


class PartialSerializer(StrictSerializer):
    """So many units of a line."""

    line = reference(required=True)
    quantity = units()


class ReturnedUnitsSerializer(PartialSerializer):
    write_off = serializers.ChoiceField(
        choices=Reason.choices, required=False, help_text="Not into stock, for this reason."
    )
    refund = _amount(help_text="With tax; what was paid for the units unless told.")


class OfOrderSerializer(StrictSerializer):
    """The order is the `instance`: lines must be its own."""

    def own(self, parts: Iterable[dict[str, Any]]) -> list[OrderLine]:
        """For each part its line."""
        order: Any = self.instance
        lines: dict[int, OrderLine] = {line.pk: line for line in order.lines.all()}
        text = _("The order has no such line.")
        faults = [{} if part["line"] in lines else {"line": text} for part in parts]
        if any(faults):
            raise serializers.ValidationError(faults, "does_not_exist")
        return [lines[part["line"]] for part in parts]


@_asked("One of two, in a parcel", FULFIL)
class FulfilSerializer(OfOrderSerializer):
    lines = several(
        PartialSerializer,
        required=False,
        allow_empty=False,
        help_text="All that is left, unless told.",
    )
    carrier = serializers.CharField(max_length=60, required=False, allow_blank=True)
    tracking_number = serializers.CharField(max_length=100, required=False, allow_blank=True)
    fulfilled_at = _moment(help_text="Now unless told.")

    def validate_lines(self, parts: list[dict[str, Any]]) -> dict[int, int]:
        """Units by line; of one named twice the sum."""
        sent: dict[int, int] = {}
        for line, part in zip(self.own(parts), parts, strict=True):
            sent[line.pk] = sent.get(line.pk, 0) + part["quantity"]
        return sent


@_asked("Out of stock", {"reason": "out_of_stock"})
class CancelSerializer(StrictSerializer):
    reason = serializers.ChoiceField(
        choices=CancelReason.choices,
        required=False,
        help_text="`customer` unless told; not kept when only the rest is given up.",
    )


@_asked("One into stock, one to the write-offs", RETURN)
class GiveBackSerializer(OfOrderSerializer):
    lines = several(ReturnedUnitsSerializer, allow_empty=False)
    note = serializers.CharField(max_length=500, required=False, allow_blank=True)
    returned_at = _moment(help_text="Now unless told.")

    def validate_lines(self, parts: list[dict[str, Any]]) -> list[Returned]:
        return [
            Returned(line, part["quantity"], part.get("write_off", ""), part.get("refund"))
            for line, part in zip(self.own(parts), parts, strict=True)
        ]


@extend_schema_serializer(
    examples=[
        OpenApiExample("Two lines", SALE, request_only=True),
        OpenApiExample("One line", ONE_LINE, request_only=True),
    ]
)
class SaleSerializer(StrictSerializer):
    """`lines`, or what one line says."""

    vendor = ScopedRelatedField(
        selector=get_vendors_for_user, required=False, help_text="Your active one unless named."
    )
    customer = ScopedRelatedField(selector=get_customers_for_user, required=False, allow_null=True)
    store = ScopedRelatedField(
        selector=get_stores_for_user, required=False, help_text="Where you work, unless named."
    )
    currency = serializers.CharField(
        required=False, validators=[validate_currency], help_text="The vendor's unless told."
    )
    lines = several(OrderLineSerializer, required=False, allow_empty=False)
    item = reference(source="item_id", help_text="Or `sku`, instead of `lines`.")
    sku = serializers.CharField(max_length=MAX_SKU, required=False)
    quantity = units(required=False)
    unit_price = _amount(help_text="Without tax. The item's value unless told.")
    tax_rate = serializers.DecimalField(
        max_digits=5, decimal_places=2, min_value=Decimal(0), max_value=Decimal(100),
        required=False, help_text="Percent. The shop's unless told.",
    )  # fmt: skip
    lot = reference(source="lot_id", allow_null=True)
    discount = _amount(help_text="Off the whole sale.")
    fees = _amount(help_text="What the marketplace keeps.")
    postage = _amount(help_text="What sending cost the shop.")
    channel = serializers.CharField(max_length=40, required=False, allow_blank=True)
    notes = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    sold_at = _moment(help_text="Now unless told.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """`lines` in any case; `flat` where one was said without them: what it was said in by our
        names for it."""
        one = {name: attrs.pop(name) for name in _ONE_LINE & attrs.keys()}
        if one and "lines" in attrs:
            text = _("Give lines, or what one line says: not both.")
            raise serializers.ValidationError({"lines": text}, "both")
        if "lines" not in attrs:
            attrs["lines"] = [require_line(one)]
        return {**attrs, "flat": {} if one else None}


@_asked("In their words", {"product": 4711, "quantity": 1, "price": "120.00", "customer": 12})
class ProductSaleSerializer(SaleSerializer):
    """One line may be said as the clients of document 003 say it."""

    product = reference(source="item_id", help_text="The same as `item`.")
    price = _amount(source="unit_price", help_text="The same as `unit_price`.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One word for one thing: of two that differ one would be lost."""
        said = {ours: word for word, ours in _WORDS.items() if word in self.initial_data}
        text = _("Give this or %(name)s: not both.")
        if both := {
            said[ours]: text % {"name": ours} for ours in said if ours in self.initial_data
        }:
            raise serializers.ValidationError(both, "both")
        attrs = super().validate(attrs)
        return {**attrs, "flat": said or attrs["flat"]}

    def validate_price(self, price: Decimal) -> Decimal:
        if price <= 0:
            raise serializers.ValidationError(_("Price must be positive"), "min_value")
        return price
