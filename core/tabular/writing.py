"""Rows of plain values into CSV, XLSX and JSON lines, in as much memory as one piece takes."""

import csv
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, BinaryIO, cast

from django.utils.translation import gettext
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import Cell
from openpyxl.styles import Font

from core.tabular.ooxml import encode_text
from core.tabular.safety import escape
from core.tabular.table import TableRefused
from core.tabular.values import compact_json, plain

_CHUNK = 64 * 1024
_AMBIGUOUS = re.compile("[;\t|\ufeff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_SHEET_ROWS = 1_048_576
_SHEET_TEXT = 32_767
_SHEET_DIGITS = 15
_SHEET_EXPONENT = 300


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
    Characters XML cannot say become U+FFFD. A text longer than a cell holds, and a row more than
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
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.freeze_panes = "A2"
    try:
        sheet.append([_bold(_text_cell(sheet, name, name, 1)) for name in header])
        for line, row in enumerate(rows, 2):
            if line > _SHEET_ROWS:
                raise TableRefused(
                    gettext("A worksheet holds %(count)d rows: export as CSV instead.")
                    % {"count": _SHEET_ROWS}
                )
            sheet.append(
                [_cell(sheet, value, name, line) for name, value in zip(header, row, strict=True)]
            )
    finally:
        # Saving is what makes openpyxl remove its own scratch file, so it happens in any case.
        book.save(target)


def _cell(sheet: Any, value: Any, name: str, line: int) -> Cell | bool | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        value = Decimal(repr(value))
    if not isinstance(value, int | Decimal):
        return _text_cell(sheet, plain(value), name, line)
    if not _exact_in_a_sheet(Decimal(value)):
        # Digits are not a formula, whatever sign they have.
        return _typed_text(sheet, plain(value))
    cell = WriteOnlyCell(sheet, cast("float", value))  # its stubs do not know of Decimal
    if isinstance(value, Decimal) and value.as_tuple().exponent == -2:
        cell.number_format = "0.00"
    return cell


def _exact_in_a_sheet(number: Decimal) -> bool:
    if not number.is_finite():
        return False
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    return len(digits) <= _SHEET_DIGITS and abs(number.adjusted()) <= _SHEET_EXPONENT


def _text_cell(sheet: Any, value: str, name: str, line: int) -> Cell:
    text = encode_text(escape(value))
    if len(text) > _SHEET_TEXT:
        raise TableRefused(
            gettext(
                "Row %(line)d: the text in “%(name)s” is longer than the %(count)d characters"
                " a cell holds. Export as CSV instead."
            )
            % {"line": line, "name": name, "count": _SHEET_TEXT}
        )
    return _typed_text(sheet, text)


def _typed_text(sheet: Any, text: str) -> Cell:
    cell = WriteOnlyCell(sheet, text)
    # openpyxl takes `=1` for a formula and `#N/A` for an error until it is told.
    cell.data_type = "s"
    return cell


def _bold(cell: Cell) -> Cell:
    cell.font = Font(bold=True)
    return cell
