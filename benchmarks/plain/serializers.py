from typing import Any

from rest_framework import serializers

from inventory.models import Collectible, CollectibleImage


class ImageSerializer(serializers.ModelSerializer):
    class Meta:
        model = CollectibleImage
        fields = ["id", "file", "alt_text", "is_primary", "position"]


class ItemSerializer(serializers.ModelSerializer):
    category = serializers.SerializerMethodField()
    category_id = serializers.IntegerField(allow_null=True, required=False)
    available = serializers.IntegerField(read_only=True)
    image_url = serializers.SerializerMethodField()
    images = ImageSerializer(many=True, read_only=True)
    card_details = serializers.SerializerMethodField()

    class Meta:
        model = Collectible
        fields = [
            "id", "vendor", "name", "slug", "sku", "description", "category", "category_id",
            "condition", "value", "currency", "quantity", "available", "low_stock_threshold",
            "is_active", "is_featured", "is_bestseller", "image_url", "images", "attributes",
            "card_details", "created_at", "updated_at", "created_by", "updated_by", "version",
        ]  # fmt: skip
        read_only_fields = ["vendor", "created_by", "updated_by", "version"]
        validators: list[Any] = []

    def get_category(self, item: Collectible) -> str | None:
        return item.category.name if item.category else None

    def get_image_url(self, item: Collectible) -> str | None:
        return next((image.file.url for image in item.images.all() if image.is_primary), None)

    def get_card_details(self, item: Collectible) -> Any:
        return item.attributes.get("card")
