from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from core.conditional import Tagged
from core.etags import address_period
from core.representation import Compiled
from core.serializers import StrictIntegerField, StrictModelSerializer, StrictSerializer
from inventory.models import CollectibleImage

_SHA_256 = "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9"
EXAMPLE = {
    "id": 318,
    "url": "/media/items/4711/0b6f3c1e5d0f4a7f9a4d0c9d4f4f0f11/picture.jpeg",
    "thumbnail_url": "/media/items/4711/9a4d0c9d4f4f0f110b6f3c1e5d0f4a7f/picture.webp",
    "alt_text": "The box from the front",
    "is_primary": True,
    "position": 0,
    "width": 4096,
    "height": 3072,
    "size": 1843200,
    "checksum": _SHA_256,
    "created_at": "2026-11-20T09:30:00Z",
}
ADDRESS = {
    "type": "string",
    "format": "uri-reference",
    "description": "Where the file is; signed and good for a while where the files are in S3.",
}
THUMBNAIL_ADDRESS = {
    "type": ["string", "null"],
    "format": "uri-reference",
    "description": "A WebP of 400 pixels; null until it is made, seconds after the upload.",
}


@extend_schema_serializer(
    examples=[
        OpenApiExample("A picture", EXAMPLE, response_only=True),
        OpenApiExample(
            "Now the primary one",
            {"alt_text": "The box from the front", "is_primary": True},
            request_only=True,
        ),
    ]
)
class ImageSerializer(Compiled, Tagged, StrictModelSerializer):
    """A picture of an item."""

    url = serializers.SerializerMethodField()
    thumbnail_url = serializers.SerializerMethodField()

    class Meta:
        model = CollectibleImage
        fields = [
            "id", "url", "thumbnail_url", "alt_text", "is_primary", "position", "width", "height",
            "size", "checksum", "created_at",
        ]  # fmt: skip
        read_only_fields = ["position"]

    def beside(self, row: CollectibleImage) -> object:
        return address_period(row.file)

    @extend_schema_field(ADDRESS)
    def get_url(self, image: CollectibleImage) -> str:
        return image.file.url

    @extend_schema_field(THUMBNAIL_ADDRESS)
    def get_thumbnail_url(self, image: CollectibleImage) -> str | None:
        return image.thumbnail.url if image.thumbnail else None


@extend_schema_field(
    {
        "type": "string",
        "description": "SHA-256 of the file, 64 hexadecimal digits: damaged files are refused.",
        "examples": [""],
    }
)
class ChecksumField(serializers.RegexField):
    """Told without its pattern, by which Swagger's form would make one up."""


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A picture and what is said of it",
            {
                "file": "(the bytes of the picture)",
                "alt_text": "The box from the front",
                "is_primary": True,
                "checksum": "",
            },
            request_only=True,
            media_type="multipart/form-data",
        )
    ]
)
class ImageUploadSerializer(StrictSerializer):
    """A picture, and what is said of it."""

    file = serializers.FileField(
        source="upload",
        allow_empty_file=True,  # the service says what is wrong with it
        help_text="JPEG, PNG or WebP, up to 8 MB and 40 megapixels.",
    )
    alt_text = serializers.CharField(
        max_length=255, required=False, allow_blank=True, help_text="The picture in words."
    )
    is_primary = serializers.BooleanField(
        required=False, help_text="The one that stands for the item; its first picture always is."
    )
    checksum = ChecksumField(r"^[0-9a-fA-F]{64}$", required=False, allow_blank=True)


@extend_schema_serializer(
    examples=[OpenApiExample("The last one to the front", {"ids": [320, 318, 319]})]
)
class ImageOrderSerializer(StrictSerializer):
    """The order of an item's pictures."""

    ids = serializers.ListField(
        child=StrictIntegerField(min_value=1, max_value=2**63 - 1),
        max_length=100,
        help_text="Every picture of the item, in the new order.",
    )
