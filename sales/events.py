from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class OrderPlaced:
    order_id: int
    vendor_id: int
    number: str
    total: Decimal
    currency: str


@dataclass(frozen=True)
class OrderCancelled:
    """`reason` is one of `CancelReason`."""

    order_id: int
    vendor_id: int
    number: str
    reason: str


@dataclass(frozen=True)
class OrderReturned:
    """Units came back, all or some of them, and money with them."""

    order_id: int
    vendor_id: int
    number: str
    refund: Decimal
    currency: str
