from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from core.openapi import refusal
from core.requests import caller
from inventory.api.serializers.valuations import (
    BulkValuationSerializer,
    BulkValuedSerializer,
    ValuationSerializer,
)
from inventory.selectors import get_collectible, get_valuations_of
from inventory.services import ValuationService, Worth
from vendors.roles import Ability
from vendors.selectors import require_ability


@extend_schema(tags=["stock"])
@extend_schema_view(
    list=extend_schema(summary="What an item was worth, newest first", filters=False)
)
class ValuationViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    serializer_class = ValuationSerializer
    ordering_fields: list[str] = []
    ordering = ["-valued_at"]
    abilities = {"write": Ability.CATALOG_WRITE}

    def get_queryset(self) -> Any:
        return get_valuations_of(get_collectible(caller(self.request), self.kwargs["item_id"]))

    @extend_schema(summary="Say what an item is or was worth", responses={201: ValuationSerializer})
    def create(self, request: Request, **kwargs: Any) -> Response:
        item = get_collectible(caller(request), self.kwargs["item_id"])
        self.check_object_permissions(request, item)
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        worth = Worth(item=item, **serializer.validated_data)
        [row] = ValuationService.record(values=[worth], by=caller(request))
        return Response(self.get_serializer(row).data, status=status.HTTP_201_CREATED)


@extend_schema(tags=["stock"])
class BulkValuationViewSet(viewsets.GenericViewSet):
    serializer_class = BulkValuationSerializer
    abilities = {"write": Ability.CATALOG_WRITE}
    pagination_class = None
    filter_backends: list[Any] = []

    @extend_schema(
        summary="Say what many items are worth",
        responses={201: BulkValuedSerializer, **refusal(404, "not_found", "Not found.")},
    )
    def create(self, request: Request) -> Response:
        """All or none."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        values = [Worth(**each) for each in serializer.validated_data["valuations"]]
        vendors = {worth.item.vendor_id for worth in values}
        require_ability(caller(request), vendors, Ability.CATALOG_WRITE)
        rows = ValuationService.record(values=values, by=caller(request))
        body = BulkValuedSerializer({"valuations": rows}).data
        return Response(body, status=status.HTTP_201_CREATED)
