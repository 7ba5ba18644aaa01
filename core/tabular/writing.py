"""Rows of plain values into CSV, XLSX and JSON lines, in as much memory as one piece takes."""

import csv
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, BinaryIO, cast
from zipfile import ZIP_DEFLATED, ZipFile

from django.utils.translation import gettext

from core.tabular.safety import escape
from core.tabular.table import TableRefused
from core.tabular.values import compact_json, plain
from core.tabular.workbook import PARTS, SHEET, sheet_lines

_CHUNK = 64 * 1024
_AMBIGUOUS = re.compile("[;\t|\ufeff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
# Of more than 2 GB a zip tells in a way that not every spreadsheet program understands.
_SHEET_BYTES = 2**31 - 1
# Half the time of the usual one, for a tenth more.
_LEVEL = 3


def csv_chunks(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """CSV as RFC 4180 has it, in UTF-8 without BOM, in pieces of about 64 KB.

    Text is escaped against formulas; numbers, also negative ones, are left as they are. Halves of
    surrogate pairs, which UTF-8 cannot say, become U+FFFD.
    """
    return _chunks(_csv_lines(header, rows))


def jsonl_chunks(keys: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """One JSON object per line: raw text, Decimals as strings, dicts and lists nested."""
    return _chunks(f"{compact_json(dict(zip(keys, row, strict=True)))}\n" for row in rows)


def xlsx_file(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> BinaryIO:
    """A workbook of one sheet, at its beginning; closing it deletes it.

    Text is escaped and never a formula. Numbers are numbers, except those a spreadsheet would
    round (more than 15 digits): they are text, like dates, which keep their `Z` that way.
    Halves of surrogate pairs become U+FFFD. A text longer than a cell holds, and a row more than
    a sheet holds, raise `TableRefused`: cutting would lose data without a word.
    """
    target = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 -- the caller closes it
    try:
        _save(target, header, rows)
    except BaseException:
        target.close()
        raise
    target.seek(0)
    return target


def _chunks(lines: Iterable[str]) -> Iterator[bytes]:
    held: list[str] = []
    size = 0
    for line in lines:
        held.append(line)
        size += len(line)
        if size >= _CHUNK:
            yield _utf8(held)
            held.clear()
            size = 0
    if held:
        yield _utf8(held)


def _utf8(lines: list[str]) -> bytes:
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", "".join(lines)).encode()


class _Echo:
    """A file for `csv.writer` that gives each line back instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def csv_heading(header: Sequence[str]) -> str:
    """The first line of a CSV."""
    # Readers find the delimiter in it, and a byte order mark at its beginning: quoted, a name that
    # holds one of them is only a name.
    ambiguous = any(_AMBIGUOUS.search(name) for name in header)
    writer = csv.writer(_Echo(), quoting=csv.QUOTE_ALL if ambiguous else csv.QUOTE_MINIMAL)
    line: str = writer.writerow([escape(name) for name in header])
    return line


def _csv_lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    yield csv_heading(header)
    writer = csv.writer(_Echo())
    for row in rows:
        yield writer.writerow([_csv_cell(value) for value in row])


def _csv_cell(value: Any) -> str:
    return plain(value) if isinstance(value, int | float | Decimal) else escape(plain(value))


def _save(target: BinaryIO, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with ZipFile(target, "w", ZIP_DEFLATED, compresslevel=_LEVEL) as package:
        for name, markup in PARTS.items():
            package.writestr(name, markup)
        size = 0
        with package.open(SHEET, "w") as sheet:
            for piece in _chunks(sheet_lines(header, rows)):
                size += len(piece)
                if size > _SHEET_BYTES:
                    raise TableRefused(gettext("A worksheet holds 2 GB: export as CSV instead."))
                sheet.write(piece)
