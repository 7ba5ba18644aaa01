from typing import Any

from django import forms
from django_filters import rest_framework as filters

from core.enums import AuditType
from core.filters import FilterSet, IntegerFilter, MomentFilter, ShopFilter
from core.models import AuditLog, AuditLogQuerySet


class AddressFilter(filters.CharFilter):
    """An IPv4 or IPv6 address, in any of its spellings."""

    field_class: Any = forms.GenericIPAddressField


class AuditLogFilter(FilterSet):
    id = IntegerFilter()
    type = filters.ChoiceFilter(choices=AuditType.choices)
    user = filters.CharFilter(method="by_user", help_text="A part of the username.")
    action = filters.CharFilter(method="by_action", help_text="A part of it, as `search`.")
    actor = IntegerFilter(field_name="actor_id")
    vendor = ShopFilter()
    object_type = filters.CharFilter(help_text="`collectible`, `category`, `vendor` …")
    object_id = filters.CharFilter()
    request_id = filters.CharFilter()
    ip_address = AddressFilter()
    timestamp_after = MomentFilter(field_name="timestamp", lookup_expr="gte")
    timestamp_before = MomentFilter(field_name="timestamp", lookup_expr="lt")

    class Meta:
        model = AuditLog
        fields: list[str] = []

    def by_user(self, queryset: AuditLogQuerySet, name: str, value: str) -> AuditLogQuerySet:
        return queryset.by_user(value)

    def by_action(self, queryset: AuditLogQuerySet, name: str, value: str) -> AuditLogQuerySet:
        return queryset.search(value)
