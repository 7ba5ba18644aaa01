"""A workbook of one worksheet as the parts of its package, the sheet line by line.

Office Open XML, ECMA-376-1: §12 says which parts there are, §18.3 what a worksheet looks like, and
§18.8 its styles.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from html import escape as escape_markup
from typing import Any

from django.utils.translation import gettext
from openpyxl.utils import get_column_letter

from core.tabular.ooxml import encode_text
from core.tabular.safety import escape
from core.tabular.table import TableRefused
from core.tabular.values import plain

_SHEET_ROWS = 1_048_576
_SHEET_TEXT = 32_767
_SHEET_DIGITS = 15
_SHEET_EXPONENT = 300

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_SCHEMAS = "http://schemas.openxmlformats.org"
_MAIN = f"{_SCHEMAS}/spreadsheetml/2006/main"
_PACKAGE = f"{_SCHEMAS}/package/2006"
_OFFICE = f"{_SCHEMAS}/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"

SHEET = "xl/worksheets/sheet1.xml"
PARTS = {
    "[Content_Types].xml": (
        f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels"'
        ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
        f'<Override PartName="/{SHEET}" ContentType="{_TYPE}.worksheet+xml"/></Types>'
    ),
    "_rels/.rels": (
        f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>"
    ),
    "xl/workbook.xml": (
        f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
        '<sheets><sheet name="Sheet" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "xl/_rels/workbook.xml.rels": (
        f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>'
    ),
    # The first two fills are taken for these, whatever stands there. Number format 2 is `0.00`.
    "xl/styles.xml": (
        f'{_XML}<styleSheet xmlns="{_MAIN}">'
        '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
        '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>'
        "</cellStyleXfs>"
        '<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
        '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
        '<xf numFmtId="2" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
        '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/>'
        "</cellStyles></styleSheet>"
    ),
}
_BOLD = ' s="1"'
_CENTS = ' s="2"'


def sheet_lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """The markup of the worksheet, whose bold heading stays in sight.

    Raises `TableRefused` for what a sheet cannot hold.
    """
    letters = [get_column_letter(place) for place in range(1, len(header) + 1)]
    yield (
        f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
        "</sheetView></sheetViews><sheetData>"
    )
    named = zip(letters, header, strict=True)
    yield _row(1, (_text(f"{letter}1", _shown(name, name, 1), _BOLD) for letter, name in named))
    for line, row in enumerate(rows, 2):
        if line > _SHEET_ROWS:
            raise TableRefused(
                gettext("A worksheet holds %(count)d rows: export as CSV instead.")
                % {"count": _SHEET_ROWS}
            )
        cells = zip(letters, row, header, strict=True)
        yield _row(line, (_cell(letter, line, value, name) for letter, value, name in cells))
    yield "</sheetData></worksheet>"


def _row(line: int, cells: Iterable[str]) -> str:
    return f'<row r="{line}">{"".join(cells)}</row>'


def _cell(letter: str, line: int, value: Any, name: str) -> str:
    place = f"{letter}{line}"
    if isinstance(value, str):  # first, for most are
        return _text(place, _shown(value, name, line))
    if value is None:
        return ""
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{value:d}</v></c>'
    if isinstance(value, float):
        value = Decimal(repr(value))
    if not isinstance(value, int | Decimal):
        return _text(place, _shown(plain(value), name, line))
    if not _exact_in_a_sheet(Decimal(value)):
        # Digits are not a formula, whatever sign they have.
        return _text(place, plain(value))
    style = _CENTS if isinstance(value, Decimal) and value.as_tuple().exponent == -2 else ""
    return f'<c r="{place}"{style}><v>{value}</v></c>'


def _exact_in_a_sheet(number: Decimal) -> bool:
    if not number.is_finite() or abs(number.adjusted()) > _SHEET_EXPONENT:
        return False
    digits = number.as_tuple().digits
    # Zeros at the end do not count; only of long numbers is it worth looking for them.
    return (
        len(digits) <= _SHEET_DIGITS or len("".join(map(str, digits)).rstrip("0")) <= _SHEET_DIGITS
    )


def _shown(value: str, name: str, line: int) -> str:
    text = encode_text(escape(value))
    if len(text) > _SHEET_TEXT:
        raise TableRefused(
            gettext(
                "Row %(line)d: the text in “%(name)s” is longer than the %(count)d characters"
                " a cell holds. Export as CSV instead."
            )
            % {"line": line, "name": name, "count": _SHEET_TEXT}
        )
    return text


def _text(place: str, text: str, style: str = "") -> str:
    markup = escape_markup(text, quote=False)
    return f'<c r="{place}"{style} t="inlineStr"><is><t xml:space="preserve">{markup}</t></is></c>'
