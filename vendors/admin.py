from typing import Any, cast

from django.contrib import admin
from django.http import HttpRequest

from core.admin import AuditedAdmin, BusinessAdmin, BusinessInline
from core.forms import BusinessForm
from vendors.models import (
    OF_THE_SHOP,
    AccessToken,
    SystemSettings,
    Vendor,
    VendorMember,
    VendorStore,
)
from vendors.selectors import get_platform_settings
from vendors.services import VendorService


class StoreInline(BusinessInline):
    model = VendorStore
    fields = ["name", "slug", "type", "currency", "is_default", "is_active"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A closed shop has its stores when it is restored; others would stand in their way."""
        closed = obj is not None and obj.is_deleted
        return not closed and super().has_add_permission(request, obj)


@admin.register(Vendor)
class VendorAdmin(BusinessAdmin):
    list_display = ["name", "slug", "owner", "currency", "is_active", "is_deleted", "created_at"]
    list_filter = ["is_active", "is_deleted", "currency"]
    list_select_related = ["owner"]
    search_fields = ["name", "slug", "owner__email"]
    autocomplete_fields = ["owner"]
    inlines = [StoreInline]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        platform = get_platform_settings()
        settled = {name: getattr(platform, name) for name in OF_THE_SHOP}
        return settled | super().get_changeform_initial_data(request)

    def bring_back(self, request: HttpRequest, row: Any) -> None:
        VendorService.restore(vendor=row, by=cast("Any", request.user))

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """A shop opened here has a default store, like any other."""
        super().save_related(request, form, formsets, change)
        if not form.instance.is_deleted:
            VendorService.open_default_store(vendor=form.instance, by=cast("Any", request.user))


@admin.register(VendorStore)
class VendorStoreAdmin(BusinessAdmin):
    list_display = ["name", "vendor", "type", "currency", "is_default", "is_active", "is_deleted"]
    list_filter = ["type", "is_active", "is_deleted"]
    list_select_related = ["vendor"]
    search_fields = ["name", "slug", "vendor__name"]
    autocomplete_fields = ["vendor"]
    fixed = ("vendor",)
    locked_before = ("vendor",)


@admin.register(VendorMember)
class VendorMemberAdmin(BusinessAdmin):
    list_display = [
        "vendor", "user", "email", "role", "invite_status", "is_active", "is_deleted",
    ]  # fmt: skip
    list_filter = ["role", "invite_status", "is_active", "is_deleted"]
    list_select_related = ["vendor", "user"]
    search_fields = ["email", "title", "vendor__name"]
    autocomplete_fields = ["vendor", "user"]
    fixed = ("vendor",)


@admin.register(AccessToken)
class AccessTokenAdmin(BusinessAdmin):
    list_display = [
        "prefix", "vendor", "notes", "is_used", "used_by", "expires_at", "is_deleted",
    ]  # fmt: skip
    list_filter = ["is_used", "is_deleted"]
    list_select_related = ["vendor", "used_by"]
    search_fields = ["=prefix", "notes", "vendor__name"]
    readonly_fields = ["prefix", "expires_at", "is_used", "used_at", "used_by"]
    fixed = ("vendor",)
    locked_before = ("vendor",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Made by the API alone, which shows a new one once."""
        return False


@admin.register(SystemSettings)
class SystemSettingsAdmin(AuditedAdmin):
    """The platform's, without a vendor, and the shops'. They are emptied and never deleted."""

    form = BusinessForm
    locked_before = ("vendor",)
    list_display = [
        "__str__", "vendor", "low_stock_threshold", "order_expiry_minutes", "default_tax_rate",
        "order_confirmations", "updated_at",
    ]  # fmt: skip
    list_select_related = ["vendor"]
    search_fields = ["vendor__name"]
    autocomplete_fields = ["vendor"]
    ordering = ["-pk"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        record = ["created_at", "created_by", "updated_at", "updated_by", "version"]
        return [*record, "vendor"] if obj else record

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
