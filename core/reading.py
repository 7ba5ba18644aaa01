"""How one row is read by its key, for selectors and services."""

from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from core.exceptions import NotFoundError

_M = TypeVar("_M", bound=Model)


def get_row(rows: QuerySet[_M], key: Any) -> _M:
    """Raises `NotFoundError` for a key that none of the rows has."""
    row = rows.filter(pk=key).first()
    if row is None:
        raise NotFoundError
    return row
