"""The rest of an order of which a part was sent: when it is given up, what went is the order."""

from decimal import Decimal

from core.money import ZERO, share_of
from sales.models import Order, OrderLine
from sales.services.journal import NOTHING, book_charges, booked_sales


def give_up_rest(order: Order) -> None:
    """Lines and sums come to exactly what the journal booked for what went, and fees and postage
    are divided over that. The caller holds the order's lock and saves it."""
    lines, booked = list(order.lines.order_by("pk")), booked_sales(order)
    for line in lines:
        went = booked.get(line.pk, NOTHING)
        _keep(line, went.revenue, went.tax)
    OrderLine.objects.bulk_update(lines, ["cancelled", "discount", "order_discount", "tax"])
    net = sum((line.net for line in lines), ZERO)
    order.discount = sum((line.order_discount for line in lines), ZERO)
    order.subtotal = net + order.discount
    order.tax = sum((line.tax for line in lines), ZERO)
    order.total = net + order.tax
    book_charges(order)


def _keep(line: OrderLine, revenue: Decimal, tax: Decimal) -> None:
    """Only what went. Odd cents left first, so that it cost no more than its price: what is off
    it is its share of the order's discount, as far as that goes, and for the rest its own."""
    share = share_of(line.order_discount, line.quantity, line.fulfilled)
    line.cancelled = line.quantity - line.fulfilled
    off = line.wanted * line.unit_price - revenue
    line.order_discount = min(share, off)
    line.discount = off - line.order_discount
    line.tax = tax
