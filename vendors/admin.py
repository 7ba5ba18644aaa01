from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from core.admin import AuditedAdmin, BusinessAdmin, BusinessInline, hold
from core.forms import BusinessForm
from vendors.enums import InviteStatus
from vendors.exceptions import DefaultStoreNeeded, MemberTaken
from vendors.models import (
    OF_THE_SHOP,
    AccessToken,
    SystemSettings,
    Vendor,
    VendorMember,
    VendorStore,
)
from vendors.selectors import get_platform_settings
from vendors.services import InviteService, StoreService, VendorService
from vendors.services.people import lock_living


def _lock_accounts(request: HttpRequest, key: int | None, name: str) -> None:
    """Of who is there and of whom the form names instead: before shop and member, as everybody."""
    chosen = request.POST.get(name, "")
    hold(get_user_model(), key, int(chosen) if chosen.isdecimal() and len(chosen) < 19 else None)


def _require_living(form: forms.ModelForm, name: str) -> Any:
    """The account that the form names; it stays until the form is saved."""
    user = form.cleaned_data.get(name)
    if user and user.pk not in lock_living(user.pk, paused_too=True):
        form.add_error(name, "This account was deleted.")
    return user


class VendorForm(BusinessForm):
    def clean(self) -> dict[str, Any]:
        values = super().clean()
        _require_living(self, "owner")
        return values


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
        """A closed shop has its stores when it is restored; others would stand in their way."""
        closed = obj is not None and obj.is_deleted
        return not closed and super().has_add_permission(request, obj)


@admin.register(Vendor)
class VendorAdmin(BusinessAdmin):
    form = VendorForm
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

    def lock(self, request: HttpRequest, row: Any) -> None:
        _lock_accounts(request, row.owner_id, "owner")
        super().lock(request, row)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and "owner" in form.changed_data:
            by: Any = request.user
            VendorService.seat(vendor=obj, former_id=form.initial["owner"], by=by)

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


class MemberForm(BusinessForm):
    def clean(self) -> dict[str, Any]:
        values = super().clean()
        user = _require_living(self, "user")
        shop = values.get("vendor") or Vendor.all_objects.filter(pk=self.instance.vendor_id).first()
        if shop:
            hold(Vendor, shop.pk)
            owner = Vendor.all_objects.select_related("owner").get(pk=shop.pk).owner
            if user == owner or values.get("email", "").lower() == owner.email.lower():
                self.add_error(None, MemberTaken.detail)
        if values.get("invite_status") == InviteStatus.REVOKED and not self.instance.is_deleted:
            self.add_error("invite_status", "Delete the member, or the invitation, instead.")
        return values


@admin.register(VendorMember)
class VendorMemberAdmin(BusinessAdmin):
    form = MemberForm
    list_display = [
        "vendor", "user", "email", "role", "invite_status", "is_active", "is_deleted",
    ]  # fmt: skip
    list_filter = ["role", "invite_status", "is_active", "is_deleted"]
    list_select_related = ["vendor", "user"]
    search_fields = ["email", "title", "vendor__name"]
    autocomplete_fields = ["vendor", "user"]
    fixed = ("vendor",)
    locked_before = ("vendor",)
    actions: list[Any] = []  # who was removed is not brought back, but invited again

    def lock(self, request: HttpRequest, row: Any) -> None:
        _lock_accounts(request, row.user_id, "user")
        super().lock(request, row)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        asked = not change or {"email", "invite_status"} & {*form.changed_data}
        if asked and obj.invite_status == InviteStatus.PENDING and not obj.is_deleted:
            InviteService.send(invite=obj)


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
