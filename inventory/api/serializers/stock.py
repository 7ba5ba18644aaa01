"""What stock calls say and answer. Money as text with two places, times in UTC."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from core.conditional import Tagged
from core.fields import validate_currency, validate_past
from core.serializers import (
    ScopedRelatedField,
    StrictIntegerField,
    StrictSerializer,
)
from inventory.enums import LandedCost, Reason
from inventory.models import MAX_QUANTITY, StockLevel, StockLot, StockMovement, StockTransfer
from inventory.selectors import (
    get_collectibles_for_user,
    get_lots_for_user,
    get_movements_for_user,
)
from vendors.selectors import get_stores_for_user

_LATER = "2026-11-20T09:30:00Z"
MOVEMENT = {
    "id": 90001,
    "item": 4711,
    "store": 9,
    "lot": 512,
    "kind": "receipt",
    "quantity": 10,
    "unit_cost": "12.50",
    "cost": "125.00",
    "currency": "USD",
    "reason": "",
    "reference": "PO-1017",
    "note": "",
    "origin": None,
    "transfer": None,
    "actor": 3,
    "occurred_at": _LATER,
    "recorded_at": _LATER,
}
_LOST = MOVEMENT | {
    "id": 90002,
    "kind": "write_off",
    "quantity": -1,
    "unit_cost": "12.50",
    "cost": "-12.50",
    "reason": "stolen",
    "reference": "",
}
LOT = {
    "id": 512,
    "item": 4711,
    "store": 9,
    "received": 10,
    "remaining": 10,
    "unit_cost": "12.50",
    "landed_costs": [{"kind": "postage", "amount": "7.90"}],
    "landed_unit_cost": "13.29",
    "cost": "132.90",
    "remaining_cost": "132.90",
    "currency": "USD",
    "received_at": _LATER,
    "reference": "PO-1017",
    "origin": None,
}
TRANSFER = {
    "id": 31,
    "item": 4711,
    "from_store": 9,
    "to_store": 10,
    "quantity": 2,
    "status": "in_transit",
    "reference": "",
    "created_at": _LATER,
    "received_at": None,
}


LEVEL = {"item": 4711, "sku": "75192-1", "store": 9, "on_hand": 10, "allocated": 3, "available": 7}


def _shown(name: str, value: Any) -> Any:
    return extend_schema_serializer(examples=[OpenApiExample(name, value, response_only=True)])


def _amount(**options: Any) -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=14, decimal_places=2, min_value=Decimal(0), **options
    )


@_shown("A level", LEVEL)
class LevelSerializer(serializers.ModelSerializer):
    """`units` and `held` are the figures of the time that was asked for."""

    sku = serializers.CharField(source="item.sku")
    on_hand = serializers.IntegerField(source="units")
    allocated = serializers.IntegerField(source="held")
    available = serializers.SerializerMethodField()

    class Meta:
        model = StockLevel
        fields = ["item", "sku", "store", "on_hand", "allocated", "available"]

    def get_available(self, level: Any) -> int:
        return int(level.units - level.held)


@_shown("A receipt", MOVEMENT)
class MovementSerializer(Tagged, serializers.ModelSerializer):
    unit_cost = serializers.DecimalField(
        max_digits=20, decimal_places=2, help_text="Rounded; `cost` is exact."
    )
    currency = serializers.CharField(source="lot.currency")

    class Meta:
        model = StockMovement
        fields = list(MOVEMENT)

    def version_of(self, row: Any) -> object:
        """It is never changed."""
        return row.sequence


@_shown("A lot", LOT)
class LotSerializer(Tagged, serializers.ModelSerializer):
    landed_unit_cost = serializers.DecimalField(
        max_digits=20, decimal_places=2, help_text="Rounded; `cost` is exact."
    )

    class Meta:
        model = StockLot
        fields = list(LOT)

    def version_of(self, row: Any) -> object:
        """What has left it is all that changes."""
        return f"{row.remaining}-{row.remaining_cost}"


@_shown("On its way", TRANSFER)
class TransferSerializer(Tagged, serializers.ModelSerializer):
    class Meta:
        model = StockTransfer
        fields = list(TRANSFER)


class StoreAvailabilitySerializer(serializers.ModelSerializer):
    available = serializers.IntegerField()

    class Meta:
        model = StockLevel
        fields = ["store", "on_hand", "allocated", "available"]


@_shown(
    "In two stores",
    {
        "item": 4711,
        "on_hand": 12,
        "allocated": 3,
        "available": 9,
        "stores": [
            {"store": 9, "on_hand": 10, "allocated": 3, "available": 7},
            {"store": 10, "on_hand": 2, "allocated": 0, "available": 2},
        ],
    },
)
class StockAvailabilitySerializer(serializers.Serializer):
    item = serializers.IntegerField()
    on_hand = serializers.IntegerField()
    allocated = serializers.IntegerField()
    available = serializers.IntegerField()
    stores = StoreAvailabilitySerializer(many=True)


class DeedSerializer(StrictSerializer):
    """An item, and where: in the store the caller works in, unless one is named."""

    item = ScopedRelatedField(selector=get_collectibles_for_user)
    store = ScopedRelatedField(
        selector=get_stores_for_user, required=False, help_text="The one you work in, unless named."
    )
    reference = serializers.CharField(max_length=100, required=False)
    note = serializers.CharField(max_length=500, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        vendor = attrs["item"].vendor
        for name in ("store", "from_store", "to_store"):
            if name in attrs and attrs[name].vendor_id != vendor.pk:
                text = _("The item's vendor has no such store.")
                raise serializers.ValidationError({name: text}, "foreign")
        return attrs


class DatedSerializer(DeedSerializer):
    occurred_at = serializers.DateTimeField(
        required=False,
        validators=[validate_past],
        help_text="When it was: now, unless it was before.",
    )


def _units(**options: Any) -> StrictIntegerField:
    return StrictIntegerField(min_value=1, max_value=MAX_QUANTITY, **options)


class LandedCostSerializer(StrictSerializer):
    kind = serializers.ChoiceField(choices=LandedCost.choices)
    amount = _amount()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Ten for 12.50 each, and their postage",
            {
                "item": 4711,
                "quantity": 10,
                "unit_cost": "12.50",
                "landed_costs": [{"kind": "postage", "amount": "7.90"}],
                "reference": "PO-1017",
            },
            request_only=True,
        )
    ]
)
class ReceiveSerializer(DatedSerializer):
    quantity = _units()
    unit_cost = _amount()
    currency = serializers.CharField(
        required=False, validators=[validate_currency], help_text="The vendor's."
    )
    landed_costs = serializers.ListField(
        child=LandedCostSerializer(), max_length=20, required=False
    )


@_shown("A movement and its lot", {"movement": MOVEMENT, "lot": LOT})
class ReceivedSerializer(serializers.Serializer):
    movement = MovementSerializer()
    lot = LotSerializer()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "One fell off the shelf",
            {"item": 4711, "delta": -1, "reason": "damaged"},
            request_only=True,
        )
    ]
)
class AdjustSerializer(DatedSerializer):
    delta = StrictIntegerField(min_value=-MAX_QUANTITY, max_value=MAX_QUANTITY)
    reason = serializers.ChoiceField(choices=Reason.choices)
    unit_cost = _amount(required=False, help_text="Of units that were found; nothing unless given.")
    lot = ScopedRelatedField(
        selector=get_lots_for_user, required=False, help_text="Units are lost from the oldest."
    )

    def validate_delta(self, delta: int) -> int:
        if delta == 0:
            raise serializers.ValidationError(_("Nothing would change."), "no_change")
        return delta

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        """What is found is a lot of its own, and what is lost has its cost already."""
        idle = "lot" if data["delta"] > 0 else "unit_cost"
        if idle in data:
            text = _("This says nothing of units that are found or lost so.")
            raise serializers.ValidationError({idle: text})
        return super().validate(data)


@extend_schema_serializer(
    examples=[
        OpenApiExample("Counted", {"item": 4711, "quantity": 9, "expected": 10}, request_only=True)
    ]
)
class SetSerializer(DeedSerializer):
    quantity = StrictIntegerField(min_value=0, max_value=MAX_QUANTITY)
    expected = StrictIntegerField(
        min_value=0, max_value=MAX_QUANTITY, help_text="What you think is on hand now."
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Two to the market stall",
            {"item": 4711, "from_store": 9, "to_store": 10, "quantity": 2, "in_transit": True},
            request_only=True,
        )
    ]
)
class TransferRequestSerializer(DeedSerializer):
    store = note = None  # type: ignore[assignment]
    from_store = ScopedRelatedField(selector=get_stores_for_user)
    to_store = ScopedRelatedField(selector=get_stores_for_user)
    quantity = _units()
    in_transit = serializers.BooleanField(
        default=False, help_text="On its way until `stock/transfers/{id}/receive/`."
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Stolen", {"item": 4711, "quantity": 1, "reason": "stolen"}, request_only=True
        )
    ]
)
class WriteOffSerializer(DatedSerializer):
    quantity = _units()
    reason = serializers.ChoiceField(choices=Reason.choices)
    lot = ScopedRelatedField(
        selector=get_lots_for_user, required=False, help_text="The oldest, unless named."
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Entered twice", {"movement": 90001, "note": "entered twice"}, request_only=True
        )
    ]
)
class CorrectSerializer(StrictSerializer):
    movement = ScopedRelatedField(selector=get_movements_for_user)
    note = serializers.CharField(max_length=500, required=False)


@_shown("One lot was touched", {"movements": [_LOST]})
class MovementsSerializer(serializers.Serializer):
    """What a deed did: one movement for each lot it touched; none when nothing changed."""

    movements = MovementSerializer(many=True)


def said(values: Mapping[str, Any]) -> dict[str, Any]:
    """What is only said of the deed."""
    names = ("reference", "note", "occurred_at")
    return {name: values[name] for name in names if name in cast("Any", values)}
