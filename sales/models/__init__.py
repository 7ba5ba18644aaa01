"""What sales hold: customers, orders, and the journal of what was sold."""

from sales.models.customers import ERASED, Customer, CustomerQuerySet
from sales.models.orders import (
    MAX_SKU,
    MAX_UNITS,
    Fulfilment,
    Order,
    OrderLine,
    OrderQuerySet,
    OrderReturn,
    OrderSequence,
    OrdersOfOneQuerySet,
    SalesEntry,
    order_details,
)

__all__ = [
    "ERASED",
    "MAX_SKU",
    "MAX_UNITS",
    "Customer",
    "CustomerQuerySet",
    "Fulfilment",
    "Order",
    "OrderLine",
    "OrderQuerySet",
    "OrderReturn",
    "OrderSequence",
    "OrdersOfOneQuerySet",
    "SalesEntry",
    "order_details",
]
