from typing import Any

from django_filters import rest_framework as filters

from core.filters import IntegerFilter
from sales.enums import OrderStatus
from sales.models import Order, OrderQuerySet


class OrderFilter(filters.FilterSet):
    vendor = IntegerFilter(field_name="vendor_id")
    status = filters.ChoiceFilter(choices=OrderStatus.choices)
    customer = IntegerFilter(field_name="customer_id")
    store = IntegerFilter(field_name="store_id")
    channel = filters.CharFilter()
    number = filters.CharFilter()
    created_after = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")
    placed_after = filters.IsoDateTimeFilter(field_name="placed_at", lookup_expr="gte")
    placed_before = filters.IsoDateTimeFilter(field_name="placed_at", lookup_expr="lt")

    class Meta:
        model = Order
        fields: list[str] = []


class SaleFilter(filters.FilterSet):
    vendor = IntegerFilter(field_name="vendor_id")
    customer = IntegerFilter(field_name="customer_id")
    store = IntegerFilter(field_name="store_id")
    item = IntegerFilter(method="has_item")
    channel = filters.CharFilter()
    sold_after = filters.IsoDateTimeFilter(field_name="placed_at", lookup_expr="gte")
    sold_before = filters.IsoDateTimeFilter(field_name="placed_at", lookup_expr="lt")

    class Meta:
        model = Order
        fields: list[str] = []

    def has_item(self, queryset: OrderQuerySet, name: str, value: Any) -> OrderQuerySet:
        return queryset.with_item(int(value))
