from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from core.admin import AuditedAdmin, ReadOnlyAdmin
from users.models import EmailToken, Session, User


@admin.register(User)
class UserAdmin(AuditedAdmin, DjangoUserAdmin):
    list_display = [
        "email",
        "username",
        "full_name",
        "role",
        "is_active",
        "is_staff",
        "date_joined",
    ]
    list_filter = ["is_active", "is_staff", "is_admin", "is_salesperson"]
    search_fields = ["email", "username", "first_name", "last_name", "company_name"]
    ordering = ["-date_joined"]
    autocomplete_fields = ["active_vendor"]
    fieldsets = (
        *(DjangoUserAdmin.fieldsets or ()),
        (
            "Shop",
            {
                "fields": [
                    "company_name", "phone_number", "birthdate", "active_vendor",
                    "is_admin", "is_salesperson",
                ]
            },
        ),
    )  # fmt: skip
    add_fieldsets = (
        (None, {"classes": ["wide"], "fields": ["username", "email", "password1", "password2"]}),
    )

    def audited_name(self, obj: Any) -> str:
        return f"account “{obj.username}”"

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
