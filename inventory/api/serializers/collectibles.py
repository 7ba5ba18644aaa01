from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from core.conditional import Tagged
from core.etags import address_period
from core.json import MergePatch
from core.representation import Compiled
from core.serializers import (
    IdsSerializer,
    ReportSerializer,
    StrictModelSerializer,
)
from inventory.api.serializers.images import ImageSerializer
from inventory.models import MAX_SKU, Collectible
from vendors.api.serializers import VendorField

EXAMPLE = {
    "id": 4711,
    "vendor": 7,
    "name": "Millennium Falcon",
    "slug": "millennium-falcon-7k2p9x",
    "sku": "75192-1",
    "description": "Ultimate Collector Series, 7,541 pieces.",
    "category": "Star Wars",
    "category_id": 12,
    "condition": "sealed",
    "value": "849.99",
    "currency": "USD",
    "quantity": 2,
    "available": 2,
    "low_stock_threshold": 1,
    "is_active": True,
    "is_featured": False,
    "is_bestseller": False,
    "image_url": None,
    "images": [],
    "attributes": {"year": 2017, "pieces": 7541},
    "card_details": None,
    "created_at": "2026-11-20T09:30:00Z",
    "updated_at": "2026-11-20T09:30:00Z",
    "created_by": 3,
    "updated_by": 3,
    "version": 1,
}
# What an item that was asked for as of another time has besides (`inventory.selectors.items_at`).
_THEN = ("units_then", "held_then", "value_then", "currency_then")
WRITTEN = {
    key: EXAMPLE[key]
    for key in ("name", "sku", "category", "condition", "value", "quantity", "attributes")
}


@extend_schema_field(
    {
        "oneOf": [{"type": "string", "maxLength": 120}, {"type": "integer", "minimum": 1}],
        "description": "Written by name, slug or id (a new name makes the category); read as name.",
        "examples": ["Star Wars"],
    }
)
class CategoryReferenceField(serializers.CharField):
    """A number is an id; a text is a name or a slug, even `"1999"`."""

    def to_internal_value(self, data: Any) -> Any:
        if type(data) is int:
            if not 0 < data < 2**63:
                self.fail("invalid")
            return data
        if isinstance(data, float):
            self.fail("invalid")
        return super().to_internal_value(data)

    def run_validators(self, value: Any) -> None:
        if isinstance(value, str):
            super().run_validators(value)

    def to_representation(self, value: Any) -> str:
        return str(value.name)


@extend_schema_serializer(
    examples=[
        OpenApiExample("An item", EXAMPLE, response_only=True),
        OpenApiExample("All that is needed", {"name": "Millennium Falcon"}, request_only=True),
        OpenApiExample("More of it", WRITTEN, request_only=True),
    ]
)
class CollectibleSerializer(Compiled, Tagged, StrictModelSerializer):
    vendor = VendorField(
        stays=gettext_lazy("An item stays with its vendor."),
        help_text="Your active vendor when left out; cannot be changed later.",
    )
    sku = serializers.CharField(max_length=MAX_SKU, required=False, allow_blank=True)
    category = CategoryReferenceField(
        max_length=120, required=False, allow_null=True, allow_blank=True
    )
    available = serializers.IntegerField(read_only=True)
    image_url = serializers.SerializerMethodField()
    images = ImageSerializer(many=True, read_only=True, source="pictures")
    card_details = serializers.SerializerMethodField()
    card_metadata = serializers.JSONField(
        write_only=True, required=False, help_text="Kept as `attributes.card`."
    )
    variant_payloads = serializers.JSONField(
        write_only=True, required=False, help_text="Kept as `attributes.variants`."
    )

    class Meta:
        model = Collectible
        fields = [
            "id", "vendor", "name", "slug", "sku", "description", "category", "category_id",
            "condition", "value", "currency", "quantity", "available", "low_stock_threshold",
            "is_active", "is_featured", "is_bestseller", "image_url", "images", "attributes",
            "card_details", "card_metadata", "variant_payloads", "created_at", "updated_at",
            "created_by", "updated_by", "version",
        ]  # fmt: skip
        read_only_fields = ["slug", "category_id", "created_by", "updated_by", "version"]
        validators: list[object] = []  # the database decides what is taken

    def beside(self, row: Collectible) -> object:
        """A worker makes thumbnails, a category gets another name, and of the past there may be
        news: the item stays the same."""
        shown = [[p.pk, p.version, address_period(p.file)] for p in row.pictures]
        name = row.category.name if row.category else None
        then = [vars(row)[figure] for figure in _THEN if figure in vars(row)]
        return [name, shown, *then] if name or shown or then else None

    @classmethod
    def shown(cls, rows: Sequence[Any]) -> list[dict[str, Any]]:
        """Items that were asked for as of another time have their figures of then."""
        for item in rows if rows and "units_then" in vars(rows[0]) else ():
            item.quantity, item.allocated = item.units_then, item.held_then
            item.value, item.currency = item.value_then, item.currency_then
        return super().shown(rows)

    @extend_schema_field({"type": ["string", "null"], "format": "uri-reference"})
    def get_image_url(self, item: Collectible) -> str | None:
        """Where the primary picture is."""
        for picture in item.pictures:
            if picture.is_primary:
                return picture.file.url
        return None

    @extend_schema_field(
        {"description": "What `attributes` has as `card`: any JSON, mostly an object."}
    )
    def get_card_details(self, item: Collectible) -> Any:
        return item.attributes.get("card")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """`card_metadata` and `variant_payloads` are keys of `attributes`; the others stay.

        A merge patch goes into them as deep as it goes itself.
        """
        keys = (("card_metadata", "card"), ("variant_payloads", "variants"))
        extras = {key: attrs.pop(name) for name, key in keys if name in attrs}
        if isinstance(getattr(self, "initial_data", None), MergePatch):
            attrs["attributes_patch"] = {**attrs.pop("attributes", {}), **extras}
        elif extras:
            attrs["more_attributes"] = extras
        return attrs


class BulkChangesSerializer(CollectibleSerializer):
    """What many items may be told at once: nothing that is each item's own."""

    class Meta(CollectibleSerializer.Meta):
        fields = [
            "name", "description", "category", "condition", "value", "currency",
            "low_stock_threshold", "is_active", "is_featured", "is_bestseller", "attributes",
        ]  # fmt: skip

    def get_fields(self) -> dict[str, Any]:
        """All of them optional: DRF asks only the outermost serializer whether it is partial."""
        fields = super().get_fields()
        for field in fields.values():
            field.required = False
        return fields

    vendor = sku = available = image_url = images = None  # type: ignore[assignment]
    card_details = card_metadata = variant_payloads = None  # type: ignore[assignment]


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Two items, one new category",
            {"ids": [4711, 4712], "updates": {"category": "Star Wars", "is_active": True}},
        )
    ]
)
class BulkUpdateSerializer(IdsSerializer):
    updates = BulkChangesSerializer()

    def validate_updates(self, updates: Mapping[str, Any]) -> Mapping[str, Any]:
        if not updates:
            raise serializers.ValidationError(_("No updates provided"), "no_updates")
        return updates


_ERROR = {"id": 4712, "code": "sku_taken", "detail": "Another item of this vendor has this SKU."}
_STALE = {
    "id": 4712,
    "code": "stale_version",
    "detail": "The item has changed since you read it.",
    "version": 5,
}
_PLAN = "WyI3ZjNhIiwiOWMwZSJd:1vM2gG:b3Jhbmdl"


class BulkErrorSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    version = serializers.IntegerField(
        required=False, help_text="With `stale_version`: the one it is at now."
    )


def _missing() -> serializers.ListField:
    return serializers.ListField(
        child=serializers.IntegerField(), help_text="Not there, or not yours."
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample("Two of three", {"updated": 2, "missing": [99], "errors": []}),
        OpenApiExample(
            "A rehearsal", {"updated": 2, "missing": [99], "errors": [_STALE], "plan": _PLAN}
        ),
    ]
)
class BulkUpdatedSerializer(ReportSerializer):
    updated = serializers.IntegerField(source="done")
    missing = _missing()
    errors = BulkErrorSerializer(many=True)  # type: ignore[assignment]


@extend_schema_serializer(
    examples=[OpenApiExample("Two of three", {"deleted": 2, "missing": [99], "errors": []})]
)
class BulkDeletedSerializer(ReportSerializer):
    deleted = serializers.IntegerField(source="done")
    missing = _missing()
    errors = BulkErrorSerializer(many=True)  # type: ignore[assignment]


@extend_schema_serializer(
    examples=[OpenApiExample("One of three", {"restored": 1, "missing": [99], "errors": [_ERROR]})]
)
class BulkRestoredSerializer(ReportSerializer):
    restored = serializers.IntegerField(source="done")
    missing = _missing()
    errors = BulkErrorSerializer(many=True)  # type: ignore[assignment]
