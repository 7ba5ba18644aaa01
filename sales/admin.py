from typing import Any

from django.contrib import admin

from core.admin import BusinessAdmin
from sales.models import Customer


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
