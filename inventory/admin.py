from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html

from core.admin import BusinessAdmin, BusinessInline
from inventory.enums import RowOutcome
from inventory.models import Category, Collectible, CollectibleImage, ImportJob, ImportRow


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


@admin.register(Category)
class CategoryAdmin(BusinessAdmin):
    list_display = ["name", "vendor", "parent", "slug", "is_deleted", "created_at"]
    list_filter = ["is_deleted"]
    list_select_related = ["vendor", "parent"]
    search_fields = ["name", "slug", "vendor__name"]
    autocomplete_fields = ["vendor", "parent"]
    inlines = [BranchInline]


class ImageInline(BusinessInline):
    model = CollectibleImage
    fields = ["preview", "alt_text", "is_primary", "position", "width", "height", "size"]
    readonly_fields = ["preview", "width", "height", "size"]
    max_num = 0  # pictures come through the API, which checks and re-encodes them

    @admin.display(description="Picture")
    def preview(self, image: CollectibleImage) -> str:
        shown = image.thumbnail or image.file
        return format_html('<img src="{}" height="60" alt="{}">', shown.url, image.alt_text)


@admin.register(Collectible)
class CollectibleAdmin(BusinessAdmin):
    list_display = [
        "name", "sku", "vendor", "category", "condition", "value", "currency", "quantity",
        "is_active", "is_deleted", "created_at",
    ]  # fmt: skip
    list_filter = ["condition", "is_active", "is_featured", "is_bestseller", "is_deleted"]
    list_select_related = ["vendor", "category"]
    search_fields = ["name", "sku", "vendor__name"]
    autocomplete_fields = ["vendor", "category"]
    inlines = [ImageInline]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """An item stays with its vendor."""
        fixed = ["vendor"] if obj else []
        return [*super().get_readonly_fields(request, obj), *fixed]


@admin.register(CollectibleImage)
class CollectibleImageAdmin(BusinessAdmin):
    list_display = ["collectible", "alt_text", "is_primary", "position", "size", "is_deleted"]
    list_filter = ["is_primary", "is_deleted"]
    list_select_related = ["collectible"]
    search_fields = ["collectible__name", "collectible__sku", "alt_text"]
    readonly_fields = ["collectible", "file", "thumbnail", "width", "height", "size", "checksum"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


class _ReadOnlyAdmin(admin.ModelAdmin):
    """What the system wrote about itself: to be read."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ImportJob)
class ImportJobAdmin(_ReadOnlyAdmin):
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
class ImportRowAdmin(_ReadOnlyAdmin):
    list_display = ["job", "line", "sku", "outcome", "errors"]
    list_filter = ["outcome"]
    list_select_related = ["job"]
    search_fields = ["=sku", "=job__id"]
    show_full_result_count = False
