"""What stands in a worksheet: its rows, and the workbook's strings and styles they refer to."""

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from core.tabular.archive import Target, too_big
from core.tabular.ooxml import column_of, decode_text, moment_text, number_text
from core.tabular.table import Limits, Row, TableRefused

_MAX_LINE = 1_048_576
TRUE = {"1", "true"}


class Texts(Target):
    """Gathers the text of some elements, up to a little more than a cell may hold."""

    def __init__(self, limits: Limits) -> None:
        super().__init__()
        # One character takes up to seven here: `_x000D_`. What is cut stays too long for a cell.
        self._most = 8 * (limits.max_cell + 1)
        self._gathered: list[str] = []
        self._size = 0
        self._listening = False
        self._aside = False

    def opened(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "rPh":  # the pronunciation of a text is not part of it
            self._aside = True
        self._listening = name in {"t", "v", "f"} and not self._aside

    def closed(self, name: str) -> None:
        self._listening = False
        if name == "rPh":
            self._aside = False

    def data(self, text: str) -> None:
        if self._listening and self._size < self._most:
            self._gathered.append(text)
            self._size += len(text)

    def take(self) -> str:
        """What was gathered since the last time."""
        text = "".join(self._gathered)
        self._gathered.clear()
        self._size = 0
        return text


class Strings(Texts):
    """The workbook's shared strings, read from `pieces` as far as they are asked for.

    So the header costs no more than its own. Packed, since a million small `str` take 50 MB more.
    """

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits)
        self.pieces: Iterator[None] = iter(())
        self._most_strings = limits.max_rows * limits.max_columns
        self._most_characters = limits.max_cell + 1
        self._bytes = bytearray()
        self._ends = array("Q", [0])

    def closed(self, name: str) -> None:
        super().closed(name)
        if name == "si":
            if len(self._ends) > self._most_strings:
                raise ValueError("more strings than cells")
            self._bytes += decode_text(self.take())[: self._most_characters].encode()
            self._ends.append(len(self._bytes))

    def __getitem__(self, index: int) -> str:
        if index < 0:
            raise IndexError(index)
        while index + 1 >= len(self._ends):
            try:
                next(self.pieces)
            except StopIteration:
                raise IndexError(index) from None
        return self._bytes[self._ends[index] : self._ends[index + 1]].decode()


@dataclass(frozen=True)
class Book:
    strings: Strings
    moments: list[str]
    epoch: datetime


class Sheet(Texts):
    """Turns the elements of a worksheet into rows, `rows`, which the reader takes away."""

    def __init__(self, book: Book, limits: Limits) -> None:
        super().__init__(limits)
        self.rows: list[Row] = []
        self.complete = False
        self._book = book
        # A cell beyond the last column that is allowed stands for all of them.
        self._last_column = limits.max_columns + 1
        self._left = limits.max_inflated
        self._line = self._column = 0
        self._cells: dict[int, str] = {}
        self._cell: Mapping[str, str] = {}
        self._value = ""
        self._formula: str | None = None
        self._formulas: dict[str, str] = {}
        self._shared = ""

    def opened(self, name: str, attributes: Mapping[str, str]) -> None:
        super().opened(name, attributes)
        if name == "row":
            self._open_row(attributes)
        elif name == "c":
            self._open_cell(attributes)
        elif name == "f":
            self._shared = attributes.get("si", "") if attributes.get("t") == "shared" else ""

    def closed(self, name: str) -> None:
        super().closed(name)
        if name == "v":
            self._value = self.take()
        elif name == "f":
            self._close_formula()
        elif name == "c":
            self._close_cell()
        elif name == "row":
            self._close_row()
        elif name == "sheetData":
            self.complete = True

    def _open_row(self, attributes: Mapping[str, str]) -> None:
        above, self._line = self._line, int(attributes.get("r", self._line + 1))
        if not above < self._line <= _MAX_LINE:
            raise ValueError("no worksheet has that row there")
        self._column = 0
        self._cells = {}

    def _open_cell(self, attributes: Mapping[str, str]) -> None:
        self._cell = attributes
        self._column = column_of(attributes["r"]) if "r" in attributes else self._column + 1
        self._value, self._formula = "", None
        self.take()

    def _close_formula(self) -> None:
        # A formula filled down is stored once, at the first of its cells; the others only name it.
        formula = self.take()
        if self._shared:
            formula = self._formulas.setdefault(self._shared, formula)
        self._formula = formula

    def _close_cell(self) -> None:
        text = self._text()
        # A long text or formula that is shared inflates once more, with every cell that names it.
        self._left -= len(text)
        if self._left < 0:
            raise TableRefused(too_big())
        if text:
            self._cells[min(self._column, self._last_column)] = text

    def _close_row(self) -> None:
        if self._cells:
            width = max(self._cells)
            cells = [self._cells.get(column, "") for column in range(1, width + 1)]
            self.rows.append(Row(self._line, cells))

    def _text(self) -> str:
        if self._formula is not None:
            return f"={decode_text(self._formula)}"
        kind = self._cell.get("t", "n")
        if kind == "inlineStr":
            return decode_text(self.take())
        if kind == "str":
            return decode_text(self._value)
        raw = self._value.strip()
        return self._stored(kind, raw) if raw else ""

    def _stored(self, kind: str, raw: str) -> str:
        if kind == "s":
            return self._book.strings[int(raw)]
        if kind == "b":
            return "true" if raw in TRUE else "false"
        # The rest, dates in ISO 8601 and errors such as #N/A, is text as it stands.
        return self._number(raw) if kind == "n" else raw

    def _number(self, raw: str) -> str:
        style = int(self._cell.get("s", "0"))
        moments = self._book.moments
        moment = moments[style] if 0 <= style < len(moments) else ""
        return moment_text(raw, moment, self._book.epoch) if moment else number_text(raw)
