"""CSV and TSV as spreadsheet programs write them, read as a stream."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from typing import BinaryIO

from django.utils.translation import gettext as _

from core.tabular.table import Limits, Row, TableRefused

_CHUNK = 64 * 1024
_DELIMITERS = ",;\t|"  # the first of equals wins
_QUOTED = re.compile(r'(?<![^,;\t|\r\n])"[^"]*+(?:""[^"]*+)*+"')
_UTF16_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class DelimitedSource:
    """The rows of a text file; its encoding and its delimiter are found out."""

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        self._file = file
        # Longer than every cell full is no row; the floor keeps small limits from mattering here.
        self._longest = max(2**20, limits.max_columns * (limits.max_cell + 3))
        self._encoding = _encoding_of(file)
        self._text: io.TextIOWrapper | None = None
        self._delimiter = _delimiter_of(self._rewound().read(_CHUNK))

    def records(self) -> Iterator[Row]:
        lines = _Lines(self._rewound(), self._longest)
        # Not strict, `"a"b` would silently lose its quotes, and a quote that is never closed would
        # silently take the rest of the file into one cell.
        reader = csv.reader(lines, delimiter=self._delimiter, strict=True)
        while True:
            start = lines.begin()
            try:
                yield Row(start, next(reader))
            except StopIteration:
                return
            except csv.Error:
                yield Row(start, [], _fault(lines, start))

    def close(self) -> None:
        # Detached, not closed: the file is its owner's.
        if self._text is not None:
            self._text.detach()
            self._text = None

    def _rewound(self) -> io.TextIOWrapper:
        self.close()
        self._file.seek(0)
        self._text = io.TextIOWrapper(self._file, encoding=self._encoding, newline="")
        return self._text


class _Lines:
    """Lines for `csv.reader`, which never holds more of them than a row may have."""

    def __init__(self, text: io.TextIOWrapper, longest: int) -> None:
        self._text, self._longest = text, longest
        self.line = 0
        self.taken = 0
        self.ended = False

    def begin(self) -> int:
        """Start a row; gives the number of its first line."""
        self.taken = 0
        return self.line + 1

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(self._longest + 1)
        if not line:
            self.ended = True
            raise StopIteration
        self.line += 1
        self.taken += len(line)
        if self.taken > self._longest:
            raise TableRefused(
                _("The row that ends in line %(line)d is too long.") % {"line": self.line}
            )
        return line


def _fault(lines: _Lines, start: int) -> str:
    """Why the row just tried is unusable. `csv.reader` goes on with the line after it."""
    too_long = lines.taken > csv.field_size_limit()
    if lines.line == start:
        if too_long:
            return _("A cell is too long.")
        return _("The quotation marks in this row do not match.")
    if lines.ended or too_long:
        # Going on is no use: what follows may be inside the quotes as well as outside.
        raise TableRefused(
            _("The quotation mark opened in line %(line)d is never closed.") % {"line": start}
        )
    return _("The quotation marks in the lines %(first)d to %(last)d do not match.") % {
        "first": start,
        "last": lines.line,
    }


def _encoding_of(file: BinaryIO) -> str:
    file.seek(0)
    start = file.read(3)
    if start.startswith(_UTF16_BOMS):
        candidates = ["utf-16"]
    elif start == codecs.BOM_UTF8:
        candidates = ["utf-8-sig"]
    else:
        # Excel's plain "CSV" is written in the code page of its Windows: that is 1252 in western
        # Europe and the Americas. It can decode nearly anything, so it comes last.
        candidates = ["utf-8", "cp1252"]
    for encoding in candidates:
        if _decodes(file, encoding):
            return encoding
    raise TableRefused(
        _("The file is not text that can be read: save it as CSV in UTF-8, or as .xlsx.")
    )


def _decodes(file: BinaryIO, encoding: str) -> bool:
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while chunk := file.read(_CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _delimiter_of(beginning: str) -> str:
    # `csv.Sniffer` guesses from letter frequencies and finds "e" in a file of one column. Names of
    # columns rarely hold delimiters, and quoted ones are taken out first: what then occurs most in
    # the first line is it.
    header = re.split("[\r\n]", _QUOTED.sub("", beginning).lstrip("\r\n"), maxsplit=1)[0]
    return max(_DELIMITERS, key=header.count)
