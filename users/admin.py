from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin

from users.models import User


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
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
