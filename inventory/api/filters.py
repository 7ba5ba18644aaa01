from typing import Any, cast

from django import forms
from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.fields import get_error_detail
from rest_framework.request import Request

from core.filters import (
    FilterSet,
    FlagFilter,
    IntegerFilter,
    MomentField,
    MomentFilter,
    ShopFilter,
    ThingFilter,
)
from core.requests import caller
from inventory.enums import Condition, MovementKind, RowOutcome, TransferStatus
from inventory.models import (
    Category,
    Collectible,
    CollectibleQuerySet,
    ImportJob,
    LedgerQuerySet,
)
from inventory.selectors import NOW, Moment, get_category_ids, get_collectibles_for_user
from vendors.roles import Ability
from vendors.selectors import get_vendors_allowing, require_ability_somewhere


class CollectibleFilter(FilterSet):
    category = filters.CharFilter(
        method="in_category", help_text="Id, slug or name; its branches are included."
    )
    vendor = ShopFilter()
    store = IntegerFilter(method="is_in_store", help_text="Of which units are on hand there, now.")
    sku = filters.CharFilter(help_text="The whole SKU, as it is written.")
    condition = filters.ChoiceFilter(choices=Condition.choices)
    min_value = filters.NumberFilter(field_name="value", lookup_expr="gte")
    max_value = filters.NumberFilter(field_name="value", lookup_expr="lte")
    min_quantity = IntegerFilter(field_name="quantity", lookup_expr="gte")
    max_quantity = IntegerFilter(field_name="quantity", lookup_expr="lte")
    in_stock = FlagFilter(method="is_in_stock")
    low_stock = FlagFilter(method="is_low_on_stock")
    is_active = FlagFilter()
    is_featured = FlagFilter()
    is_bestseller = FlagFilter()
    created_after = MomentFilter(field_name="created_at", lookup_expr="gte")
    created_before = MomentFilter(field_name="created_at", lookup_expr="lt")
    updated_since = MomentFilter(field_name="updated_at", lookup_expr="gte")
    is_deleted = FlagFilter(help_text="The deleted instead of the living.")

    class Meta:
        model = Collectible
        fields: list[str] = []

    @property
    def _user(self) -> Any:
        return caller(cast("Request", self.request))

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        if self.form.cleaned_data.get("is_deleted"):
            require_ability_somewhere(self._user, Ability.CATALOG_WRITE)
            writable = get_vendors_allowing(self._user, Ability.CATALOG_WRITE)
            deleted = get_collectibles_for_user(self._user, {"is_deleted": True})
            queryset = deleted.filter(vendor__in=writable)
        return super().filter_queryset(queryset)

    def in_category(self, queryset: CollectibleQuerySet, name: str, value: str) -> QuerySet:
        return queryset.in_categories(get_category_ids(self._user, value))

    def is_in_store(self, queryset: CollectibleQuerySet, name: str, value: Any) -> QuerySet:
        return queryset.on_hand_in(int(value))

    def is_in_stock(self, queryset: CollectibleQuerySet, name: str, value: bool) -> QuerySet:
        return queryset.in_stock() if value else queryset.out_of_stock()

    def is_low_on_stock(self, queryset: CollectibleQuerySet, name: str, value: bool) -> QuerySet:
        return queryset.low_on_stock() if value else queryset.well_stocked()


class CategoryFilter(FilterSet):
    vendor = ShopFilter()
    parent = ThingFilter(field_name="parent_id")
    is_root = FlagFilter(field_name="parent", lookup_expr="isnull")

    class Meta:
        model = Category
        fields: list[str] = []


class ImportJobFilter(FilterSet):
    vendor = ShopFilter()
    dry_run = FlagFilter()

    class Meta:
        model = ImportJob
        fields = ["status"]


class ImportRowFilter(FilterSet):
    outcome = filters.ChoiceFilter(choices=RowOutcome.choices)


class LevelFilter(FilterSet):
    vendor = ShopFilter()
    item = ThingFilter(field_name="item_id")
    store = ThingFilter(field_name="store_id")
    low_stock = FlagFilter(method="is_low", help_text="Of items at their threshold or below.")

    def is_low(self, queryset: LedgerQuerySet, name: str, value: bool) -> QuerySet:
        return queryset.low_on_stock() if value else queryset.well_stocked()


class LotFilter(FilterSet):
    vendor = ShopFilter()
    item = ThingFilter(field_name="item_id")
    store = ThingFilter(field_name="store_id")
    reference = filters.CharFilter()
    is_empty = FlagFilter(method="holds_nothing")

    def holds_nothing(self, queryset: LedgerQuerySet, name: str, value: bool) -> QuerySet:
        return queryset.filter(remaining=0) if value else queryset.filter(remaining__gt=0)


class MovementFilter(FilterSet):
    item = ThingFilter(field_name="item_id")
    store = ThingFilter(field_name="store_id")
    lot = ThingFilter(field_name="lot_id", owner="item__vendor")
    vendor = ShopFilter()
    kind = filters.ChoiceFilter(choices=MovementKind.choices)
    reference = filters.CharFilter()
    occurred_after = MomentFilter(field_name="occurred_at", lookup_expr="gte")
    occurred_before = MomentFilter(field_name="occurred_at", lookup_expr="lt")


class TransferFilter(FilterSet):
    vendor = ShopFilter()
    item = ThingFilter(field_name="item_id")
    status = filters.ChoiceFilter(choices=TransferStatus.choices)


MOMENT = [
    OpenApiParameter("as_of", OpenApiTypes.DATETIME, description="As it was at this time."),
    OpenApiParameter(
        "known_at", OpenApiTypes.DATETIME, description="By what was recorded until this time."
    ),
]


class _MomentForm(forms.Form):
    as_of = MomentField(required=False)
    known_at = MomentField(required=False)


def read_moment(request: Request) -> Moment:
    """`?as_of=` and `?known_at=`; 400 for what is no time. In the future nothing has happened."""
    if request.query_params.keys().isdisjoint(_MomentForm.base_fields):
        return NOW
    form = _MomentForm(request.query_params)
    for name, field in form.fields.items():
        field.required = name in request.query_params  # an empty one is not the present
    if not form.is_valid():
        faults = form.errors.as_data().items()
        raise ValidationError({name: get_error_detail(first) for name, [first, *_] in faults})
    return Moment(as_of=form.cleaned_data["as_of"], known_at=form.cleaned_data["known_at"])
