from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from core.conditional import Conditional
from core.openapi import refusals
from core.requests import caller
from inventory.exceptions import InsufficientStock
from inventory.services import store_of
from sales.api.filters import SaleFilter
from sales.api.lines import without_lines
from sales.api.serializers import OrderSerializer, ProductSaleSerializer, SaleSerializer
from sales.selectors import get_sales_for_user
from sales.services import SaleService
from vendors.roles import Ability
from vendors.selectors import choose_vendor


@extend_schema(tags=["sales"])
@extend_schema_view(
    list=extend_schema(
        summary="What was sold, the latest first",
        description="Orders that are fulfilled, completed or returned, by when they were placed.",
    ),
    retrieve=extend_schema(summary="One sale"),
)
class SaleViewSet(Conditional, viewsets.ReadOnlyModelViewSet):
    serializer_class = OrderSerializer
    filterset_class = SaleFilter
    search_fields = ["number", "customer__name", "customer__email"]
    ordering_fields = ["placed_at", "total"]
    ordering = ["-placed_at"]
    lookup_value_converter = "int"
    abilities = {"write": Ability.SALES_WRITE}
    asked: type[SaleSerializer] = SaleSerializer

    def get_queryset(self) -> Any:
        return get_sales_for_user(caller(self.request))

    def get_serializer_class(self) -> Any:
        return self.asked if self.action in {"create", "metadata"} else OrderSerializer

    @extend_schema(
        summary="Sell over the counter",
        responses={201: OrderSerializer, **refusals(InsufficientStock)},
    )
    def create(self, request: Request) -> Response:
        """Ordered, paid and handed over in one call; the answer is the completed order."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        with without_lines(serializer.validated_data.pop("flat")):
            order = self._sold(serializer.validated_data)
        return Response(self.representation(order).data, status=status.HTTP_201_CREATED)

    def _sold(self, values: dict[str, Any]) -> Any:
        by = caller(self.request)
        vendor = choose_vendor(by, values.pop("vendor", None), Ability.SALES_WRITE)
        store = values.pop("store", None) or store_of(vendor, by)
        return SaleService.record(vendor=vendor, store=store, by=by, **values)


class ProductSaleViewSet(SaleViewSet):
    """Sales that may also be told `product` and `price`."""

    asked = ProductSaleSerializer
