"""What a reader of tables gets, whatever kind of file they came in."""

from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.exceptions import AppException


class TableRefused(AppException):
    """The table as a whole cannot be read or written; `detail` says why, to people."""

    code = "table_refused"


@dataclass(frozen=True)
class Limits:
    """How much of a file is taken. The last three concern the zip around an XLSX."""

    max_rows: int = 100_000
    max_columns: int = 200
    max_cell: int = 32_767  # what a cell of a spreadsheet program holds
    max_inflated: int = 200 * 2**20
    max_members: int = 1_000
    max_ratio: int = 100


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class Row:
    """One row; `cells` has one text per column of the header.

    `line` is where the row starts: its number in a spreadsheet program, in a text file the number
    of the line. With a `fault` the row is unusable, and its cells are what could be made out,
    shortened to what the limits allow and without NUL, so that a report can store them.
    """

    line: int
    cells: list[str]
    fault: str = ""


class Source(Protocol):
    """One kind of file: gives its rows as they stand, each time from the start."""

    def records(self) -> Iterator[Row]: ...

    def close(self) -> None: ...


class Table:
    """An open table, to be used in a `with` block; the file stays its owner's to close.

    `header` is the first row that is not blank, each cell stripped; `''` is an unnamed column, and
    duplicates are kept.
    """

    def __init__(self, source: Source, limits: Limits) -> None:
        self._source, self._limits = source, limits
        self.header = self._read_header()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._source.close()

    def rows(self) -> Iterator[Row]:
        """The rows below the header, one at a time; blank ones are left out.

        Every call starts again from the top, which invalidates the walk begun before it. Raises
        `TableRefused` at the row that is one too many, or where the file turns out damaged.
        """
        records = self._filled()
        next(records)
        for count, record in enumerate(records, 1):
            if count > self._limits.max_rows:
                text = ngettext(
                    "The file has more than %(count)d row. Divide it into smaller files.",
                    "The file has more than %(count)d rows. Divide it into smaller files.",
                    self._limits.max_rows,
                )
                raise TableRefused(text % {"count": self._limits.max_rows})
            yield self._judged(record)

    def _filled(self) -> Iterator[Row]:
        for record in self._source.records():
            if record.fault or any(cell and not cell.isspace() for cell in record.cells):
                yield record

    def _read_header(self) -> list[str]:
        record = next(self._filled(), None)
        if record is None:
            raise TableRefused(_("The file is empty: its first row must name the columns."))
        if len(record.cells) > self._limits.max_columns:
            text = ngettext(
                "The file has more than %(count)d column.",
                "The file has more than %(count)d columns.",
                self._limits.max_columns,
            )
            raise TableRefused(text % {"count": self._limits.max_columns})
        fault = record.fault or self._text_fault(record.cells)
        if fault:
            raise TableRefused(
                _("The row with the column names cannot be read: %(fault)s") % {"fault": fault}
            )
        return [cell.strip() for cell in record.cells]

    def _judged(self, record: Row) -> Row:
        cells, width = record.cells, len(self.header)
        while len(cells) > width and not cells[-1].strip():
            cells.pop()
        fault = record.fault or self._text_fault(cells)
        if not fault and len(cells) > width:
            fault = _("The row has more cells than there are column names (%(count)d).") % {
                "count": width
            }
        if fault:
            return Row(record.line, self._storable(cells), fault)
        cells.extend([""] * (width - len(cells)))
        return Row(record.line, cells)

    def _text_fault(self, cells: list[str]) -> str:
        if any(len(cell) > self._limits.max_cell for cell in cells):
            text = ngettext(
                "A cell holds more than %(count)d character.",
                "A cell holds more than %(count)d characters.",
                self._limits.max_cell,
            )
            return text % {"count": self._limits.max_cell}
        if any("\x00" in cell for cell in cells):
            return _("A cell holds the character NUL, which is not text.")
        return ""

    def _storable(self, cells: list[str]) -> list[str]:
        most = self._limits
        return [
            cell[: most.max_cell].replace("\x00", "\N{REPLACEMENT CHARACTER}")
            for cell in cells[: most.max_columns]
        ]


def count_rows(table: Table) -> int:
    """How many rows `table.rows()` gives, found by walking them once."""
    return sum(1 for _row in table.rows())
