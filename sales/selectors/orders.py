"""Reading: what was ordered and sold."""

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import prefetch_related_objects

from sales.enums import OrderStatus
from sales.models import Order, OrderQuerySet, order_details
from vendors.selectors import get_shop_settings

if TYPE_CHECKING:
    from users.models import User

# So many are confirmed to one address by one shop in a day: a shop is no relay for mail.
CONFIRMED, DAY = 5, timedelta(days=1)


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

    None where nobody knows an address, it is cancelled already, or the shop does not want it; where
    the address of the shop's owner is not verified, and where the customer has had enough mails.
    """
    rows = Order.objects.filter(pk=order_id, customer__is_deleted=False)
    rows = rows.exclude(status=OrderStatus.CANCELLED).exclude(customer__email="")
    rows = rows.filter(vendor__owner__email_verified_at__isnull=False)
    order = rows.select_related("customer", "vendor__owner").first()
    if order is None or not get_shop_settings(order.vendor_id).order_confirmations:
        return None
    return order if same_address_lately(order)[: CONFIRMED + 1].count() <= CONFIRMED else None


def same_address_lately(order: Order) -> OrderQuerySet:
    """What the shop's customers with the address of the order's have ordered in the day up to it.

    Also deleted ones. The order is one of them, and later ones do not count: a mail that is tried
    again is judged as it was the first time.
    """
    rows: OrderQuerySet = Order.objects.none()
    if order.customer and order.placed_at:
        rows = Order.objects.filter(
            customer__vendor=order.vendor_id,
            customer__email__iexact=order.customer.email,
            placed_at__gt=order.placed_at - DAY,
            placed_at__lte=order.placed_at,
        )
    return rows
