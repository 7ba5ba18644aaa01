"""Reading: to whom a shop sells."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import (
    Count,
    DecimalField,
    F,
    Max,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    Window,
)
from django.db.models.functions import Coalesce

from core.exceptions import NotFoundError
from sales.models import Customer, CustomerQuerySet, Order, OrdersOfOneQuerySet

if TYPE_CHECKING:
    from users.models import User

_SPENT = Sum(F("total") - F("refunded"), filter=Q(currency=F("vendor__currency")))
_ZERO = Value(Decimal(0), DecimalField(max_digits=20, decimal_places=2))


def get_customers_for_user(
    user: "User", filters: Mapping[str, Any] | None = None
) -> CustomerQuerySet:
    """By name, each with what they bought.

    `filters`: `is_deleted` (the deleted instead of the living; None for both).
    """
    rows: CustomerQuerySet = Customer.all_objects.visible_to(user)
    is_deleted = (filters or {}).get("is_deleted", False)
    if is_deleted is not None:
        rows = rows.filter(is_deleted=is_deleted)
    return with_purchases(rows).order_by("name", "pk")


def with_purchases(customers: CustomerQuerySet) -> CustomerQuerySet:
    """Each with `orders_count`, `total_spent` and `last_order_at`: one query more for those that
    are read. They can be ordered by them too, which adds up what all have bought."""
    purchases: Any = Prefetch("orders", _purchases(), to_attr="purchases")
    sums: dict[str, Any] = {
        "orders_count": Coalesce(_of_each(Count("pk")), 0),
        "total_spent": Coalesce(_of_each(_SPENT), _ZERO),
        "last_order_at": _of_each(Max("placed_at")),
    }
    return customers.prefetch_related(purchases).alias(**sums)


def get_orders_of(user: "User", customer_id: int) -> OrdersOfOneQuerySet:
    """All orders of a living customer the user may see, in any status, newest first, with all that
    an answer shows; raises `NotFoundError`."""
    customers = Customer.objects.visible_to(user).filter(pk=customer_id)
    vendor_ids = list(customers.values_list("vendor_id", flat=True))
    if not vendor_ids:
        raise NotFoundError
    # With the shop of one who buys most of what it sells the shop's indexes of orders serve.
    orders = OrdersOfOneQuerySet(Order).of_vendors(vendor_ids).filter(customer=customer_id)
    return orders.with_details().order_by("-created_at", "-id")


def get_customer_names(ids: Iterable[int]) -> dict[int, str]:
    """By id; of deleted ones too, for history stays."""
    return dict(Customer.all_objects.filter(pk__in=ids).values_list("pk", "name"))


def _purchases() -> QuerySet[Order]:
    """One row for each customer who bought something, with what all their orders come to."""

    def of_all(sum_of: Any) -> Window:
        return Window(sum_of, partition_by=F("customer"))

    return (
        Order.objects.sold()
        .annotate(
            bought_orders=of_all(Count("pk")),
            bought_for=of_all(_SPENT),
            bought_last=of_all(Max("placed_at")),
        )
        .order_by("customer")
        .distinct("customer")
        .only("customer")
    )


def _of_each(sum_of: Any) -> Subquery:
    orders = Order.objects.sold().filter(customer=OuterRef("pk")).order_by()
    return Subquery(orders.values("customer").annotate(sum=sum_of).values("sum"))
