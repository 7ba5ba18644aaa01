from dataclasses import dataclass


@dataclass(frozen=True)
class OrderPlaced:
    """`total` as text, in `currency`."""

    order_id: int
    vendor_id: int
    number: str
    customer_id: int | None
    total: str
    currency: str


@dataclass(frozen=True)
class OrderCancelled:
    order_id: int
    vendor_id: int
    number: str
    reason: str


@dataclass(frozen=True)
class OrderReturned:
    """Units came back. `refund` as text, in `currency`."""

    order_id: int
    vendor_id: int
    number: str
    refund: str
    currency: str
