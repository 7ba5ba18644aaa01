"""Reading: what was ordered and sold."""

from typing import TYPE_CHECKING

from django.db.models import prefetch_related_objects

from sales.enums import OrderStatus
from sales.models import Order, OrderQuerySet, order_details
from vendors.selectors import get_shop_settings

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


def find_order_to_confirm(order_id: int) -> Order | None:
    """An order whose customer is to be written that it has come, with whom and by which shop.

    None where nobody knows an address, it is cancelled already, or the shop does not want it.
    """
    rows = Order.objects.filter(pk=order_id, customer__is_deleted=False)
    rows = rows.exclude(status=OrderStatus.CANCELLED).exclude(customer__email="")
    order = rows.select_related("customer", "vendor__owner").first()
    wanted = order is not None and get_shop_settings(order.vendor_id).order_confirmations
    return order if wanted else None
