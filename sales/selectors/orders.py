"""Reading: what was ordered and sold."""

from typing import TYPE_CHECKING

from django.db.models import prefetch_related_objects

from sales.models import Order, OrderQuerySet, order_details

if TYPE_CHECKING:
    from users.models import User


def get_orders_for_user(user: "User") -> OrderQuerySet:
    """Newest first, with all that an answer shows."""
    orders: OrderQuerySet = Order.objects.visible_to(user)
    return orders.with_details().order_by("-created_at", "-id")


def get_sales_for_user(user: "User") -> OrderQuerySet:
    """What was sold, the latest sale first, with all that an answer shows."""
    return get_orders_for_user(user).sold().order_by("-placed_at", "-id")


def fill_order(order: Order) -> Order:
    """The order, with what hangs on it as it is now."""
    prefetch_related_objects([order], *order_details())
    return order
