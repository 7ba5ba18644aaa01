"""The first worksheet of an XLSX, row by row, each cell as text."""

import posixpath
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import BinaryIO

from openpyxl.styles.numbers import BUILTIN_FORMATS
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH

from core.tabular.archive import Archive, Target, damage_refused
from core.tabular.ooxml import moment_kind
from core.tabular.table import Limits, Row
from core.tabular.worksheet import TRUE, Book, Sheet, Strings

_MAX_ELEMENTS = 100_000


class XlsxSource:
    """The rows of a workbook's first visible worksheet.

    The size a worksheet declares is not looked at: it is often wrong, and can be made to lie.
    """

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self._limits = limits
        self._archive = Archive(file, limits)
        try:
            with damage_refused():
                self._book, self._sheet = self._read_workbook()
        except BaseException:
            self._archive.close()
            raise

    def records(self) -> Iterator[Row]:
        sheet = Sheet(self._book, self._limits)
        with damage_refused():
            for _piece in self._archive.feed(self._sheet, sheet):
                yield from sheet.rows
                sheet.rows.clear()
                if sheet.complete:
                    return

    def close(self) -> None:
        self._archive.close()

    def _read_workbook(self) -> tuple[Book, str]:
        main = self._related("", "officeDocument")[0][1]
        about = self._attributes(main, "workbook/workbookPr", "sheets/sheet")
        is_1904 = any(found.get("date1904") in TRUE for found in about["workbook/workbookPr"])
        worksheets = dict(self._related(main, "worksheet"))
        sheets = [
            (sheet.get("state", "visible") != "visible", worksheets[identity])
            for sheet in about["sheets/sheet"]
            if (identity := _relation_of(sheet)) in worksheets
        ]
        # The first one a person sees; a workbook whose sheets are all hidden still has a first.
        _hidden, first = min(sheets, key=lambda found: found[0])
        book = Book(
            self._strings([path for _id, path in self._related(main, "sharedStrings")]),
            self._moments([path for _id, path in self._related(main, "styles")]),
            MAC_EPOCH if is_1904 else WINDOWS_EPOCH,
        )
        return book, first

    def _related(self, part: str, kind: str) -> list[tuple[str, str]]:
        """Id and path of the parts that a part points to as its `kind`."""
        folder, name = posixpath.split(part)
        relations = posixpath.join(folder, "_rels", f"{name}.rels")
        path = "Relationships/Relationship"
        return [
            (found["Id"], posixpath.normpath(posixpath.join("/", folder, found["Target"]))[1:])
            for found in self._attributes(relations, path)[path]
            if found["Type"].endswith(f"/{kind}")
        ]

    def _attributes(self, part: str, *paths: str) -> dict[str, list[Mapping[str, str]]]:
        target = _Attributes(paths)
        for _piece in self._archive.feed(part, target):
            pass
        return target.found

    def _strings(self, parts: list[str]) -> Strings:
        strings = Strings(self._limits)
        present = (part for part in parts if part in self._archive)
        strings.pieces = chain.from_iterable(self._archive.feed(part, strings) for part in present)
        return strings

    def _moments(self, parts: list[str]) -> list[str]:
        """For each style of a cell, what kind of moment it shows its number as."""
        if not parts or parts[0] not in self._archive:
            return []
        found = self._attributes(parts[0], "numFmts/numFmt", "cellXfs/xf")
        formats = dict(BUILTIN_FORMATS)
        for each in found["numFmts/numFmt"]:
            formats[int(each["numFmtId"])] = each["formatCode"]
        numbers = [int(style.get("numFmtId", "0")) for style in found["cellXfs/xf"]]
        return [moment_kind(formats.get(number, "")) for number in numbers]


def _relation_of(sheet: Mapping[str, str]) -> str:
    return next((value for name, value in sheet.items() if name.endswith("}id")), "")


class _Attributes(Target):
    """Keeps the attributes of the elements at certain places, `parent/name`."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        super().__init__()
        self.found: dict[str, list[Mapping[str, str]]] = {path: [] for path in paths}
        self._open = [""]

    def opened(self, name: str, attributes: Mapping[str, str]) -> None:
        found = self.found.get(f"{self._open[-1]}/{name}")
        self._open.append(name)
        if found is None:
            return
        if len(found) == _MAX_ELEMENTS:
            raise ValueError("more than any workbook has of these")
        found.append(attributes)

    def closed(self, name: str) -> None:
        self._open.pop()
