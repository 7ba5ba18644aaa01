from typing import Any, cast

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework.request import Request

from core.filters import FilterSet, FlagFilter, IntegerFilter, MomentFilter, ShopFilter, ThingFilter
from core.requests import caller
from sales.enums import OrderStatus
from sales.models import Customer, Order, OrderQuerySet
from sales.selectors import get_customers_for_user
from vendors.roles import Ability
from vendors.selectors import get_vendors_allowing, require_ability_somewhere


class CustomerFilter(FilterSet):
    vendor = ShopFilter()
    is_deleted = FlagFilter(help_text="The deleted instead of the living.")

    class Meta:
        model = Customer
        fields: list[str] = []

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        if self.form.cleaned_data.get("is_deleted"):
            user: Any = caller(cast("Request", self.request))
            require_ability_somewhere(user, Ability.CUSTOMERS_WRITE)
            writable = get_vendors_allowing(user, Ability.CUSTOMERS_WRITE)
            deleted = get_customers_for_user(user, {"is_deleted": True})
            queryset = deleted.filter(vendor__in=writable)
        return super().filter_queryset(queryset)


class CustomerOrderFilter(FilterSet):
    status = filters.ChoiceFilter(choices=OrderStatus.choices)


class OrderFilter(FilterSet):
    vendor = ShopFilter()
    status = filters.ChoiceFilter(choices=OrderStatus.choices)
    customer = ThingFilter(field_name="customer_id")
    store = ThingFilter(field_name="store_id")
    channel = filters.CharFilter()
    number = filters.CharFilter()
    created_after = MomentFilter(field_name="created_at", lookup_expr="gte")
    created_before = MomentFilter(field_name="created_at", lookup_expr="lt")
    placed_after = MomentFilter(field_name="placed_at", lookup_expr="gte")
    placed_before = MomentFilter(field_name="placed_at", lookup_expr="lt")

    class Meta:
        model = Order
        fields: list[str] = []


class SaleFilter(FilterSet):
    vendor = ShopFilter()
    customer = ThingFilter(field_name="customer_id")
    store = ThingFilter(field_name="store_id")
    item = IntegerFilter(method="has_item")
    channel = filters.CharFilter()
    sold_after = MomentFilter(field_name="placed_at", lookup_expr="gte")
    sold_before = MomentFilter(field_name="placed_at", lookup_expr="lt")

    class Meta:
        model = Order
        fields: list[str] = []

    def has_item(self, queryset: OrderQuerySet, name: str, value: Any) -> OrderQuerySet:
        return queryset.with_item(int(value))
