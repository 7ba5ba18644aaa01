"""What every business model is made of: times, authors, versions, undoable deletion."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Self, TypeVar

from django.db import models
from django.db.models.deletion import Collector, ProtectedError
from django.utils import timezone

_M = TypeVar("_M", bound=models.Model)

ALIVE = models.Q(is_deleted=False)


def SOFT_CASCADE(  # noqa: N802 (reads like Django's CASCADE and PROTECT)
    collector: Collector, field: Any, sub_objs: Any, using: str
) -> None:
    """`on_delete`: soft deletion follows this key, real deletion is refused while it is used."""
    models.PROTECT(collector, field, sub_objs, using)


class TimeStampedQuerySet(models.QuerySet[_M]):
    def update(self, **kwargs: Any) -> int:
        """As Django's, and `updated_at` and `version` move along, which `update()` would forget."""
        names = {field.name for field in self.model._meta.concrete_fields}
        kwargs.setdefault("updated_at", timezone.now())
        if "version" in names:
            kwargs.setdefault("version", models.F("version") + 1)
        return super().update(**kwargs)


class TimeStampedModel(models.Model):
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = models.Manager.from_queryset(TimeStampedQuerySet)()

    class Meta:
        abstract = True

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        if update_fields is not None:
            update_fields = {*update_fields, "updated_at"}
        super().save(*args, update_fields=update_fields, **kwargs)


class AuditedModel(TimeStampedModel):
    """Who made the row and who touched it last, and how often it changed (`version`)."""

    created_by = models.ForeignKey(
        "users.User",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="created_%(class)s_set",
    )
    updated_by = models.ForeignKey(
        "users.User",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="updated_%(class)s_set",
    )
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        abstract = True


class SoftDeleteQuerySet(TimeStampedQuerySet[_M]):
    """`delete()` hides rows and what hangs on them; `restore()` brings exactly those back."""

    def delete(self) -> tuple[int, dict[str, int]]:
        """Hide the rows and, along `SOFT_CASCADE` keys, what belongs to them.

        Returns what Django's `delete()` returns: the total and the count per model.
        Raises `ProtectedError` when a living row points here through a `PROTECT` key.
        """
        stamp = timezone.now()
        counts = Counter[str]()
        _walk(
            self.model,
            _keys(self.filter(is_deleted=False)),
            lambda model, keys: counts.update({model._meta.label: _hide(model, keys, stamp)}),
            alive=True,
        )
        return counts.total(), dict(counts)

    def restore(self) -> int:
        """Bring back hidden rows with what was hidden together with them; returns their number.

        Raises `IntegrityError` when a living row has taken a unique value meanwhile.
        """
        by_stamp: dict[Any, list[Any]] = {}
        for key, stamp in self.filter(is_deleted=True).values_list("pk", "deleted_at"):
            by_stamp.setdefault(stamp, []).append(key)
        for stamp, keys in by_stamp.items():
            _walk(self.model, keys, _show, alive=False, stamp=stamp)
        return sum(map(len, by_stamp.values()))

    def hard_delete(self) -> tuple[int, dict[str, int]]:
        """Really delete. Refused with `ProtectedError` while anything points to a row."""
        return super().delete()


def _keys(rows: models.QuerySet[Any]) -> list[Any]:
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _hide(model: type[models.Model], keys: Sequence[Any], stamp: Any) -> int:
    rows: SoftDeleteQuerySet[Any] = model.all_objects.filter(pk__in=keys)  # type: ignore[attr-defined]
    return rows.update(is_deleted=True, deleted_at=stamp)


def _show(model: type[models.Model], keys: Sequence[Any]) -> None:
    rows: SoftDeleteQuerySet[Any] = model.all_objects.filter(pk__in=keys)  # type: ignore[attr-defined]
    rows.update(is_deleted=False, deleted_at=None)


def _walk(
    model: type[models.Model],
    keys: Sequence[Any],
    visit: Callable[[type[models.Model], Sequence[Any]], None],
    *,
    alive: bool,
    stamp: Any = None,
) -> None:
    """Visit the rows, then what hangs on them: the living, or those hidden at `stamp`."""
    if not keys:
        return
    if alive:
        _refuse_if_protected(model, keys)
    visit(model, keys)
    for relation in _soft_relations(model, SOFT_CASCADE):
        children = relation.related_model.all_objects.filter(
            **{f"{relation.field.name}__in": keys}, is_deleted=not alive
        )
        if not alive:
            children = children.filter(deleted_at=stamp)
        _walk(relation.related_model, _keys(children), visit, alive=alive, stamp=stamp)


def _soft_relations(model: type[models.Model], on_delete: Any) -> list[Any]:
    return [
        relation
        for relation in model._meta.related_objects
        if getattr(relation, "on_delete", None) is on_delete
        and issubclass(relation.related_model, SoftDeleteModel)
    ]


def _refuse_if_protected(model: type[models.Model], keys: Sequence[Any]) -> None:
    for relation in _soft_relations(model, models.PROTECT):
        blockers = relation.related_model.objects.filter(**{f"{relation.field.name}__in": keys})
        if blockers.exists():
            raise ProtectedError(f"{model._meta.label} is in use.", set(blockers[:10]))


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
        self.refresh_from_db(fields=["is_deleted", "deleted_at"])
        return outcome

    def restore(self) -> None:
        """Undo `delete()`. Raises `IntegrityError` when a unique value is taken meanwhile."""
        self._rows().restore()
        self.refresh_from_db(fields=["is_deleted", "deleted_at"])

    def hard_delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Really delete. Refused with `ProtectedError` while anything points here."""
        return super().delete(*args, **kwargs)

    def _rows(self) -> SoftDeleteQuerySet[Self]:
        return type(self).all_objects.filter(pk=self.pk)
