"""How services write: one changed row, one statement; the database's refusals by their names."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.text import slugify

from core.exceptions import AppException
from core.models import AuditedModel

if TYPE_CHECKING:
    from users.models import User


def save_changes(
    row: AuditedModel, changes: Mapping[str, Any], *, by: "User | None" = None
) -> list[str]:
    """Write the fields that differ, with author and version, in one UPDATE; returns their names.

    The caller holds the row's lock. Nothing different means nothing written.
    """
    changed = [name for name, value in changes.items() if getattr(row, name) != value]
    if not changed:
        return []
    for name in changed:
        setattr(row, name, changes[name])
    row.updated_by = by
    row.version += 1
    row.save(update_fields=[*changed, "updated_by", "version"])
    return changed


@contextmanager
def constraint_as(refusals: Mapping[str, AppException]) -> Iterator[None]:
    """Turn the violation of a named database constraint into the refusal it stands for."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        name = str(getattr(getattr(error.__cause__, "diag", None), "constraint_name", ""))
        if name in refusals:
            raise refusals[name] from error
        raise


def free_slug(name: str, taken_in: QuerySet[Any], *, fallback: str) -> str:
    """`star-wars`, or `star-wars-2` and so on where `taken_in` already has it."""
    base = slugify(name)[:60] or fallback
    taken = set(taken_in.filter(slug__startswith=base).values_list("slug", flat=True))
    if base not in taken:
        return base
    number = 2
    while f"{base}-{number}" in taken:
        number += 1
    return f"{base}-{number}"
