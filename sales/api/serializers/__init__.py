"""What is told and taken of selling."""

from sales.api.serializers.customers import CustomerSerializer
from sales.api.serializers.orders import OrderSerializer
from sales.api.serializers.reports import SalesReportQuerySerializer, SalesRowSerializer
from sales.api.serializers.verbs import (
    CancelSerializer,
    FulfilSerializer,
    GiveBackSerializer,
    ProductSaleSerializer,
    SaleSerializer,
)

__all__ = [
    "CancelSerializer",
    "CustomerSerializer",
    "FulfilSerializer",
    "GiveBackSerializer",
    "OrderSerializer",
    "ProductSaleSerializer",
    "SaleSerializer",
    "SalesReportQuerySerializer",
    "SalesRowSerializer",
]
