from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view

from inventory.api.serializers import ProductSerializer
from inventory.api.views.collectibles import TAKEN, CollectibleViewSet

_CHANGED: Any = {200: ProductSerializer, **TAKEN}


@extend_schema_view(
    list=extend_schema(responses=ProductSerializer(many=True)),
    create=extend_schema(responses={201: ProductSerializer, **TAKEN}),
    update=extend_schema(responses=_CHANGED),
    partial_update=extend_schema(responses=_CHANGED),
)
class ProductViewSet(CollectibleViewSet):
    """Items that also say, and are told, `price` and `stock_quantity`."""

    serializer_class = ProductSerializer
