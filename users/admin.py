from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ActionForm
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, UserChangeForm
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html

from core.admin import AuditedAdmin, ReadOnlyAdmin
from core.forms import WatchedForm, told_of
from users.exceptions import LastAdministrator
from users.models import EmailToken, Session, User
from users.services import AccountService, AdministratorService, PasswordService, UserService
from users.services.locks import locked_among_administrators


class ReasonForm(ActionForm):
    """Beside the list of actions: those on accounts are not taken without a word."""

    reason = forms.CharField(
        max_length=200,
        required=False,
        widget=forms.TextInput({"placeholder": "told to the paused, and logged"}),
    )


class UserForm(WatchedForm, UserChangeForm):
    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        flags = ("is_admin", "is_superuser")
        if not any(values.get(name, getattr(self.instance, name)) for name in flags):
            try:
                AdministratorService.require_another(user=self.instance)
            except LastAdministrator as refusal:
                self.add_error(None, told_of(refusal))
        return values


class PutPasswordForm(AdminPasswordChangeForm):
    def save(self, commit: bool = True) -> User:
        values = self.cleaned_data
        password = values["password1"] if values["set_usable_password"] else None
        user: User = self.user
        PasswordService.put(user=user, password=password)
        return user


@admin.register(User)
class UserAdmin(AuditedAdmin, DjangoUserAdmin):
    """Nobody is paused by a tick or really deleted: both go through the service, with a reason."""

    list_display = [
        "email", "username", "full_name", "role", "is_active", "is_staff", "date_joined",
    ]  # fmt: skip
    list_filter = [
        "is_active", "is_staff", "is_admin", "is_salesperson",
        ("deleted_at", admin.EmptyFieldListFilter),
    ]  # fmt: skip
    form = UserForm
    change_password_form = PutPasswordForm
    readonly_fields = [
        "is_active", "last_login", "date_joined", "deleted_at", "portrait",
        "active_vendor",  # everybody chooses it alone; a closed one would be lost with each save
    ]  # fmt: skip
    actions = ["pause", "reactivate", "delete_accounts"]
    action_form = ReasonForm
    search_fields = ["email", "username", "first_name", "last_name", "company_name"]
    ordering = ["-date_joined"]
    fieldsets = (
        *(DjangoUserAdmin.fieldsets or ()),
        (
            "Shop",
            {
                "fields": [
                    "portrait", "company_name", "phone_number", "birthdate", "language",
                    "active_vendor",
                    "is_admin", "is_salesperson", "deleted_at",
                ]
            },
        ),
    )  # fmt: skip
    add_fieldsets = (
        (None, {"classes": ["wide"], "fields": ["username", "email", "password1", "password2"]}),
    )

    def audited_name(self, obj: Any) -> str:
        return f"account “{obj.username}”"

    def lock(self, request: HttpRequest, row: Any) -> None:
        """Among the administrators, of whom the form may ask whether another one stays."""
        locked_among_administrators(row)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """That the old address was theirs says nothing of a new one, where a link goes now."""
        moved = change and obj.email.lower() != form.initial["email"].lower()
        if moved:
            obj.email_verified_at = None
        super().save_model(request, obj, form, change)
        if moved:
            UserService.request_verification(email=obj.email)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        forgotten = obj is not None and obj.deleted_at
        return not forgotten and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_erase_permission(self, request: HttpRequest) -> bool:
        return super().has_delete_permission(request)

    @admin.display(description="Avatar")
    def portrait(self, user: User) -> str:
        return (
            format_html('<img src="{}" height="96" alt="">', user.avatar.url)
            if user.avatar
            else "-"
        )

    @admin.action(description="Pause the selected accounts", permissions=["change"])
    def pause(self, request: HttpRequest, queryset: QuerySet) -> None:
        words: Any = {"by": request.user, "reason": _reason(request)}
        self.each(request, queryset, lambda user: AccountService.pause(user=user, **words))

    @admin.action(description="Reactivate the selected accounts", permissions=["change"])
    def reactivate(self, request: HttpRequest, queryset: QuerySet) -> None:
        by: Any = request.user
        self.each(request, queryset, lambda user: AccountService.reactivate(user=user, by=by))

    @admin.action(description="Delete the selected accounts for ever", permissions=["erase"])
    def delete_accounts(self, request: HttpRequest, queryset: QuerySet) -> None:
        words: Any = {"by": request.user, "reason": _reason(request)}
        self.each(request, queryset, lambda user: AccountService.delete(user=user, **words))

    @transaction.atomic
    def user_change_password(
        self, request: HttpRequest, id: str, form_url: str = ""
    ) -> HttpResponse:
        return super().user_change_password(request, id, form_url)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Setting a password does not pass `save_model`, but it comes by here, too."""
        match = request.resolver_match
        if match and str(match.url_name).endswith("_password_change"):
            self.audit(request, "set the password of", [obj])
        return super().log_change(request, obj, message)


def _reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "").strip()


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(AuditedAdmin, DjangoGroupAdmin):
    """Django's, and who gave staff which permission is in the audit log."""


@admin.register(Session)
class SessionAdmin(ReadOnlyAdmin):
    list_display = ["user", "user_agent", "ip", "created_at", "last_used_at", "revoked_reason"]
    list_filter = ["revoked_reason"]
    list_select_related = ["user"]
    search_fields = ["user__email", "user__username", "=ip"]
    date_hierarchy = "created_at"
    exclude = ["jti", "previous_jti"]


@admin.register(EmailToken)
class EmailTokenAdmin(ReadOnlyAdmin):
    list_display = ["user", "purpose", "created_at", "expires_at", "used_at"]
    list_filter = ["purpose"]
    list_select_related = ["user"]
    search_fields = ["user__email", "user__username"]
    date_hierarchy = "created_at"
    exclude = ["digest"]
