from typing import Any, cast

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from rest_framework.request import Request

from core.filters import FlagFilter, IntegerFilter
from core.requests import caller
from inventory.enums import Condition, RowOutcome
from inventory.models import Category, Collectible, CollectibleQuerySet, ImportJob
from inventory.selectors import get_category_ids, get_collectibles_for_user
from vendors.roles import Ability
from vendors.selectors import get_vendors_allowing, require_ability_somewhere


class CollectibleFilter(filters.FilterSet):
    category = filters.CharFilter(
        method="in_category", help_text="Id, slug or name; its branches are included."
    )
    vendor = IntegerFilter(field_name="vendor_id")
    condition = filters.ChoiceFilter(choices=Condition.choices)
    min_value = filters.NumberFilter(field_name="value", lookup_expr="gte")
    max_value = filters.NumberFilter(field_name="value", lookup_expr="lte")
    min_quantity = IntegerFilter(field_name="quantity", lookup_expr="gte")
    max_quantity = IntegerFilter(field_name="quantity", lookup_expr="lte")
    in_stock = FlagFilter(method="is_in_stock")
    low_stock = FlagFilter(method="is_low_on_stock")
    is_active = FlagFilter()
    created_after = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")
    updated_since = filters.IsoDateTimeFilter(field_name="updated_at", lookup_expr="gte")
    is_deleted = FlagFilter(help_text="The deleted instead of the living.")

    class Meta:
        model = Collectible
        fields: list[str] = []

    @property
    def _user(self) -> Any:
        return caller(cast("Request", self.request))

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        if self.form.cleaned_data["is_deleted"]:
            require_ability_somewhere(self._user, Ability.CATALOG_WRITE)
            writable = get_vendors_allowing(self._user, Ability.CATALOG_WRITE)
            deleted = get_collectibles_for_user(self._user, {"is_deleted": True})
            queryset = deleted.filter(vendor__in=writable)
        return super().filter_queryset(queryset)

    def in_category(self, queryset: CollectibleQuerySet, name: str, value: str) -> QuerySet:
        return queryset.in_categories(get_category_ids(self._user, value))

    def is_in_stock(self, queryset: CollectibleQuerySet, name: str, value: bool) -> QuerySet:
        return queryset.in_stock() if value else queryset.out_of_stock()

    def is_low_on_stock(self, queryset: CollectibleQuerySet, name: str, value: bool) -> QuerySet:
        return queryset.low_on_stock() if value else queryset.well_stocked()


class CategoryFilter(filters.FilterSet):
    vendor = IntegerFilter(field_name="vendor_id")
    parent = IntegerFilter(field_name="parent_id")
    is_root = FlagFilter(field_name="parent", lookup_expr="isnull")

    class Meta:
        model = Category
        fields: list[str] = []


class ImportJobFilter(filters.FilterSet):
    vendor = IntegerFilter(field_name="vendor_id")
    dry_run = FlagFilter()

    class Meta:
        model = ImportJob
        fields = ["status"]


class ImportRowFilter(filters.FilterSet):
    outcome = filters.ChoiceFilter(choices=RowOutcome.choices)
