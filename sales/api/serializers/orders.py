"""Orders, as they are told and as they are written down. Money as text with two places."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.conditional import Tagged
from core.fields import validate_currency
from core.money import ZERO
from core.representation import Compiled, CompiledList
from core.serializers import ScopedRelatedField, StrictIntegerField, StrictModelSerializer
from sales.api.serializers.examples import DRAFT, ORDER, WRITTEN
from sales.enums import CancelReason
from sales.lifecycle import allowed
from sales.models import MAX_SKU, MAX_UNITS, Fulfilment, Order, OrderLine, OrderReturn
from sales.selectors import get_customers_for_user
from vendors.api.serializers import VendorField
from vendors.selectors import get_stores_for_user

MAX_LINES = 500
# The last zone in which a day is not over yet.
_LAST_ZONE = timedelta(hours=12)


def figure(**options: Any) -> serializers.DecimalField:
    """An amount that follows from others."""
    return serializers.DecimalField(
        max_digits=None, decimal_places=2, read_only=True, allow_null=True, **options
    )


def reference(**options: Any) -> StrictIntegerField:
    """An id that is looked up later, with those of all lines at once."""
    return StrictIntegerField(
        **{"min_value": 1, "max_value": 2**63 - 1, "required": False, **options}
    )


def units(**options: Any) -> StrictIntegerField:
    return StrictIntegerField(min_value=1, max_value=MAX_UNITS, **options)


def several(kind: type[serializers.Serializer], **options: Any) -> Any:
    """As many lines as an order may have."""
    return kind(**{"many": True, "max_length": MAX_LINES, **options})


def require_line(attrs: dict[str, Any]) -> dict[str, Any]:
    """Raises for a line that does not say what, or how many.

    DRF asks only the outermost serializer whether it is partial; a line never is.
    """
    needed = {"item": {"item_id", "sku"}, "quantity": {"quantity"}}
    missing = [name for name, either in needed.items() if not either & attrs.keys()]
    if missing:
        text = _("This field is required.")
        raise serializers.ValidationError(dict.fromkeys(missing, text), "required")
    return attrs


class OrderLineSerializer(Compiled, StrictModelSerializer):
    item = reference(source="item_id", help_text="Or `sku`.")
    sku = serializers.CharField(
        max_length=MAX_SKU, required=False, help_text="Of the shop; read as it was then."
    )
    lot = reference(
        source="lot_id", allow_null=True, help_text="The lot to take; the oldest unless named."
    )
    quantity = units()
    total = figure(help_text="What the customer pays for it, with tax.")
    cost = figure(
        source="known_cost",
        help_text="Of what was sold; null where nothing was, or bought in another currency.",
    )
    profit = figure(help_text="`revenue - cost - fees - postage`; null where `cost` is.")
    margin = figure(help_text="The profit in percent of the revenue.")

    class Meta:
        model = OrderLine
        fields = [
            "id", "item", "lot", "sku", "name", "quantity", "cancelled", "unit_price",
            "discount", "order_discount", "tax_rate", "tax", "total", "fulfilled", "returned",
            "revenue", "refunded", "cost", "fees", "postage", "profit", "margin",
        ]  # fmt: skip
        read_only_fields = ["name", "order_discount", "tax"]
        validators: list[object] = []
        extra_kwargs = {
            "unit_price": {"help_text": "Without tax. The item's value unless told."},
            "discount": {"help_text": "Off the whole line."},
            "tax_rate": {"help_text": "Percent. The shop's unless told."},
        }

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return require_line(attrs)


@dataclass
class Part:
    """What became of a line: how many units, and what was paid back for them."""

    line: int
    quantity: int = 0
    refund: Decimal = ZERO


class PartSerializer(Compiled, serializers.Serializer):
    line = serializers.IntegerField(read_only=True)
    quantity = serializers.IntegerField(read_only=True)


class ReturnedPartSerializer(PartSerializer):
    refund = serializers.DecimalField(
        max_digits=20, decimal_places=2, read_only=True, help_text="With tax."
    )


class _TogetherSerializer(CompiledList):
    """What left or came back together, each with its part of the lines: of several lots a line has
    several entries. All of an order's are gone through once."""

    def to_representation(self, data: Any) -> list[Any]:
        meta: Any = self.child.Meta
        parts: dict[int | None, dict[int, Part]] = defaultdict(dict)
        for entry in data.instance.entries.all():
            of = parts[getattr(entry, meta.entries_by)]
            part = of.setdefault(entry.line_id, Part(entry.line_id))
            part.quantity += abs(entry.units)
            part.refund -= entry.revenue + entry.tax
        rows = list(data.all())
        for row in rows:
            row.lines = [part for _line, part in sorted(parts[row.pk].items())]
        return super().to_representation(rows)


class FulfilmentSerializer(Compiled, serializers.ModelSerializer):
    lines = PartSerializer(many=True, read_only=True)

    class Meta:
        model = Fulfilment
        fields = ["id", "carrier", "tracking_number", "fulfilled_at", "lines"]
        list_serializer_class = _TogetherSerializer
        entries_by = "fulfilment_id"


class OrderReturnSerializer(Compiled, serializers.ModelSerializer):
    lines = ReturnedPartSerializer(many=True, read_only=True)

    class Meta:
        model = OrderReturn
        fields = ["id", "refund", "note", "returned_at", "lines"]
        list_serializer_class = _TogetherSerializer
        entries_by = "order_return_id"


@extend_schema_serializer(
    examples=[
        OpenApiExample("Sold, and one came back", ORDER, response_only=True),
        OpenApiExample("A draft", DRAFT, response_only=True),
        OpenApiExample("Two lines for a customer", WRITTEN, request_only=True),
    ]
)
class OrderSerializer(Compiled, Tagged, StrictModelSerializer):
    vendor = VendorField(
        stays=gettext_lazy("An order stays with its shop."),
        help_text="Your active vendor when left out; cannot be changed later.",
    )
    customer = ScopedRelatedField(selector=get_customers_for_user, required=False, allow_null=True)
    store = ScopedRelatedField(
        selector=get_stores_for_user,
        required=False,
        help_text="Where the units are taken from: where you work, unless named.",
    )
    currency = serializers.CharField(
        required=False,
        validators=[validate_currency],
        help_text="The vendor's unless told.",
    )
    lines = several(OrderLineSerializer, help_text="If given, they replace all there are.")
    cancel_reason = serializers.ChoiceField(
        choices=CancelReason.choices, read_only=True, allow_blank=True
    )
    cost = figure(help_text="Of what was sold; null where nothing was, or a line's is not known.")
    profit = figure(help_text="`revenue - cost - fees - postage`; null where `cost` is.")
    margin = figure(help_text="The profit in percent of the revenue.")
    net_proceeds = figure(
        help_text="`total - refunded - fees - postage`; null of what has not been sold."
    )
    fulfilments = FulfilmentSerializer(many=True, read_only=True)
    returns = OrderReturnSerializer(many=True, read_only=True)
    actions = serializers.SerializerMethodField()

    class Meta:
        model = Order
        fields = [
            "id", "vendor", "number", "status", "customer", "store", "lines", "subtotal",
            "discount", "tax", "fees", "postage", "total", "refunded", "cost", "profit", "margin",
            "net_proceeds", "currency", "channel", "notes", "is_gift", "gift_message",
            "preferred_delivery_date", "cancel_reason", "placed_at", "expires_at", "confirmed_at",
            "fulfilled_at", "completed_at", "cancelled_at", "fulfilments", "returns", "actions",
            "created_at", "updated_at",
        ]  # fmt: skip
        validators: list[object] = []

    def get_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().get_fields()
        fields["lines"].required = self.instance is None
        return fields

    def get_actions(self, row: Order) -> list[str]:
        """The verbs whose turn it is."""
        return allowed(row.status)

    def validate_preferred_delivery_date(self, day: date | None) -> date | None:
        told = self.instance is not None and day == self.instance.preferred_delivery_date
        if day and not told and day < (timezone.now() - _LAST_ZONE).date():
            raise serializers.ValidationError(_("This day is over."), "in_past")
        return day
