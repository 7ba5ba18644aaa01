from sales.api.serializers.orders import OrderSerializer
from sales.api.serializers.verbs import (
    CancelSerializer,
    FulfilSerializer,
    GiveBackSerializer,
    SaleSerializer,
)

__all__ = [
    "CancelSerializer",
    "FulfilSerializer",
    "GiveBackSerializer",
    "OrderSerializer",
    "SaleSerializer",
]
