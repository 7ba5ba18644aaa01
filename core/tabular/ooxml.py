"""How XLSX writes values: text with `_x000D_` in it, numbers, dates as days since 1900 or 1904."""

import math
import re
from datetime import datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache

from django.utils.duration import duration_iso_string
from openpyxl.styles.numbers import is_date_format, is_timedelta_format
from openpyxl.utils.datetime import from_excel

_ENCODED = re.compile("_x([0-9A-Fa-f]{4})_")
_SURROGATE = re.compile("[\ud800-\udfff]")
# What XML cannot say, and the CR, which its parsers turn into LF.
_TO_ENCODE = r"\x00-\x08\x0b-\x1f\ufffe\uffff"
_NOT_XML = re.compile(f"[{_TO_ENCODE}]")
_LOOKS_ENCODED = re.compile(f"_(?=x[0-9A-Fa-f]{{4}}[_{_TO_ENCODE}])")
_CELL_NAME = re.compile("([A-Z]{1,3})[0-9]+")
_INTEGER = re.compile("[+-]?[0-9]{1,400}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_LONGEST_FORMAT = 255


def encode_text(text: str) -> str:
    """Text for an XML element. What XML cannot say is written as spreadsheet programs write it,
    `_x000B_`; halves of surrogate pairs become U+FFFD.
    """
    if text.isprintable() and "_x" not in text:  # as nearly all
        return text
    text = _LOOKS_ENCODED.sub("_x005F_", text)
    text = _NOT_XML.sub(lambda match: f"_x{ord(match[0]):04X}_", text)
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def decode_text(text: str) -> str:
    """The text as its author meant it, without halves of surrogate pairs."""
    if "_x" not in text:
        return text
    text = _ENCODED.sub(lambda match: chr(int(match[1], 16)), text)
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@lru_cache(maxsize=4096)
def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def column_of(cell_name: str) -> int:
    """`C12` is in column 3."""
    match = _CELL_NAME.fullmatch(cell_name)
    if match is None:
        raise ValueError("not the name of a cell")
    return _column(match[1])


def number_text(raw: str) -> str:
    """A stored number in plain digits: no exponent, no `.0`. Anything else comes back as it is."""
    if _INTEGER.fullmatch(raw):
        return str(int(raw))
    if not _NUMBER.fullmatch(raw):
        return raw
    # Excel stores 19.99 as 19.989999999999998; the shortest text of the same float is 19.99.
    number = float(raw)
    if not math.isfinite(number):
        return raw
    if number == int(number):
        return str(int(Decimal(repr(number))))
    return format(Decimal(repr(number)), "f")


@lru_cache(maxsize=1024)
def moment_kind(number_format: str) -> str:
    """What a number under this format shows: a `date`, a `duration`, or nothing of the kind."""
    code = number_format[:_LONGEST_FORMAT]
    if not is_date_format(code):
        return ""
    return "duration" if is_timedelta_format(code) else "date"


def moment_text(raw: str, kind: str, epoch: datetime) -> str:
    """ISO 8601 for a number shown as date, time or duration; a number no calendar has stays one."""
    try:
        moment = from_excel(float(raw), epoch, timedelta=kind == "duration")
    except (OverflowError, ValueError):
        return number_text(raw)
    if isinstance(moment, timedelta):
        return duration_iso_string(moment)
    if isinstance(moment, datetime) and moment.time() == time():
        return moment.date().isoformat()
    return str(moment.isoformat())
