"""Django admin for staff: sees the deleted too, hides instead of deleting, records who did it."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest

if TYPE_CHECKING:
    from core.models import AuditedModel, SoftDeleteModel

_RECORD = [
    "created_at",
    "created_by",
    "updated_at",
    "updated_by",
    "version",
    "is_deleted",
    "deleted_at",
]


class BusinessForm(forms.ModelForm):
    """Tells what the database would refuse, also by columns that are not in the form.

    Django passes over a constraint that names such a column: `is_deleted`, an item's vendor.
    """

    def validate_unique(self) -> None:
        super().validate_unique()
        try:
            self.instance.validate_constraints(exclude=set(self.errors))
        except ValidationError as error:
            self.add_error(None, error.messages)


class BusinessInline(admin.TabularInline):
    form = BusinessForm
    extra = 0
    show_change_link = True
    can_delete = False


class BusinessAdmin(admin.ModelAdmin):
    """For models that are audited and softly deleted."""

    form = BusinessForm
    list_per_page = 50
    show_full_result_count = False
    date_hierarchy = "created_at"
    actions = ["restore"]
    fixed: tuple[str, ...] = ()  # chosen when the row is added, and never again

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        rows: QuerySet = self.model.all_objects.all()
        return rows.order_by(*(self.get_ordering(request) or ["-pk"]))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        names = {field.name for field in self.model._meta.get_fields()}
        record = [name for name in _RECORD if name in names]
        fixed = self.fixed if obj else ()
        return [*super().get_readonly_fields(request, obj), *record, *fixed]

    def save_model(
        self, request: HttpRequest, obj: Any, form: forms.ModelForm, change: bool
    ) -> None:
        _sign(obj, request)
        super().save_model(request, obj, form, change)

    def save_formset(
        self, request: HttpRequest, form: Any, formset: forms.BaseModelFormSet, change: bool
    ) -> None:
        for row in formset.save(commit=False):
            _sign(row, request)
            row.save()
        formset.save_m2m()

    def delete_model(self, request: HttpRequest, obj: "SoftDeleteModel") -> None:
        self.delete_queryset(request, self.model.all_objects.filter(pk=obj.pk))

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        queryset.filter(is_deleted=False).update(updated_by=request.user)
        queryset.delete()

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
        restored = 0
        for row in queryset.filter(is_deleted=True).order_by("pk"):
            try:
                with transaction.atomic():
                    row.restore()
                    self.model.all_objects.filter(pk=row.pk).update(updated_by=request.user)
            except IntegrityError:
                taken = f"{row} stays deleted: what must be unique of it has been taken meanwhile."
                self.message_user(request, taken, messages.ERROR)
            else:
                restored += 1
        self.message_user(request, f"{restored} restored.")


def _sign(row: "AuditedModel", request: HttpRequest) -> None:
    row.updated_by = request.user  # type: ignore[assignment]
    if row.pk is None:
        row.created_by = request.user  # type: ignore[assignment]
    else:
        row.version += 1
