"""Plain Python values as text."""

import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import singledispatch
from typing import Any


@singledispatch
def plain(value: Any) -> str:
    """A value as the text of a cell, not yet escaped."""
    return str(value)


@plain.register
def _plain_none(value: None) -> str:
    return ""


@plain.register
def _plain_bool(value: bool) -> str:
    return "true" if value else "false"


@plain.register
def _plain_decimal(value: Decimal) -> str:
    return format(value, "f")


@plain.register
def _plain_float(value: float) -> str:
    return plain(Decimal(repr(value)))


@plain.register
def _plain_datetime(value: datetime) -> str:
    if value.tzinfo is None:
        return value.isoformat()
    return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"


@plain.register(date)
@plain.register(time)
def _plain_date(value: date | time) -> str:
    return value.isoformat()


@plain.register(dict)
@plain.register(list)
def _plain_structure(value: dict[str, Any] | list[Any]) -> str:
    return compact_json(value)


def compact_json(value: Any) -> str:
    """JSON without spaces; what JSON has no form for is text: Decimals, datetimes in ISO 8601."""
    return json.dumps(value, default=plain, ensure_ascii=False, separators=(",", ":"))
