from typing import Any, cast

from django.contrib import admin
from django.db import models, transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from core.admin import BusinessAdmin, BusinessInline, ReadOnlyAdmin
from core.exceptions import InvalidInput
from core.forms import AttributesField, BusinessForm
from inventory.enums import RowOutcome
from inventory.models import (
    Allocation,
    Category,
    Collectible,
    CollectibleImage,
    ImportJob,
    ImportRow,
    StockLevel,
    StockLot,
    StockMovement,
    StockTransfer,
    Valuation,
)
from inventory.services import CategoryService, CollectibleService, ImageService
from vendors.selectors import get_shop_settings


class BranchInline(BusinessInline):
    model = Category
    fk_name = "parent"
    fields = ["name", "slug"]
    readonly_fields = ["name", "slug"]
    max_num = 0  # a branch must be of the same vendor: it is moved on its own page
    verbose_name_plural = "branches"


class RowInline(BusinessInline):
    """The rows that failed; a job may have a hundred thousand others."""

    model = ImportRow
    fields = ["line", "sku", "errors"]
    readonly_fields = ["line", "sku", "errors"]
    show_change_link = False
    max_num = 0
    verbose_name_plural = "rows that failed (the first 100)"

    def get_queryset(self, request: HttpRequest) -> Any:
        failed = super().get_queryset(request).filter(outcome=RowOutcome.FAILED)
        job = request.resolver_match.kwargs.get("object_id") if request.resolver_match else None
        first = failed.filter(job_id=job).order_by("line").values("pk")[:100]
        return failed.filter(pk__in=first).order_by("line")


class CategoryForm(BusinessForm):
    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        vendor = values.get("vendor")
        vendor_id = vendor.pk if vendor else self.instance.vendor_id
        if parent := values.get("parent"):
            try:
                CategoryService.require_place(
                    vendor_id=vendor_id, parent=parent, moved=self.instance.pk
                )
            except InvalidInput as refusal:
                self.add_error("parent", refusal.errors[0].detail)
        return values


@admin.register(Category)
class CategoryAdmin(BusinessAdmin):
    form = CategoryForm
    list_display = ["name", "vendor", "parent", "slug", "is_deleted", "created_at"]
    list_filter = ["is_deleted"]
    list_select_related = ["vendor", "parent"]
    search_fields = ["name", "slug", "vendor__name"]
    autocomplete_fields = ["vendor", "parent"]
    fixed = ("vendor",)
    inlines = [BranchInline]

    def lock(self, request: HttpRequest, row: Any) -> None:
        """With the whole tree, as who moves or deletes a branch of it."""
        tree = Category.all_objects.filter(vendor_id=row.vendor_id).order_by("pk")
        list(tree.select_for_update(no_key=True).values_list("pk"))

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Its items and branches move up, so nothing is in the way."""
        names, counts, forbidden, _blockers = super().get_deleted_objects(objs, request)
        return names, counts, forbidden, []

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        for category in queryset.filter(is_deleted=False).order_by("pk"):
            CategoryService.delete(category=category, by=cast("Any", request.user))


class ImageInline(BusinessInline):
    model = CollectibleImage
    fields = ["preview", "alt_text", "is_primary", "position", "width", "height", "size"]
    readonly_fields = ["preview", "is_primary", "width", "height", "size"]
    max_num = 0  # pictures come through the API, which checks and re-encodes them

    @admin.display(description="Picture")
    def preview(self, image: CollectibleImage) -> str:
        shown = image.thumbnail or image.file
        return format_html('<img src="{}" height="60" alt="{}">', shown.url, image.alt_text)


class CollectibleForm(BusinessForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None and "low_stock_threshold" in self.fields:
            self.initial["low_stock_threshold"] = None
            self.fields["low_stock_threshold"].help_text = "Left empty, as the shop's settings say."

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        vendor, category = values.get("vendor"), values.get("category")
        if self.instance.pk is None and vendor and values.get("low_stock_threshold") is None:
            values["low_stock_threshold"] = get_shop_settings(vendor.pk).low_stock_threshold
        vendor_id = vendor.pk if vendor else self.instance.vendor_id
        if category and category.vendor_id != vendor_id:
            self.add_error("category", "The category belongs to another vendor.")
        return values


@admin.register(Collectible)
class CollectibleAdmin(BusinessAdmin):
    form = CollectibleForm
    list_display = [
        "name", "sku", "vendor", "category", "condition", "value", "currency", "quantity",
        "is_active", "is_deleted", "created_at",
    ]  # fmt: skip
    list_filter = ["condition", "is_active", "is_featured", "is_bestseller", "is_deleted"]
    list_select_related = ["vendor", "category"]
    search_fields = ["name", "sku", "vendor__name"]
    autocomplete_fields = ["vendor", "category"]
    fixed = ("vendor",)
    readonly_fields = ["quantity", "allocated"]  # the ledger's
    inlines = [ImageInline]
    formfield_overrides = {models.JSONField: {"form_class": AttributesField}}

    def bring_back(self, request: HttpRequest, row: Any) -> None:
        CollectibleService.restore(collectible=row, by=cast("Any", request.user))


@admin.register(CollectibleImage)
class CollectibleImageAdmin(BusinessAdmin):
    list_display = ["collectible", "alt_text", "is_primary", "position", "size", "is_deleted"]
    list_filter = ["is_primary", "is_deleted"]
    list_select_related = ["collectible"]
    search_fields = ["collectible__name", "collectible__sku", "alt_text"]
    readonly_fields = [
        "collectible", "file", "thumbnail", "is_primary", "width", "height", "size", "checksum",
    ]  # fmt: skip
    locked_before = ("collectible",)
    actions = ["restore", "make_primary"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        for image in queryset.filter(is_deleted=False).order_by("pk"):
            ImageService.delete(image=image, by=cast("Any", request.user))

    @admin.action(description="Make the selected primary", permissions=["change"])
    def make_primary(self, request: HttpRequest, queryset: QuerySet) -> None:
        by: Any = request.user
        self.each(
            request, queryset, lambda row: ImageService.update(image=row, by=by, is_primary=True)
        )

    def bring_back(self, request: HttpRequest, row: Any) -> None:
        ImageService.restore(image=row, by=cast("Any", request.user))


@admin.register(ImportJob)
class ImportJobAdmin(ReadOnlyAdmin):
    list_display = [
        "id", "filename", "vendor", "created_by", "status", "dry_run", "processed", "total",
        "created", "updated", "unchanged", "failed", "created_at",
    ]  # fmt: skip
    list_filter = ["status", "dry_run"]
    list_select_related = ["vendor", "created_by"]
    search_fields = ["filename", "vendor__name", "created_by__email"]
    date_hierarchy = "created_at"
    inlines = [RowInline]


@admin.register(ImportRow)
class ImportRowAdmin(ReadOnlyAdmin):
    list_display = ["job", "line", "sku", "outcome", "errors"]
    list_filter = ["outcome"]
    list_select_related = ["job"]
    search_fields = ["=sku", "=job__id"]
    show_full_result_count = False


@admin.register(StockLevel)
class StockLevelAdmin(ReadOnlyAdmin):
    list_display = ["item", "store", "on_hand", "allocated", "updated_at"]
    list_select_related = ["item", "store"]
    search_fields = ["item__name", "=item__sku"]


@admin.register(StockLot)
class StockLotAdmin(ReadOnlyAdmin):
    list_display = [
        "id", "item", "store", "received", "remaining", "cost", "remaining_cost", "currency",
        "received_at", "reference",
    ]  # fmt: skip
    list_select_related = ["item", "store"]
    search_fields = ["item__name", "=item__sku", "=reference"]
    date_hierarchy = "received_at"


@admin.register(StockMovement)
class StockMovementAdmin(ReadOnlyAdmin):
    list_display = [
        "id", "item", "store", "kind", "quantity", "cost", "reason", "reference", "occurred_at",
        "recorded_at",
    ]  # fmt: skip
    list_filter = ["kind", "reason"]
    list_select_related = ["item", "store"]
    search_fields = ["item__name", "=item__sku", "=reference"]
    date_hierarchy = "occurred_at"


@admin.register(StockTransfer)
class StockTransferAdmin(ReadOnlyAdmin):
    list_display = ["id", "item", "from_store", "to_store", "quantity", "status", "created_at"]
    list_filter = ["status"]
    list_select_related = ["item", "from_store", "to_store"]
    search_fields = ["item__name", "=item__sku", "=reference"]


@admin.register(Allocation)
class AllocationAdmin(ReadOnlyAdmin):
    list_display = [
        "id", "item", "store", "quantity", "status", "reference", "created_at", "expires_at",
    ]  # fmt: skip
    list_filter = ["status"]
    list_select_related = ["item", "store"]
    search_fields = ["item__name", "=item__sku", "=reference"]


@admin.register(Valuation)
class ValuationAdmin(ReadOnlyAdmin):
    list_display = ["item", "amount", "currency", "source", "valued_at", "recorded_at"]
    list_select_related = ["item"]
    search_fields = ["item__name", "=item__sku", "source"]
    date_hierarchy = "valued_at"
