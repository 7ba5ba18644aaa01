from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.conditional import Conditional
from core.openapi import refusal
from core.parsers import StrictMultiPartParser
from core.requests import caller
from inventory.api.serializers.images import (
    ImageOrderSerializer,
    ImageSerializer,
    ImageUploadSerializer,
)
from inventory.exceptions import DuplicateImage
from inventory.selectors import get_collectible, get_images_for_item
from inventory.services import ImageService
from vendors.roles import Ability


@extend_schema(tags=["catalog"])
@extend_schema_view(
    list=extend_schema(summary="An item's pictures, in order", filters=False),
    retrieve=extend_schema(summary="One picture of an item"),
    destroy=extend_schema(summary="Delete a picture; the next one becomes primary if it was"),
)
class ItemImageViewSet(
    Conditional,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet,
):
    serializer_class = ImageSerializer
    lock = staticmethod(ImageService.lock)
    ordering_fields: list[str] = []  # pictures have one order: the owner's
    ordering = ["position", "id"]
    lookup_value_converter = "int"
    abilities = {"write": Ability.CATALOG_WRITE}

    def get_queryset(self) -> QuerySet:
        return get_images_for_item(get_collectible(caller(self.request), self.kwargs["item_id"]))

    def _item_to_change(self) -> Any:
        item = get_collectible(caller(self.request), self.kwargs["item_id"])
        self.check_object_permissions(self.request, item)
        return item

    def get_parsers(self) -> list[Any]:
        # DRF asks before it knows the action, and the schema asks without a request.
        takes_files = getattr(self, "action_map", {}).get("post") == "create"
        return [StrictMultiPartParser()] if takes_files else super().get_parsers()

    @extend_schema(
        summary="Add a picture to an item",
        description="JPEG, PNG or WebP, up to 8 MB and 40 megapixels, 30 to an item. It is turned "
        "upright, brought to sRGB, scaled down to at most 4096 pixels a side and freed of all "
        "metadata (place, camera, comments). The thumbnail follows within seconds.",
        request={"multipart/form-data": ImageUploadSerializer},
        responses={
            201: ImageSerializer,
            **refusal(409, DuplicateImage.code, DuplicateImage.detail),
        },
    )
    def create(self, request: Request, item_id: int) -> Response:
        item = self._item_to_change()
        serializer = ImageUploadSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        image = ImageService.add(collectible=item, by=caller(request), **serializer.validated_data)
        return Response(self.get_serializer(image).data, status=status.HTTP_201_CREATED)

    @extend_schema(summary="Describe a picture, or make it the primary one")
    def partial_update(self, request: Request, item_id: int, pk: int) -> Response:
        image = self.get_object()
        serializer = self.get_serializer(image, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        image = ImageService.update(image=image, by=caller(request), **serializer.validated_data)
        return Response(self.get_serializer(image).data)

    def perform_destroy(self, instance: Any) -> None:
        ImageService.delete(image=instance, by=caller(self.request))

    @extend_schema(
        summary="Put an item's pictures in order",
        request=ImageOrderSerializer,
        responses=ImageSerializer(many=True),
    )
    @action(
        detail=False,
        methods=["post"],
        serializer_class=ImageOrderSerializer,
        pagination_class=None,
        filter_backends=[],
    )
    def reorder(self, request: Request, item_id: int) -> Response:
        item = self._item_to_change()
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        images = ImageService.reorder(
            collectible=item, by=caller(request), **serializer.validated_data
        )
        return Response(ImageSerializer(images, many=True).data)
