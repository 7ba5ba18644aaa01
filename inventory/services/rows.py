"""One row of a table, read as what it says of an item. Pure: no queries."""

import ast
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from core.exceptions import FieldError
from core.fields import CURRENCIES
from core.tabular import Row, unescape
from inventory.enums import Condition
from inventory.models import Category, Collectible, StockLot

_NOTHING = {"{}", "[]", "{not specified}", "not specified"}
_TRUE = {"true", "yes", "1", "y", "x"}
_FALSE = {"false", "no", "0", "n"}
_CONDITIONS = {str(word).lower(): c.value for c in Condition for word in (c.value, c.label)}
_WHOLE = re.compile(r"-?(0|[1-9]\d{0,14})(\.0+)?")
# `1,234.50`: thousands are in groups of three, all behind the same mark, which is no other one's.
_AMOUNT = re.compile(
    r"(?P<before>[^\W\d_]{1,3}\.|[^\d.,+-]{0,4})\s*"
    r"(?P<number>(?P<sign>[+-]?)(?=[.,]?\d)"
    r"(?P<whole>[1-9]\d{0,2}(?P<mark>[.,'’ \u00a0\u202f])\d{3}(?:(?P=mark)\d{3})*(?!(?P=mark))|\d*)"
    r"(?:[.,](?P<part>\d*))?)"
    r"(?:(?<=[.,])-)?"  # as in `5,- €`
    r"\s*(?P<after>[^\W\d_]{1,3}\.|[^\d.,+-]{0,4})"
)
_CURRENCY_WORDS = {
    "", "euro", "fr", "ft", "kr", "kč", "rs", "zł",
    "us$", "a$", "au$", "c$", "ca$", "hk$", "nz$", "nt$", "r$", "s$",
}  # fmt: skip
_ATTRIBUTE = "attributes."
MAX_STRUCTURE = 2000


@dataclass
class ItemRow:
    """What a row says: `values` by field, `attributes` to be merged, or why it says nothing."""

    line: int
    sku: str = ""
    category: str = ""
    version: int | None = None
    values: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    errors: list[FieldError] = field(default_factory=list)


def read_row(row: Row, columns: Sequence[str], targets: Mapping[str, str | None]) -> ItemRow:
    """A blank cell says nothing: a new item takes the default, an old one keeps what it has."""
    read = ItemRow(line=row.line)
    if row.fault:
        read.errors.append(FieldError("", "unreadable", row.fault))
        return read
    for column, cell in zip(columns, row.cells, strict=False):
        target = targets.get(column)
        text = unescape(cell).strip()
        if target and not _says_nothing(target, text):
            _take(read, target, text)
    return read


def _says_nothing(target: str, text: str) -> bool:
    """`{}` is an empty cell, except as a SKU: that is a key, and an item may have this one."""
    return not text or (target != "sku" and text.lower() in _NOTHING)


def _take(read: ItemRow, target: str, text: str) -> None:
    if target.startswith(_ATTRIBUTE):
        read.attributes[target.removeprefix(_ATTRIBUTE)] = _plain(text)
        return
    try:
        value = (_clean if target in _DIFFERENT else _clean_again)(target, text)
    except ValidationError as error:
        fault = error.error_list[0]
        read.errors.append(FieldError(target, fault.code or "invalid", fault.messages[0]))
        return
    match target:
        case "sku":
            read.sku = value
        case "category":
            read.category = value
        case "version":
            read.version = value
        case "attributes":
            read.attributes |= value
        case _:
            read.values[target] = value


def _clean(target: str, text: str) -> Any:
    """By the model field's own rules, after the spellings of people and spreadsheets."""
    if target == "category":
        return Category._meta.get_field("name").clean(text, None)
    spelling = _SPELLINGS.get(target)
    field: Any = (StockLot if target == "unit_cost" else Collectible)._meta.get_field(target)
    return field.clean(spelling(text) if spelling else text, None)


# What is another one in each row, and what is not to be shared between rows.
_DIFFERENT = {"name", "sku", "description", "attributes"}
_clean_again = lru_cache(maxsize=4096)(_clean)


def _amount(text: str) -> Decimal:
    """`1,234.50`, `1.234,50`, `12,5`, `$ 19.99`, rounded half up to cents.

    The last mark is the decimal one, unless a comma stands before exactly three digits. A point
    that does (`1.234`) could be either and is refused: off by a thousand is worse than a question.
    Around it stands a currency or nothing, for `2k` and `(12.50)` are not 2 and 12.50.
    """
    read = _AMOUNT.fullmatch(text)
    if read is None or not (_is_currency(read["before"]) and _is_currency(read["after"])):
        raise _of(text, _("“%(text)s” is not an amount."))
    _require_clear(text, read["number"])
    whole = re.sub(r"\D", "", read["whole"])
    amount = Decimal(f"{read['sign']}{whole}.{read['part'] or ''}")
    # Beyond what the field holds there is nothing to round: it refuses the number.
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP) if abs(amount) < 10**15 else amount


def _is_currency(word: str) -> bool:
    """Or nothing. Auctions write `US $19.99`, and other countries `50 kr.`."""
    word = "".join(word.split()).removesuffix(".")
    sign = len(word) == 1 and unicodedata.category(word) == "Sc"
    return sign or word.upper() in CURRENCIES or word.lower() in _CURRENCY_WORDS


def _require_clear(text: str, number: str) -> None:
    if re.fullmatch(r"[+-]?[1-9]\d{0,2}\.\d{3}", number):
        raise _of(text, _("“%(text)s” could be thousands or a fraction."), "ambiguous")


def _of(text: str, fault: str, code: str = "invalid") -> ValidationError:
    return ValidationError(fault % {"text": text[:40]}, code)


def _whole(text: str) -> str:
    _require_clear(text, text)
    plain = text.replace(",", "") if re.fullmatch(r"[1-9]\d{0,2}(,\d{3})+", text) else text
    return plain.partition(".")[0] if _WHOLE.fullmatch(plain) else plain


def _flag(text: str) -> bool:
    word = text.lower()
    if word not in _TRUE | _FALSE:
        raise _of(text, _("“%(text)s” is neither yes nor no."))
    return word in _TRUE


def _condition(text: str) -> str:
    return _CONDITIONS.get(text.lower().replace("-", " "), text)


def _json_object(text: str) -> Any:
    value = _structure(text)
    if not isinstance(value, dict):
        raise ValidationError(_("Attributes must be a JSON object."), "invalid")
    return value


_SPELLINGS: dict[str, Any] = {
    "value": _amount,
    "unit_cost": _amount,
    "quantity": _whole,
    "low_stock_threshold": _whole,
    "version": _whole,
    "is_active": _flag,
    "is_featured": _flag,
    "is_bestseller": _flag,
    "condition": _condition,
    "currency": str.upper,
    "attributes": _json_object,
}


def _plain(text: str) -> Any:
    """A number, truth or structure where nothing is lost by reading it so; else the text.

    `33.0` is 33 (spreadsheets count in floats), `0012` stays text: it is a number's name.
    """
    if text in {"True", "False", "true", "false"}:
        return text.lower() == "true"
    if _WHOLE.fullmatch(text) and text != "-0":
        return int(text.partition(".")[0])
    if re.fullmatch(r"-?\d{1,9}\.\d{1,6}", text) and str(float(text)) == text:
        return float(text)
    if text[:1] in "{[":
        return _structure(text)
    return text


def _structure(text: str) -> Any:
    """JSON, or Python's way of writing it, as exports of scripts have it; else the text itself."""
    # Python's parser is not made for long texts of strangers; JSON's takes what a cell holds.
    readers = (json.loads, ast.literal_eval) if len(text) <= MAX_STRUCTURE else (json.loads,)
    for read in readers:
        try:
            value = read(text)
            json.dumps(value, allow_nan=False)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
        return json.loads(json.dumps(value))  # a set or a tuple comes back as JSON knows it
    return text
