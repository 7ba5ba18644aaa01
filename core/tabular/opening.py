"""From an uploaded file to a table, or to the sentence that says why not."""

from pathlib import PurePath
from typing import BinaryIO

from django.utils.translation import gettext as _

from core.tabular.delimited import DelimitedSource
from core.tabular.table import DEFAULT_LIMITS, Limits, Source, Table, TableRefused
from core.tabular.xlsx import XlsxSource

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_TEXT_NAMES = {"", ".csv", ".tsv", ".tab", ".txt"}


def open_table(file: BinaryIO, filename: str, limits: Limits = DEFAULT_LIMITS) -> Table:
    """Open CSV, TSV or XLSX for reading row by row; anything else raises `TableRefused`.

    `file` must be seekable, and stays open.
    """
    source = _source(file, filename, limits)
    try:
        return Table(source, limits)
    except TableRefused:
        source.close()
        raise


def _source(file: BinaryIO, filename: str, limits: Limits) -> Source:
    file.seek(0)
    magic = file.read(len(_OLE))
    if magic == _OLE:
        # An .xlsx with a password comes in this wrapping as well.
        raise TableRefused(
            _(
                "This is an old Excel file (.xls) or one protected by a password:"
                " save it as .xlsx without a password."
            )
        )
    if magic.startswith(_ZIP):
        return XlsxSource(file, limits)
    # Nothing in a text says that it is a table, so here the name decides.
    if PurePath(filename).suffix.lower() in _TEXT_NAMES:
        return DelimitedSource(file, limits)
    raise TableRefused(_("Only CSV, TSV and Excel (.xlsx) files can be read."))
