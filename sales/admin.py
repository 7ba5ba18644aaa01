"""Staff keep customers, and read what was sold: what an order is follows from its verbs."""

from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from core.admin import BusinessAdmin, ReadOnlyAdmin
from sales.models import (
    Customer,
    Fulfilment,
    Order,
    OrderLine,
    OrderReturn,
    OrderSequence,
    SalesEntry,
)


@admin.register(Customer)
class CustomerAdmin(BusinessAdmin):
    list_display = ["name", "vendor", "email", "phone", "is_deleted", "created_at"]
    list_filter = ["is_deleted"]
    list_select_related = ["vendor"]
    search_fields = ["name", "email", "phone", "vendor__name"]
    autocomplete_fields = ["vendor"]
    fixed = ("vendor",)

    def audited_name(self, obj: Any) -> str:
        return f"customer {obj.pk}"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        erased = obj is not None and obj.erased_at
        return not erased and super().has_change_permission(request, obj)

    @admin.action(
        description="Restore the selected, except for who was erased", permissions=["change"]
    )
    def restore(self, request: HttpRequest, queryset: QuerySet) -> None:
        super().restore(request, queryset.filter(erased_at=None))


class PartInline(admin.TabularInline):
    """What hangs on an order, in the order in which it was written."""

    extra = max_num = 0
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).order_by("pk")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return [str(name) for name in self.fields or ()]


class LineInline(PartInline):
    model = OrderLine
    fields = [
        "sku", "name", "quantity", "cancelled", "unit_price", "discount", "tax_rate", "tax",
        "fulfilled", "returned", "revenue", "cost", "fees", "postage", "profit",
    ]  # fmt: skip


class FulfilmentInline(PartInline):
    model = Fulfilment
    fields = ["fulfilled_at", "carrier", "tracking_number"]


class ReturnInline(PartInline):
    model = OrderReturn
    fields = ["returned_at", "refund", "note"]


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    list_display = [
        "__str__", "status", "vendor", "customer__name", "total", "currency", "channel",
        "created_at", "placed_at",
    ]  # fmt: skip
    list_filter = ["status"]
    list_select_related = ["vendor", "customer"]
    search_fields = ["=number", "vendor__name", "customer__name", "=customer__email"]
    date_hierarchy = "created_at"
    ordering = ["-created_at", "-id"]
    fields = [
        "number", "status", "vendor", "customer", "store", ("subtotal", "discount", "tax"),
        ("total", "refunded", "currency"), ("fees", "postage", "net_proceeds"),
        ("cost", "profit", "margin"), "channel", "notes", ("is_gift", "gift_message"),
        "preferred_delivery_date", ("placed_at", "expires_at", "confirmed_at"),
        ("fulfilled_at", "completed_at"), ("cancelled_at", "cancel_reason"),
        ("created_at", "created_by"), ("updated_at", "updated_by", "version"),
    ]  # fmt: skip
    inlines = [LineInline, FulfilmentInline, ReturnInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """The figures are those of the lines, read once."""
        return super().get_queryset(request).prefetch_related("lines")


@admin.register(SalesEntry)
class SalesEntryAdmin(ReadOnlyAdmin):
    list_display = [
        "id", "order", "line", "kind", "units", "revenue", "tax", "cost", "fees", "postage",
        "occurred_at", "recorded_at",
    ]  # fmt: skip
    list_filter = ["kind"]
    list_select_related = ["order", "line"]
    search_fields = ["=order__number", "=line__sku"]
    date_hierarchy = "occurred_at"
    ordering = ["-id"]


@admin.register(OrderSequence)
class OrderSequenceAdmin(ReadOnlyAdmin):
    list_display = ["vendor", "year", "last"]
    list_select_related = ["vendor"]
    search_fields = ["vendor__name"]
