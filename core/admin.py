"""Django admin for staff: sees the deleted too, hides instead of deleting, records who did it."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

if TYPE_CHECKING:
    from core.models import SoftDeleteModel

_RECORD = [
    "created_at",
    "created_by",
    "updated_at",
    "updated_by",
    "version",
    "is_deleted",
    "deleted_at",
]


class BusinessInline(admin.TabularInline):
    extra = 0
    show_change_link = True
    can_delete = False


class BusinessAdmin(admin.ModelAdmin):
    """For models that are audited and softly deleted."""

    list_per_page = 50
    show_full_result_count = False
    date_hierarchy = "created_at"
    actions = ["restore"]

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows: QuerySet = self.model.all_objects.all()
        return rows.order_by(*(self.get_ordering(request) or ["-pk"]))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        names = {field.name for field in self.model._meta.get_fields()}
        return [*super().get_readonly_fields(request, obj), *(n for n in _RECORD if n in names)]

    def save_model(
        self, request: HttpRequest, obj: Any, form: forms.ModelForm, change: bool
    ) -> None:
        obj.updated_by = request.user
        if change:
            obj.version += 1
        else:
            obj.created_by = request.user
        super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: "SoftDeleteModel") -> None:
        obj.delete()

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """What hangs on the rows is hidden along: Django's walk would say it protects them."""
        rows = self.model.all_objects.filter(pk__in=[row.pk for row in objs])
        names = [str(row) for row in rows]
        title = str(self.opts.verbose_name_plural)
        forbidden = set() if self.has_delete_permission(request) else {title}
        return names, {title: len(names)}, forbidden, [str(row) for row in rows.blockers()]

    @admin.action(description="Restore the selected, with what was deleted along")
    def restore(self, request: HttpRequest, queryset: QuerySet) -> None:
        restored = queryset.restore()  # type: ignore[attr-defined]
        self.message_user(request, f"{restored} restored.")
