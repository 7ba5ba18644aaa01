from typing import Any, cast

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from core.admin import AuditedAdmin, BusinessAdmin, BusinessInline, hold
from core.forms import BusinessForm
from vendors.exceptions import DefaultStoreNeeded
from vendors.models import (
    OF_THE_SHOP,
    AccessToken,
    SystemSettings,
    Vendor,
    VendorMember,
    VendorStore,
)
from vendors.selectors import get_platform_settings
from vendors.services import StoreService, VendorService


class StoreForm(BusinessForm):
    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if self.instance.is_default and not values.get("is_active", True):
            self.add_error("is_active", DefaultStoreNeeded.detail)
        return values


class StoreFormSet(forms.BaseInlineFormSet):
    def clean(self) -> None:
        super().clean()
        told = [form.cleaned_data.get("slug") for form in self.forms if form.is_valid()]
        slugs = [slug for slug in told if slug]
        if len({*slugs}) < len(slugs):
            raise ValidationError("Two stores of a shop cannot have the same slug.")


class StoreInline(BusinessInline):
    model = VendorStore
    form, formset = StoreForm, StoreFormSet
    fields = ["name", "slug", "type", "currency", "is_default", "is_active"]
    readonly_fields = ["is_default"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        closed = obj is not None and obj.is_deleted
        return not closed and super().has_add_permission(request, obj)

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

    def sign(self, request: HttpRequest, row: Any) -> None:
        super().sign(request, row)
        _settle_default(row)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """A shop opened here has a default store, like any other."""
        super().save_related(request, form, formsets, change)
        if not form.instance.is_deleted:
            VendorService.open_default_store(vendor=form.instance, by=cast("Any", request.user))


@admin.register(VendorStore)
class VendorStoreAdmin(BusinessAdmin):
    form = StoreForm
    list_display = ["name", "vendor", "type", "currency", "is_default", "is_active", "is_deleted"]
    list_filter = ["type", "is_active", "is_deleted"]
    list_select_related = ["vendor"]
    search_fields = ["name", "slug", "vendor__name"]
    autocomplete_fields = ["vendor"]
    fixed = ("vendor",)
    readonly_fields = ["is_default"]
    locked_before = ("vendor",)
    actions = ["restore", "make_default"]

    def sign(self, request: HttpRequest, row: Any) -> None:
        super().sign(request, row)
        _settle_default(row)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        names, counts, forbidden, blockers = super().get_deleted_objects(objs, request)
        needed = [f"{row}: {DefaultStoreNeeded.detail}" for row in objs if row.is_default]
        return names, counts, forbidden, [*blockers, *needed]

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        for store in queryset.filter(is_deleted=False).order_by("pk"):
            StoreService.delete(store=store, by=cast("Any", request.user))

    @admin.action(description="Make the selected default", permissions=["change"])
    def make_default(self, request: HttpRequest, queryset: QuerySet) -> None:
        by: Any = request.user
        self.each(
            request, queryset, lambda row: StoreService.update(store=row, by=by, is_default=True)
        )


def _settle_default(row: Any) -> None:
    """A shop's first store in use is its default one, as the service has it."""
    if isinstance(row, VendorStore) and row.pk is None:
        hold(Vendor, row.vendor_id)
        others = VendorStore.objects.filter(vendor=row.vendor_id, is_default=True)
        row.is_default = row.is_active and not others.exists()


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
    actions: list[Any] = []  # who was removed is not brought back, but invited again


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
