"""How selectors and services read: a row by its key, and what SQL of our own finds."""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Model, QuerySet

from core.exceptions import NotFoundError

_M = TypeVar("_M", bound=Model)


def get_row(rows: QuerySet[_M], key: Any) -> _M:
    """The one with this key; raises `NotFoundError` where there is none."""
    row = rows.filter(pk=key).first()
    if row is None:
        raise NotFoundError
    return row


def fetch_all(sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """What this SQL finds, for figures that no queryset can say."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())
