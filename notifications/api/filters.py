from django.db.models import QuerySet
from django_filters import rest_framework as filters

from core.filters import FilterSet, FlagFilter
from notifications.enums import Kind
from notifications.models import NotificationQuerySet


class NotificationFilter(FilterSet):
    kind = filters.ChoiceFilter(choices=Kind.choices)
    is_read = FlagFilter(method="was_read")

    def was_read(self, queryset: NotificationQuerySet, name: str, value: bool) -> QuerySet:
        return queryset.exclude(read_at=None) if value else queryset.unread()
