from django.contrib import admin

from core.admin import ReadOnlyAdmin
from notifications.models import Notification, NotificationPreference


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "kind", "user", "vendor", "title", "is_shown", "read_at"]
    list_filter = ["kind", "is_shown"]
    list_select_related = ["user", "vendor"]
    search_fields = ["user__email", "user__username", "=event_id"]
    date_hierarchy = "created_at"
    ordering = ["-created_at", "-id"]


@admin.register(NotificationPreference)
class NotificationPreferenceAdmin(ReadOnlyAdmin):
    list_display = ["user", "kind", "channel", "enabled"]
    list_filter = ["kind", "channel", "enabled"]
    list_select_related = ["user"]
    search_fields = ["user__email", "user__username"]
    ordering = ["-id"]
