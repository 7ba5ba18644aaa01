"""How services write: one changed row, one statement; the database's refusals by their names."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypedDict

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Model, QuerySet
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from core.exceptions import AppException, InvalidInput
from core.models import AuditedModel

if TYPE_CHECKING:
    from users.models import User


BATCH = 1000
# A lock that did not come in time, and one of two who waited for each other.
_BUSY = {"55P03", "40P01"}


class Recorded(TypedDict):
    before: dict[str, Any]
    after: dict[str, Any]


class Changes(dict[str, tuple[Any, Any]]):
    """What differed, by field: (before, after). Empty, and so false, when nothing did."""

    def record(self) -> Recorded:
        """`before` and `after` as `core.audit.log_audit` takes them."""
        return {
            "before": {name: old for name, (old, _new) in self.items()},
            "after": {name: new for name, (_old, new) in self.items()},
        }


def differing(row: Model, values: Mapping[str, Any]) -> Changes:
    """Which of the values are not the row's already. Nothing is set."""
    pairs = {name: (getattr(row, name), value) for name, value in values.items()}
    return Changes({name: pair for name, pair in pairs.items() if pair[0] != pair[1]})


def save_changes(
    row: AuditedModel, values: Mapping[str, Any], *, by: "User | None" = None
) -> Changes:
    """Write the fields that differ, with their author, in one UPDATE; returns them.

    The caller holds the row's lock. Nothing different means nothing written.
    """
    changes = differing(row, values)
    if changes:
        for name, (_old, new) in changes.items():
            setattr(row, name, new)
        row.updated_by = by
        row.save(update_fields=[*changes, "updated_by"])
    return changes


def know(row: Model, **related: Iterable[Model]) -> None:
    """What hangs on a new row is what was added with it: nobody has to ask.

    As Django's own prefetching leaves it, and before the row has a key. Who asks for some of them
    asks the database, by then.
    """
    known = vars(row).setdefault("_prefetched_objects_cache", {})
    for name, rows in related.items():
        relation: Any = row._meta.get_field(name)
        found = known[name] = relation.related_model._default_manager.all()  # noqa: SLF001
        vars(found).update(
            _deferred_filter=(False, (), {relation.field.name: row}),
            _result_cache=list(rows),
            _prefetch_done=True,
        )


@contextmanager
def constraint_as(
    refusals: Mapping[str, AppException | type[AppException]], *, savepoint: bool = True
) -> Iterator[None]:
    """Turn the violation of a named database constraint into the refusal it stands for.

    Without a savepoint, which costs two calls, the refusal is to end the transaction.
    """
    try:
        with transaction.atomic() if savepoint else nullcontext():
            yield
    except IntegrityError as error:
        if (name := violated(error)) in refusals:
            raise refusals[name] from error
        raise


def violated(error: IntegrityError) -> str:
    """The name of the constraint that was in the way."""
    return str(getattr(getattr(error.__cause__, "diag", None), "constraint_name", ""))


def is_busy(error: OperationalError) -> bool:
    """Whether others were in the way, and not the database away: asked again, it may well go."""
    return getattr(error.__cause__, "sqlstate", "") in _BUSY


def require_past(name: str, moment: datetime | None) -> None:
    """Raises `InvalidInput` for a moment that has not come."""
    if moment and moment > timezone.now():
        raise InvalidInput.of(name, _("This is in the future."), "in_future")


def purge(rows: QuerySet[Any]) -> int:
    """Delete the rows for good, so many in a statement that nobody waits long; returns how many."""
    total = 0
    while removed := rows.filter(pk__in=rows.values("pk")[:BATCH]).delete()[0]:
        total += removed
    return total


def free_slug(
    name: str, taken_in: QuerySet[Any], *, fallback: str, besides: Iterable[str] = ()
) -> str:
    """`star-wars`, or `star-wars-2` and so on where it is in `taken_in`, or `besides` already."""
    base = slugify(name)[:60] or fallback
    taken = {*taken_in.filter(slug__startswith=base).values_list("slug", flat=True), *besides}
    if base not in taken:
        return base
    number = 2
    while f"{base}-{number}" in taken:
        number += 1
    return f"{base}-{number}"


def insert_with_slug(row: Any, taken_in: QuerySet[Any], *, fallback: str, constraint: str) -> None:
    """Under the first free slug of its name, and again when somebody takes it at the same moment.

    As often as that happens: each time somebody else has got in, so it comes to an end, and of
    twenty who wait for one slug the last has lost nineteen.
    """
    while True:
        row.slug = free_slug(row.name, taken_in, fallback=fallback)
        try:
            with transaction.atomic():
                row.save()
        except IntegrityError as error:
            if violated(error) != constraint:
                raise
        else:
            return
