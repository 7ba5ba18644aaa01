"""What every business model is made of: times, authors, versions, undoable deletion.

And the tables that belong to all of them: the audit log, what the limits count, the keys of what
was done once, and the outbox.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models.deletion import Collector, ProtectedError
from django.utils import timezone

from core.enums import AuditType, MessageState
from core.paging import PagedQuerySet
from core.parts import Part

_M = TypeVar("_M", bound=models.Model)
_Family = dict[type[models.Model], set[Any]]

ALIVE = models.Q(is_deleted=False)


def SOFT_CASCADE(  # noqa: N802 (reads like Django's CASCADE and PROTECT)
    collector: Collector, field: Any, sub_objs: Any, using: str
) -> None:
    """`on_delete`: soft deletion follows this key, real deletion is refused while it is used."""
    models.PROTECT(collector, field, sub_objs, using)


class TimeStampedQuerySet(PagedQuerySet[_M]):
    def update(self, **kwargs: Any) -> int:
        """As Django's, and `updated_at` and `version` move along, which it would forget."""
        kwargs.setdefault("updated_at", timezone.now())
        if issubclass(self.model, VersionedModel):
            kwargs.setdefault("version", models.F("version") + 1)
        return super().update(**kwargs)


class TimeStampedModel(models.Model):
    """When the row was made and last written.

    It has no manager: beside `SoftDeleteModel` its `objects` would come first and show the dead.
    """

    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        if update_fields is not None:
            names = {*update_fields}
            update_fields = names | {"updated_at"} if names else names
        super().save(*args, update_fields=update_fields, **kwargs)


class VersionedModel(TimeStampedModel):
    """How often the row changed: what entity tags are made of.

    The trigger `core.triggers.counts_changes`, which the model names, counts in the database; an
    instance counts along when it is saved. It agrees with its row if that was locked when read.
    """

    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        abstract = True

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        names = None if update_fields is None else {*update_fields}
        if not self._state.adding and names != set():
            self.version += 1
        super().save(*args, update_fields=names, **kwargs)


def _author(deed: str) -> "models.ForeignKey[Any, Any]":
    return models.ForeignKey(
        "users.User", on_delete=models.SET_NULL, null=True, blank=True, editable=False,
        db_index=False, related_name=f"{deed}_%(class)s_set",
    )  # fmt: skip


class AuditedModel(VersionedModel):
    """Who made the row and who touched it last.

    Accounts stay when their people go, so nothing looks rows up by these, and no index waits.
    """

    created_by = _author("created")
    updated_by = _author("updated")

    class Meta:
        abstract = True


class SoftDeleteQuerySet(TimeStampedQuerySet[_M]):
    """`delete()` hides rows and what hangs on them; `restore()` brings exactly those back."""

    def delete(self, *, locked: Any = None, **written: Any) -> tuple[int, dict[str, int]]:
        """Hide the rows and, along `SOFT_CASCADE` keys, what belongs to them: all or nothing.

        `written` goes into the rows in the same UPDATE, not into what belongs to them. Returns
        what Django's `delete()` returns: the total and the count per model. Raises
        `ProtectedError` when a row that stays points to one of them through a `PROTECT` key.

        Who has `locked` them knows their keys, and that they are living: nobody asks again.
        """
        stamp = timezone.now()
        with transaction.atomic():
            family = self._living_family(locked)
            if blockers := _blockers(family):
                raise ProtectedError(f"{self.model._meta.label} is in use.", blockers)
            counts = {}
            for model, keys in family.items():
                its = written if model is self.model else {}
                counts[model._meta.label] = _hide(model, keys, stamp, its)
        return sum(counts.values()), counts

    def restore(self, **written: Any) -> int:
        """Bring back hidden rows with what was hidden together with them; returns their number.

        `written` goes into the rows in the same UPDATE, not into what belongs to them.

        Raises `IntegrityError` when a living row has taken a unique value meanwhile.
        """
        with transaction.atomic():
            family = _family(self.model, _keys(self.filter(is_deleted=True)), is_deleted=True)
            for model, keys in family.items():
                _show(model, keys, written if model is self.model else {})
        return len(family.get(self.model, ()))

    def hard_delete(self) -> tuple[int, dict[str, int]]:
        """Really delete. Refused with `ProtectedError` while anything points to a row."""
        return super().delete()

    def blockers(self) -> set[models.Model]:
        """Rows, ten per key at most, that keep these from being deleted."""
        return _blockers(self._living_family())

    def _living_family(self, locked: Any = None) -> _Family:
        keys = _keys(self.filter(is_deleted=False)) if locked is None else locked
        return _family(self.model, keys, is_deleted=False)

    # As on Django's `delete`: a manager does not have it, so all rows must be asked for by name.
    delete.queryset_only = True  # type: ignore[attr-defined]
    restore.queryset_only = True  # type: ignore[attr-defined]
    hard_delete.queryset_only = True  # type: ignore[attr-defined]


def _hide(model: Any, keys: set[Any], stamp: Any, written: Mapping[str, Any]) -> int:
    rows: SoftDeleteQuerySet[Any] = model.all_objects.filter(pk__among=keys, is_deleted=False)
    return rows.update(is_deleted=True, deleted_at=stamp, **written)


def _show(model: Any, keys: set[Any], written: Mapping[str, Any]) -> None:
    rows: SoftDeleteQuerySet[Any] = model.all_objects.filter(pk__among=keys, is_deleted=True)
    rows.update(is_deleted=False, deleted_at=None, **written)


def _keys(rows: Any) -> Any:
    return rows.order_by().values_list("pk", flat=True)


def _family(model: type[models.Model], keys: Iterable[Any], *, is_deleted: bool) -> _Family:
    """These keys, and along `SOFT_CASCADE` those of what hangs on their rows.

    That is the living or, of hidden rows, what was hidden together with them.
    """
    family: _Family = {}
    waiting = [(model, keys)]
    for kind, found in waiting:  # grows while it is walked
        known = family.setdefault(kind, set())
        new = {*found} - known
        known |= new
        if new:
            waiting += [
                (child, _hanging(child, name, new, is_deleted))
                for child, name in _soft_relations(kind, SOFT_CASCADE)
            ]
    return {kind: keys for kind, keys in family.items() if keys}


def _hanging(child: Any, key: str, parents: set[Any], is_deleted: bool) -> Any:
    rows = child.all_objects.filter(**{f"{key}__among": parents}, is_deleted=is_deleted)
    return _keys(rows.filter(deleted_at=models.F(f"{key}__deleted_at")) if is_deleted else rows)


def _soft_relations(model: type[models.Model], on_delete: Any) -> list[tuple[Any, str]]:
    """The models that point to this one so, each with the name of its key."""
    return [
        (relation.related_model, relation.field.name)
        for relation in model._meta.related_objects
        if getattr(relation, "on_delete", None) is on_delete
        and issubclass(relation.related_model, SoftDeleteModel)
    ]


def _blockers(family: _Family) -> set[models.Model]:
    """What goes along is no hindrance: a category is in use by items of its vendor only."""
    blockers: set[models.Model] = set()
    for model, keys in family.items():
        for other, name in _soft_relations(model, models.PROTECT):
            staying = other.objects.exclude(pk__in=family.get(other, ()))
            blockers |= set(staying.filter(**{f"{name}__among": keys})[:10])
        for relation in model._meta.get_fields(include_hidden=True):
            if isinstance(relation, models.ForeignObjectRel):
                blockers |= _holding(relation, keys, family)
    return blockers


def _holding(relation: Any, keys: set[Any], family: _Family) -> set[models.Model]:
    """Rows that are never deleted, and say by `blocks_deletion` (key → when) what they hold.

    What all goes along is no hindrance: a shop is closed with its stores and what is in them.
    """
    other, name = relation.related_model, relation.field.name
    when = getattr(other, "blocks_deletion", {}).get(name)
    if when is None:
        return set()
    rows = other.objects.filter(when, **{f"{name}__among": keys})
    for field in other._meta.concrete_fields:
        if field.name != name and field.related_model in family:
            rows = rows.exclude(**{f"{field.name}__in": family[field.related_model]})
    return set(rows[:10])


class SoftDeleteManager(models.Manager.from_queryset(SoftDeleteQuerySet)):  # type: ignore[misc]
    """The living only."""

    def get_queryset(self) -> SoftDeleteQuerySet[Any]:
        return super().get_queryset().filter(is_deleted=False)


class SoftDeleteModel(models.Model):
    is_deleted = models.BooleanField(default=False, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = SoftDeleteManager()
    all_objects = models.Manager.from_queryset(SoftDeleteQuerySet)()

    class Meta:
        abstract = True

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Hide this row and what belongs to it; only the columns of deletion are written."""
        outcome = self._rows().delete()
        self._reread_record()
        return outcome

    def restore(self) -> None:
        """Undo `delete()`. Raises `IntegrityError` when a unique value is taken meanwhile."""
        self._rows().restore()
        self._reread_record()

    def hard_delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Really delete. Refused with `ProtectedError` while anything points here."""
        return super().delete(*args, **kwargs)

    def _reread_record(self) -> None:
        """What the row says of itself has moved; what else this instance holds is left alone."""
        moved = {"is_deleted", "deleted_at", "updated_at", "updated_by", "version"}
        names = {field.name for field in self._meta.concrete_fields}
        self.refresh_from_db(fields=sorted(moved & names))

    def _rows(self) -> SoftDeleteQuerySet[Any]:
        return type(self).all_objects.filter(pk=self.pk)


class AuditLogQuerySet(PagedQuerySet["AuditLog"]):
    def concerning(self, vendor_ids: Iterable[int], actor_id: int) -> "AuditLogQuerySet":
        """What was done in these shops, and what this person did to the own account."""
        own, ids = models.Q(actor_id=actor_id, vendor=None), list(vendor_ids)
        parts = [Part(own, None), *(Part(models.Q(vendor_id=key), key) for key in ids)]
        return self.in_parts(models.Q(vendor_id__in=ids) | own, parts)

    def search(self, text: str) -> "AuditLogQuerySet":
        return self.met_on_the_way(models.Q(action__icontains=text))

    def by_user(self, text: str) -> "AuditLogQuerySet":
        return self.met_on_the_way(models.Q(user__icontains=text))


class AuditLog(models.Model):
    """One deed, as it was: written by `core.audit`, never changed (decision 9)."""

    type = models.CharField(max_length=50, choices=AuditType.choices)
    user = models.CharField(max_length=100, help_text="The username at that time.")
    action = models.TextField()
    timestamp = models.DateTimeField(auto_now_add=True)
    ip_address = models.GenericIPAddressField(null=True)
    # Ids of then. Keys that the database enforces would have to change rows when one is deleted.
    actor = models.ForeignKey(
        "users.User", on_delete=models.DO_NOTHING, db_constraint=False, db_index=False,
        null=True, related_name="+",
    )  # fmt: skip
    vendor = models.ForeignKey(
        "vendors.Vendor", on_delete=models.DO_NOTHING, db_constraint=False, db_index=False,
        null=True, related_name="+",
    )  # fmt: skip
    object_type = models.CharField(max_length=50, blank=True)
    object_id = models.CharField(max_length=64, blank=True)
    before = models.JSONField(null=True, help_text="The changed fields as they were.")
    after = models.JSONField(null=True, help_text="The changed fields as they became.")
    request_id = models.CharField(max_length=128, blank=True)
    details = models.TextField(blank=True)

    objects = models.Manager.from_queryset(AuditLogQuerySet)()

    class Meta:
        verbose_name_plural = "audit log"
        indexes = [
            models.Index(fields=["-timestamp", "-id"], name="audit_newest"),
            models.Index(fields=["vendor", "-timestamp", "-id"], name="audit_vendor_newest"),
            models.Index(fields=["object_type", "object_id"], name="audit_object"),
            models.Index(fields=["actor", "-timestamp", "-id"], name="audit_actor_newest"),
            # What somebody did to the own account, among all they and others did.
            models.Index(
                fields=["actor", "-timestamp", "-id"],
                condition=models.Q(vendor=None),
                name="audit_own_newest",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.action}"


class ThrottleLog(models.Model):
    """What was let in while Redis was away: written by `core.limits.stored`."""

    key = models.CharField(primary_key=True, max_length=100, help_text="The limit, and a digest.")
    hits = ArrayField(models.BigIntegerField(), help_text="Microseconds since 1970.")
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.key


class IdempotencyKey(models.Model):
    """What a POST under a key was answered: written by `core.idempotency`, for a day."""

    digest = models.CharField(max_length=64, primary_key=True, help_text="Of the user and the key.")
    fingerprint = models.CharField(max_length=64, help_text="Of what was sent.")
    user = models.ForeignKey(
        "users.User", on_delete=models.DO_NOTHING, null=True, related_name="+", db_index=False,
        db_constraint=False,  # the work may have been the account's end
    )  # fmt: skip
    path = models.TextField()
    standing = models.JSONField(help_text="What the user was allowed then.")
    status = models.PositiveSmallIntegerField()
    headers = models.JSONField()
    body = models.BinaryField(null=True, help_text="Null: a secret, which is not kept.")
    about = models.CharField(max_length=40, null=True, help_text="Of whom it tells: `customer 12`.")
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return f"POST {self.path}"


class OutboxMessage(models.Model):
    """One announced event for one handler: written by `core.outbox`, handed over by `core.relay`.

    It may hold an address, so what is done loses that, and goes after a while (decision 20).
    """

    event_id = models.UUIDField(help_text="The same for all who hear of the event.")
    event = models.CharField(max_length=200)
    handler = models.CharField(max_length=200)
    payload = models.JSONField()
    state = models.CharField(
        max_length=10, choices=MessageState.choices, default=MessageState.PENDING
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    last_error = models.CharField(max_length=100, blank=True, help_text="Its class.")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event_id", "handler"], name="outbox_once_per_handler")
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at", "id"],
                condition=models.Q(state=MessageState.PENDING),
                name="outbox_due",
            ),
            models.Index(fields=["state", "finished_at"], name="outbox_finished"),
        ]

    def __str__(self) -> str:
        return f"{self.event} for {self.handler}"
