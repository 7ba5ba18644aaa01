"""Reading: to whom a shop sells, what, and what it brings."""

from sales.selectors.customers import (
    get_customers_for_user,
    get_orders_of,
    with_purchases,
)
from sales.selectors.orders import (
    fill_order,
    find_order_to_confirm,
    get_orders_for_user,
    get_sales_for_user,
)
from sales.selectors.reports import (
    Period,
    SalesReport,
    SalesRow,
    get_realised_gain,
    get_sales_report,
)

__all__ = [
    "Period",
    "SalesReport",
    "SalesRow",
    "fill_order",
    "find_order_to_confirm",
    "get_customers_for_user",
    "get_orders_for_user",
    "get_orders_of",
    "get_realised_gain",
    "get_sales_for_user",
    "get_sales_report",
    "with_purchases",
]
