from sales.api.serializers.orders import OrderSerializer
from sales.api.serializers.verbs import (
    CancelSerializer,
    FulfilSerializer,
    GiveBackSerializer,
    ProductSaleSerializer,
    SaleSerializer,
)

__all__ = [
    "CancelSerializer",
    "FulfilSerializer",
    "GiveBackSerializer",
    "OrderSerializer",
    "ProductSaleSerializer",
    "SaleSerializer",
]
