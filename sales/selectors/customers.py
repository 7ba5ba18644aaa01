"""Reading: to whom a shop sells."""

from decimal import Decimal
from typing import TYPE_CHECKING

from django.db.models import Count, DecimalField, F, Max, OuterRef, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from sales.models import Customer, CustomerQuerySet, Order

if TYPE_CHECKING:
    from users.models import User


def get_customers_for_user(user: "User") -> CustomerQuerySet:
    """The living, by name, each with `orders_count` and `last_order_at` of what they bought, and
    `total_spent` on it in the shop's currency, less what was paid back."""
    customers: CustomerQuerySet = _with_purchases(Customer.objects.visible_to(user))
    return customers.order_by("name", "pk")


def _with_purchases(customers: CustomerQuerySet) -> CustomerQuerySet:
    orders = Order.objects.sold().filter(customer_id=OuterRef("pk"))
    theirs = orders.order_by().values("customer_id")
    in_currency = theirs.filter(currency=OuterRef("vendor__currency"))
    spent = in_currency.annotate(spent=Sum(F("total") - F("refunded"))).values("spent")
    return customers.annotate(
        orders_count=Coalesce(Subquery(theirs.annotate(count=Count("pk")).values("count")), 0),
        total_spent=Coalesce(
            Subquery(spent), Value(Decimal(0)),
            output_field=DecimalField(max_digits=20, decimal_places=2),
        ),
        last_order_at=Subquery(theirs.annotate(last=Max("placed_at")).values("last")),
    )  # fmt: skip
