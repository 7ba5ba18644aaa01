"""Django admin for staff: sees the deleted too, hides instead of deleting, records who did it."""

from collections.abc import Callable, Iterable
from typing import Any

import structlog
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import flatten_fieldsets
from django.db import IntegrityError, transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponseRedirect

from core.audit import AuditEntry, log_many, redacted
from core.enums import AuditType
from core.exceptions import AppException
from core.forms import AS_SHOWN, BusinessForm, WatchedForm, told_of
from core.models import (
    SOFT_CASCADE,
    AuditedModel,
    AuditLog,
    IdempotencyKey,
    OutboxMessage,
    ThrottleLog,
)
from core.relay import try_again
from core.writing import Recorded, violated

_log = structlog.get_logger(__name__)
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
    form = BusinessForm
    extra = 0
    show_change_link = True
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        """Locked after the row they hang on, in key order."""
        rows = super().get_queryset(request)
        return rows.order_by("pk").select_for_update(no_key=True) if _writes(request) else rows

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        shown = super().get_fieldsets(request, obj)
        held = self.admin_site.get_model_admin(self.parent_model)
        changes = obj is not None and held.has_change_permission(request, obj)
        written = {*flatten_fieldsets(shown)} - {*self.get_readonly_fields(request, obj)}
        return _watched(shown, changes and self.has_change_permission(request, obj) and written)


class AuditedAdmin(admin.ModelAdmin):
    """What staff do here is in the audit log, with what they changed, in the same transaction.

    A form writes all columns of its row, so nobody else may write any between its reading and its
    writing: it is read under the locks that services take. `locked_before` are the keys to what
    these lock before a row of this kind.
    """

    form: type[forms.ModelForm] = WatchedForm
    locked_before: tuple[str, ...] = ()

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        row: Any = super().get_object(request, object_id, from_field)
        if row is None or not _writes(request):
            return row
        self.lock(request, row)
        return super().get_object(request, object_id, from_field)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """What no form foresaw, the database refuses: a name that is taken at the same moment."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except IntegrityError as error:
            _log.warning("form_refused", model=self.opts.label, constraint=violated(error))
        told = "Not saved: this does not go together with what is there already. Look at it anew."
        self.message_user(request, told, messages.ERROR)
        return HttpResponseRedirect(request.get_full_path())

    def lock(self, request: HttpRequest, row: Any) -> None:
        for name in self.locked_before:
            kept: Any = row._meta.get_field(name).related_model
            hold(kept, getattr(row, f"{name}_id"))
        hold(type(row), row.pk)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        changes = obj is not None and self.has_change_permission(request, obj)
        return _watched(super().get_fieldsets(request, obj), changes)

    def audited_name(self, obj: Any) -> str:
        """How entries call the row; for people, without their address."""
        return f"{obj._meta.verbose_name} “{obj}”"

    def audit(
        self,
        request: HttpRequest,
        verb: str,
        rows: Iterable[Model],
        changes: Recorded | None = None,
    ) -> None:
        """One entry for each row."""
        known: Recorded = changes or {"before": {}, "after": {}}
        entries = [AuditEntry(f"{verb} {self.audited_name(row)}", row, **known) for row in rows]
        log_many(AuditType.ADMIN, request.user, entries, request)

    def each(self, request: HttpRequest, rows: QuerySet, deed: Callable[[Any], object]) -> None:
        """Do it to all, and tell. One that is refused keeps no other from it."""
        done = 0
        for row in rows.order_by("pk"):
            try:
                deed(row)
            except AppException as refusal:
                self.message_user(request, f"{row}: {told_of(refusal)}", messages.ERROR)
            else:
                done += 1
        self.message_user(request, f"{done} done.")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        self.sign(request, obj)
        super().save_model(request, obj, form, change)
        if form.changed_data or not change:
            self.audit(request, "changed" if change else "added", [obj], _changes(form, change))

    def sign(self, request: HttpRequest, row: Any) -> None:
        """Put the hand of this member of staff under a row that is about to be written."""
        if isinstance(row, AuditedModel):
            row.updated_by = request.user
            if row.pk is None:
                row.created_by = request.user

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        for row in formset.save(commit=False):
            self.sign(request, row)
            row.save()
        for row in formset.deleted_objects:
            row.delete()
        formset.save_m2m()
        forms_of = {each.instance.pk: each for each in formset.forms}
        for row in formset.new_objects:
            self.audit(request, "added", [row], _changes(forms_of[row.pk], change=False))
        for row, _names in formset.changed_objects:
            self.audit(request, "changed", [row], _changes(forms_of[row.pk], change=True))

    @transaction.atomic
    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.audit(request, "deleted", [obj])
        super().delete_model(request, obj)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        self.audit(request, "deleted", queryset)
        super().delete_queryset(request, queryset)


def hold(model: type[Model], *keys: Any) -> None:
    """The locks of these rows, also of deleted ones, in key order."""
    # Without key: what refers to a row must not wait for it, nor the two for each other.
    rows = model._base_manager.filter(pk__in=keys).order_by("pk")  # noqa: SLF001
    list(rows.select_for_update(no_key=True).values_list("pk"))


def _writes(request: HttpRequest) -> bool:
    return request.method == "POST" and transaction.get_connection().in_atomic_block


def _watched(fieldsets: Any, watched: Any) -> list[Any]:
    """Who may change the row brings back how it was shown; nobody else sees the hidden field."""
    sets = [
        (title, {**options, "fields": [name for name in options["fields"] if name != AS_SHOWN]})
        for title, options in fieldsets
    ]
    if watched:
        sets[-1][1]["fields"].append(AS_SHOWN)
    return sets


def _changes(form: forms.ModelForm, change: bool) -> Recorded:
    """What the form says of its row: of a new one all, of another what it changed."""
    names = [name for name in form.changed_data if name in form.cleaned_data]
    after = {name: form.cleaned_data[name] for name in names}
    before = {name: form.initial.get(name) for name in names} if change else {}
    return {"before": before, "after": after}


class BusinessAdmin(AuditedAdmin):
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

    @transaction.atomic
    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.delete_queryset(request, self.model.all_objects.filter(pk=obj.pk))

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        queryset.filter(is_deleted=False).update(updated_by=request.user)
        super().delete_queryset(request, queryset.filter(is_deleted=False))

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """What hangs on the rows is hidden along: Django's walk would say it protects them."""
        rows = self.model.all_objects.filter(pk__in=[row.pk for row in objs])
        names = [str(row) for row in rows]
        title = str(self.opts.verbose_name_plural)
        forbidden = set() if self.has_delete_permission(request) else {title}
        return names, {title: len(names)}, forbidden, [str(row) for row in rows.blockers()]

    @admin.action(
        description="Restore the selected, with what was deleted along", permissions=["change"]
    )
    @transaction.atomic
    def restore(self, request: HttpRequest, queryset: QuerySet) -> None:
        restored = 0
        for row in queryset.filter(is_deleted=True).order_by("pk"):
            if hindrance := self._restored(request, row):
                told = f"{row} stays deleted: {hindrance}"
                self.message_user(request, told, messages.ERROR)
            else:
                restored += 1
        self.message_user(request, f"{restored} restored.")

    def bring_back(self, request: HttpRequest, row: Any) -> None:
        """And write it down. A model whose service restores overrides this."""
        row.restore()
        self.model.all_objects.filter(pk=row.pk).update(updated_by=request.user)
        self.audit(request, "restored", [row])

    def _restored(self, request: HttpRequest, row: Any) -> str:
        """Nothing, or what kept it from coming back."""
        if _belongs_to_deleted(row):
            return "what it belongs to is deleted. Restore that."
        try:
            with transaction.atomic():
                self.bring_back(request, row)
        except AppException as refusal:
            return told_of(refusal)
        except IntegrityError:
            return "what must be unique of it has been taken meanwhile."
        return ""


def _belongs_to_deleted(row: Any) -> bool:
    keys = [field for field in row._meta.fields if field.remote_field]
    owners = [key.name for key in keys if key.remote_field.on_delete is SOFT_CASCADE]
    return any(getattr(row, name).is_deleted for name in owners)


class ReadOnlyAdmin(admin.ModelAdmin):
    """What the system wrote about itself: to be read."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(AuditLog)
class AuditLogAdmin(ReadOnlyAdmin):
    list_display = [
        "timestamp", "type", "user", "action", "object_type", "object_id", "vendor_id",
        "ip_address", "request_id",
    ]  # fmt: skip
    list_filter = ["type"]
    search_fields = ["user", "action", "=object_id", "=request_id"]
    date_hierarchy = "timestamp"
    ordering = ["-timestamp", "-id"]


@admin.register(ThrottleLog)
class ThrottleLogAdmin(ReadOnlyAdmin):
    list_display = ["key", "expires_at"]
    search_fields = ["key"]
    ordering = ["-expires_at", "key"]


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(ReadOnlyAdmin):
    """Without the answers: they belong to who asked."""

    list_display = ["created_at", "user_id", "path", "status"]
    fields = ["created_at", "user_id", "path", "status"]
    list_filter = ["status"]
    search_fields = ["path"]
    date_hierarchy = "created_at"
    ordering = ["-created_at"]


@admin.register(OutboxMessage)
class OutboxMessageAdmin(AuditedAdmin, ReadOnlyAdmin):
    """What waits to be told, and what nobody could be told: the given up may be tried again."""

    list_display = [
        "created_at", "state", "event", "handler", "attempts", "next_attempt_at", "last_error",
    ]  # fmt: skip
    fields = [
        "event_id", "event", "handler", "told", "state", "attempts", "next_attempt_at",
        "last_error", "created_at", "finished_at",
    ]  # fmt: skip
    list_filter = ["state", "event"]
    search_fields = ["=event_id", "handler"]
    date_hierarchy = "created_at"
    ordering = ["-created_at", "-id"]
    actions = ["try_again"]

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("core.change_outboxmessage")

    @admin.display(description="Payload")
    def told(self, message: OutboxMessage) -> str:
        """Addresses are nobody's business here."""
        return str(redacted(message.payload))

    @admin.action(description="Try the selected again, now", permissions=["retry"])
    @transaction.atomic
    def try_again(self, request: HttpRequest, queryset: QuerySet) -> None:
        rows = try_again(queryset)
        self.audit(request, "tried again", rows)
        self.message_user(request, f"{len(rows)} will be tried again.")
