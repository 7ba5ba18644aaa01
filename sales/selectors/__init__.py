"""Reading: to whom a shop sells, and what."""

from sales.selectors.customers import get_customers_for_user
from sales.selectors.orders import fill_order, get_orders_for_user, get_sales_for_user

__all__ = ["fill_order", "get_customers_for_user", "get_orders_for_user", "get_sales_for_user"]
