"""What the limit's handlers are given, and what they give back."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson
import psycopg

FIELDS = (
    "id", "vendor", "name", "slug", "sku", "description", "category", "category_id", "condition",
    "value", "currency", "quantity", "available", "low_stock_threshold", "is_active", "is_featured",
    "is_bestseller", "images", "attributes", "card_details", "created_at", "updated_at",
    "created_by", "updated_by", "version",
)  # fmt: skip
_RAW = [FIELDS.index(name) for name in ("images", "attributes", "card_details")]
OPTIONS = orjson.OPT_UTC_Z


@dataclass
class Asked:
    connection: psycopg.Connection[Any]
    path: str
    query: dict[str, str]
    body: bytes
    claims: dict[str, Any]
    key: int = 0

    def rows(self, statement: str, *, prepare: bool = True, **given: Any) -> list[Any]:
        cursor = self.connection.execute(statement, {**self.scope, **given}, prepare=prepare)
        return cursor.fetchall()

    @property
    def scope(self) -> dict[str, Any]:
        return {name: self.claims[name] for name in ("vendor", "user", "username", "store")}


@dataclass
class Answer:
    body: bytes | Iterable[bytes]
    status: str = "200 OK"
    kind: str = "application/json"
    headers: list[tuple[str, str]] = field(default_factory=list)


def told(body: Any, status: str = "200 OK", **headers: str) -> Answer:
    return Answer(orjson.dumps(body, option=OPTIONS), status, headers=list(headers.items()))


def refuse(status: str) -> Answer:
    return Answer(orjson.dumps({"detail": status}), status)


def as_item(row: Any) -> dict[str, Any]:
    """Of a row whose first column is a count, or nothing."""
    values = list(row[1:])
    for place in _RAW:
        if values[place] is not None:
            values[place] = orjson.Fragment(values[place])
    item = dict(zip(FIELDS, values, strict=True))
    item["image_url"] = None
    item["images"] = item["images"] or []
    return item
