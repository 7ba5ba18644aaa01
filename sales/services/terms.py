from datetime import timedelta
from decimal import Decimal


def tax_rate_of(vendor_id: int) -> Decimal:
    return Decimal(0)


def expiry_of(vendor_id: int) -> timedelta:
    return timedelta(days=1)
