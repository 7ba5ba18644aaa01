"""Tables that people send: every kind is read, and nothing in one does harm."""

import errno
import gc
import io
import struct
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.tabular import Limits, Row, TableRefused, count_rows, open_table

LEGO = Path(__file__).parents[3] / "shared/data/lego_sets.csv"
NAMED = '<row><c t="s"><v>6</v></c></row>'
SMALL_LEGO = (
    ",setID,number,name,year,dimensions\r\n"
    "3,220,1271,Jungle Surprise,1999,\"{'height': 9.6, 'width': 9.6}\"\r\n"
    '8,940,2541,"Café ""Corner"", small",1998,{}\r\n9,941,2541,{Not specified},1998.0,{}\r\n'
)
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
HOLDS = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
PACKAGE = {
    "_rels/.rels": f'{RELATIONS}<Relationship Id="a" Type="{TYPES}/officeDocument"'
    ' Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f"<workbook {MAIN} {HOLDS}><sheets>"
    '<sheet name="A" sheetId="1" r:id="s1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'{RELATIONS}<Relationship Id="s1" Type="{TYPES}/worksheet"'
    f' Target="worksheets/sheet1.xml"/><Relationship Id="t" Type="{TYPES}/sharedStrings"'
    f' Target="/xl/sharedStrings.xml"/><Relationship Id="y" Type="{TYPES}/styles"'
    ' Target="styles.xml"/></Relationships>',
}
SHEET = "xl/worksheets/sheet1.xml"


def read(data: bytes | str, name: str = "a.csv", limits: Limits = Limits()) -> list[Row]:  # noqa: B008
    raw = data.encode() if isinstance(data, str) else data
    with open_table(io.BytesIO(raw), name, limits) as table:
        return [Row(1, table.header), *table.rows()]


def cells(data: bytes | str, name: str = "a.csv") -> list[list[str]]:
    return [row.cells for row in read(data, name)]


def workbook(rows: str, before: str = "", **parts: str) -> bytes:
    """An XLSX of one sheet with these rows; `parts` are further files in `xl`."""
    sheet = f"<worksheet {MAIN}>{before}<sheetData>{rows}</sheetData></worksheet>"
    return package({SHEET: sheet} | {f"xl/{name}.xml": text for name, text in parts.items()})


def package(parts: dict[str, str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (PACKAGE | parts).items():
            archive.writestr(name, text)
    return file.getvalue()


def line(*texts: str) -> str:
    inside = "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in texts)
    return f"<row>{inside}</row>"


@contextmanager
def memory_below(megabytes: int) -> Iterator[None]:
    """The peak of what the block allocates; that of the process would hide behind other tests."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < megabytes * 2**20
    finally:
        tracemalloc.stop()


# --- Text


def test_a_collectors_real_export_is_read_as_it_is() -> None:
    data = LEGO.read_bytes() if LEGO.exists() else SMALL_LEGO.encode()
    with open_table(io.BytesIO(data), "lego_sets.csv") as table:
        assert table.header[0] == ""
        assert table.header[1:4] == ["setID", "number", "name"]
        assert count_rows(table) == (8_102 if LEGO.exists() else 3)
        assert not any(row.fault for row in table.rows())
        assert next(table.rows()).cells[:4] == ["3", "220", "1271", "Jungle Surprise"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_every_encoding_excel_writes_is_understood(encoding: str) -> None:
    text = "Name,Größe\r\n" + "Café – “5 €”,1\r\n" * 20_000
    rows = cells(text.encode(encoding))
    assert rows[:2] == [["Name", "Größe"], ["Café – “5 €”", "1"]]
    assert len(rows) == 20_001


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_found_around_quoted_names(delimiter: str) -> None:
    header = delimiter.join(['"a,;|\t,;|\t, ""b"""', '"two\r\nlines"', "c d"])
    data = f"{header}\r\n" + delimiter.join(['"1,5"', "2", "3"])
    assert cells(data) == [['a,;|\t,;|\t, "b"', "two\r\nlines", "c d"], ["1,5", "2", "3"]]


def test_file_of_one_column_needs_no_delimiter() -> None:
    assert cells("Name\nTeapot\nTeacup\n") == [["Name"], ["Teapot"], ["Teacup"]]


def test_rows_carry_the_line_they_start_in() -> None:
    rows = read('\r\nName,Note\r\na,"x\r\ny\r\nz"\r\n\r\n , \r\nb,1\rc,2\n')
    assert [(row.line, row.cells[0]) for row in rows[1:]] == [(3, "a"), (8, "b"), (9, "c")]
    assert rows[1].cells[1] == "x\r\ny\r\nz"


def test_rows_are_as_wide_as_the_header() -> None:
    rows = read(" Name , ,Name\na\nb,1,2,,\nc,1,2,,3\n")
    assert rows[0].cells == ["Name", "", "Name"]
    assert [row.cells for row in rows[1:3]] == [["a", "", ""], ["b", "1", "2"]]
    assert "more cells than there are column names (3)" in rows[3].fault


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ('"b"x,2', "quotation marks in this row"),
        ('"b\nb"x,2', "quotation marks in the lines 3 to 4"),
        ("b\x00b,2", "NUL"),
        (f"{'b' * 32_768},2", "more than 32767 characters"),
        (f'"{"b" * 200_000}",2', "too long"),
    ],
)
def test_a_bad_row_is_named_and_the_others_go_on(bad: str, reason: str) -> None:
    rows = read(f"Name,Size\na,1\n{bad}\nc,3\n")
    assert [row.fault for row in rows[1::2]] == ["", ""]
    assert [row.cells for row in rows[1::2]] == [["a", "1"], ["c", "3"]]
    assert reason in rows[2].fault
    assert rows[2].line == 3
    assert all(len(cell) <= 32_767 and "\x00" not in cell for cell in rows[2].cells)


@pytest.mark.parametrize("length", [10, 50_000])
def test_quote_that_is_never_closed_refuses_the_file(length: int) -> None:
    with pytest.raises(TableRefused, match=r"line 3 is never closed") as refusal:
        read('Name,Size\na,1\n"b,2\n' + "c,3\n" * length)
    assert refusal.value.detail == str(refusal.value)


def test_rows_can_be_walked_again_from_the_start() -> None:
    with open_table(io.BytesIO(b"a,b\n1,2\n3,4\n"), "a.csv") as table:
        next(table.rows())
        assert count_rows(table) == 2
        assert [row.line for row in table.rows()] == [2, 3]


@pytest.mark.parametrize(("data", "name"), [(b"a\n1\n", "a.csv"), (workbook(line("a")), "a.xlsx")])
def test_the_file_stays_open_for_its_owner(data: bytes, name: str) -> None:
    file = io.BytesIO(data)
    with open_table(file, name) as table:
        assert table.header == ["a"]
    with pytest.raises(TableRefused), open_table(file, name, Limits(max_columns=0)):
        pass
    gc.collect()
    file.seek(0)
    assert file.read() == data


def test_long_text_files_are_read_in_little_memory() -> None:
    data = io.BytesIO(b"Name,Size\n" + b"a,1\n" * 5_000_000)
    with memory_below(2), pytest.raises(TableRefused, match="100000 rows"):
        count_rows(open_table(data, "a.csv"))
    with memory_below(40), pytest.raises(TableRefused, match="too long"):
        read(b"a\n" + b"x" * 20_000_000)


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (b"", "a.csv", "empty"),
        (b"\r\n , \r\n", "a.csv", "empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\x90", "photo.csv", "CSV in UTF-8, or as .xlsx"),
        (b"a,b\n1,2\n", "a.pdf", "Only CSV, TSV and Excel"),
        (b"a,b\n1,2\n", "a.xlsx", "Only CSV, TSV and Excel"),
        ("a,b\n".encode("utf-16-le"), "a.csv", "NUL"),
        (b"\xff\xfea\x00\x00", "a.csv", "CSV in UTF-8"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "a.xls", "save it as .xlsx"),
        (b"PK\x03\x04" + b"\x00" * 600, "a.xlsx", "damaged"),
        (b"PK\x05\x06" + b"\x00" * 18, "a.xlsx", "damaged"),
        (package({})[:-200], "a.xlsx", "damaged"),
        (
            package({"_rels/.rels": f"{RELATIONS}</Relationships>"}),
            "a.zip",
            "not an Excel workbook",
        ),
        (workbook("<row><c r='1A'/></row>"), "a.xlsx", "damaged"),
        (workbook("<row><c"), "a.xlsx", "damaged"),
        (workbook('<row><c t="s"><v>0</v></c></row>'), "a.xlsx", "damaged"),
        (workbook('<row r="2000000000"><c/></row>'), "a.xlsx", "damaged"),
        (workbook('<row><c t="s"><v>-1</v></c></row>', sharedStrings="<a/>"), "a.xlsx", "damaged"),
        (workbook(NAMED, sharedStrings=f"<a>{'<si/>' * 7}</a>"), "a.xlsx", "damaged"),
        (workbook(line("a"), workbook=f"<sheets>{'<sheet/>' * 100_001}</sheets>"), "a.xlsx", "dam"),
    ],
)
def test_what_is_no_table_is_refused_with_a_reason(data: bytes, name: str, reason: str) -> None:
    with pytest.raises(TableRefused, match=reason):
        read(data, name, Limits(max_rows=2, max_columns=3))


def test_zip_that_points_before_its_beginning_is_refused(tmp_path: Path) -> None:
    raw = bytearray(workbook(line("a")))
    raw[-6:-2] = struct.pack("<L", 2**31)
    path = tmp_path / "a.xlsx"
    path.write_bytes(raw)
    with path.open("rb") as file, pytest.raises(TableRefused, match="damaged"):
        open_table(file, "a.xlsx")


def test_failing_storage_is_not_taken_for_a_damaged_file() -> None:
    class Failing(io.BytesIO):
        gone = False

        def read(self, size: int | None = -1, /) -> bytes:
            if self.gone:
                raise OSError(errno.EIO, "gone")
            return super().read(size)

    file = Failing(workbook(line("a")))
    table = open_table(file, "a.xlsx")
    file.gone = True
    with table, pytest.raises(OSError, match="gone"):
        count_rows(table)


@given(st.binary(max_size=200), st.sampled_from([b"", b"PK\x03\x04", b"\xff\xfe", b'a;"b"\n']))
def test_no_bytes_raise_anything_but_a_refusal(data: bytes, start: bytes) -> None:
    with suppress(TableRefused):
        rows = read(start + data)
        assert all(row.fault or len(row.cells) == len(rows[0].cells) for row in rows)


@given(st.data())
def test_no_damage_to_a_workbook_raises_anything_but_a_refusal(data: st.DataObject) -> None:
    raw = bytearray(workbook(line("Name") + '<row><c t="n"><v>1</v></c></row>'))
    for position in data.draw(st.lists(st.integers(0, len(raw) - 1), min_size=1, max_size=5)):
        raw[position] = data.draw(st.integers(0, 255))
    with suppress(TableRefused):
        read(bytes(raw), "a.xlsx")


# --- Workbooks


def test_cells_of_a_workbook_are_the_text_a_person_sees() -> None:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    noon = datetime(2024, 5, 1, 12, 30, tzinfo=UTC).replace(tzinfo=None)
    values: list[Any] = ["Tea", 3, 19.99, 33.0, True, noon, noon.date(), time(9, 5)]
    values += [timedelta(hours=26), "=SUM(A1:A2)", "#N/A", None, " x "]
    sheet.append([str(number) for number in range(len(values))])
    sheet.append(values)
    file = io.BytesIO()
    book.save(file)
    assert cells(file.getvalue(), "a.xlsx")[1] == [
        *["Tea", "3", "19.99", "33", "true", "2024-05-01T12:30:00", "2024-05-01", "09:05:00"],
        *["P1DT02H00M00S", "=SUM(A1:A2)", "#N/A", "", " x "],
    ]


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("12345678901234567", "12345678901234567"),
        ("19.989999999999998", "19.99"),
        ("1.5E+17", "150000000000000000"),
        ("1E-7", "0.0000001"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("007", "7"),
        (" 5 ", "5"),
        ("1E+999", "1E+999"),
        ("1_0", "1_0"),
    ],
)
def test_numbers_come_without_exponent(stored: str, text: str) -> None:
    row = f"<row><c><v>{stored}</v></c></row>"
    assert cells(workbook(line("a") + row), "a.xlsx")[1] == [text]


def test_strings_are_found_wherever_the_workbook_keeps_them() -> None:
    strings = (
        f"<sst {MAIN}><si><t>Name</t></si><si><r><t>Tea</t></r><r><rPr><b/></rPr><t>pot</t></r>"
        "<rPh><t>ti</t></rPh></si><si><t>_x005F_x000D__x000D_&#10;_xD83D__xDE00__xD800_</t></si></sst>"
    )
    rows = "".join(f'<row><c t="s"><v>{index}</v></c></row>' for index in range(3))
    rows += '<row><c t="str"><v>a_x0009_b</v></c></row><row><c t="s"/></row>'
    table = cells(workbook(rows, sharedStrings=strings), "a.xlsx")
    assert table == [["Name"], ["Teapot"], ["_x000D_\r\n😀\ufffd"], ["a\tb"]]


def test_dates_follow_the_style_and_the_calendar_of_the_workbook() -> None:
    styles = (
        f'<styleSheet {MAIN}><numFmts><numFmt numFmtId="200" formatCode="yyyy\\-mm"/></numFmts>'
        '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/>'
        '<xf numFmtId="200"/></cellXfs></styleSheet>'
    )
    row = '<row><c s="0"><v>1</v></c><c s="1"><v>1</v></c><c s="1"><v>-1E9</v></c></row>'
    data = workbook(line("a", "b", "c", "d") + row, styles=styles)
    assert cells(data, "a.xlsx")[1][:3] == ["1", "1900-01-01", "-1000000000"]
    apple = PACKAGE["xl/workbook.xml"].replace("<sheets>", '<workbookPr date1904="1"/><sheets>')
    data = workbook(line("a", "b", "c", "d") + row, styles=styles, workbook=apple)
    assert cells(data, "a.xlsx")[1][1] == "1904-01-02"


def test_first_sheet_a_person_sees_is_read() -> None:
    sheets = '<sheet r:id="hid" state="hidden"/><sheet r:id="s1"/><sheet r:id="s2"/>'
    relations = PACKAGE["xl/_rels/workbook.xml.rels"]
    for name in ("hid", "s2"):
        relation = f'<Relationship Id="{name}" Type="{TYPES}/worksheet" Target="x.xml"/>'
        relations = relations.replace("</R", f"{relation}</R")
    book = f"<workbook {MAIN} {HOLDS}><sheets>{sheets}</sheets></workbook>"
    parts = {"xl/workbook.xml": book, "xl/_rels/workbook.xml.rels": relations}
    sheet = f"<worksheet {MAIN}><sheetData>{line('seen')}</sheetData></worksheet>"
    assert cells(package(parts | {"XL\\Worksheets\\Sheet1.xml": sheet}), "a.xlsx") == [["seen"]]


def test_lines_and_gaps_are_those_of_the_worksheet() -> None:
    rows = '<row r="3"><c r="A3" t="b"><v>1</v></c><c r="C3" t="b"><v>0</v></c></row>'
    rows += '<row r="5"><c r="B5"><f t="shared" si="0">A1*2</f><v>4</v></c></row><row r="6"/>'
    rows += '<row r="1048576"><c r="B6"><f t="shared" si="0"/><v>4</v></c></row>'
    table = read(workbook(rows, before='<dimension ref="A1:XFD1048576"/>'), "a.xlsx")
    assert table[0].cells == ["true", "", "false"]
    assert [(row.line, row.cells[1]) for row in table[1:]] == [(5, "=A1*2"), (1_048_576, "=A1*2")]


def test_any_namespace_prefix_will_do() -> None:
    strict = "http://purl.oclc.org/ooxml/spreadsheetml/main"
    sheet = f'<x:worksheet xmlns:x="{strict}"><x:sheetData><x:row><x:c><x:v>5</x:v></x:c></x:row>'
    data = package({SHEET: f"{sheet}</x:sheetData></x:worksheet>"})
    assert cells(data, "a.xlsx") == [["5"]]


def test_cell_far_beyond_the_last_column_is_a_fault_of_its_row() -> None:
    far = '<row r="2"><c r="A2"><v>1</v></c><c r="XFD2"><v>2</v></c></row>'
    rows = read(workbook(line("a") + far + line("b")), "a.xlsx")
    assert "more cells" in rows[1].fault
    assert rows[2] == Row(3, ["b"])


# --- Limits


def csv_of(rows: int = 1, columns: int = 1, cell: int = 1) -> bytes:
    return "\n".join([",".join(["h"] * columns)] * (rows + 1)).replace("h", "h" * cell).encode()


def xlsx_of(rows: int = 1, columns: int = 1, cell: int = 1) -> bytes:
    return workbook(line(*["h" * cell] * columns) * (rows + 1))


@pytest.mark.parametrize("make", [csv_of, xlsx_of])
@pytest.mark.parametrize("what", ["rows", "columns", "cell"])
def test_rows_columns_and_cells_are_taken_up_to_the_limit(
    make: Callable[..., bytes], what: str
) -> None:
    limits = Limits(max_rows=5, max_columns=5, max_cell=5)
    assert read(make(**{what: 5}), "a.csv", limits)
    with pytest.raises(TableRefused, match="5"):
        read(make(**{what: 6}), "a.csv", limits)


def test_parts_and_size_are_taken_up_to_the_limit() -> None:
    data = xlsx_of()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sizes = [info.file_size for info in archive.infolist()]
    count, size = len(sizes), sum(sizes)
    for exact, below in [
        (Limits(max_members=count), Limits(max_members=count - 1)),
        (Limits(max_inflated=size), Limits(max_inflated=size - 1)),
    ]:
        assert read(data, "a.xlsx", exact)
        with pytest.raises(TableRefused, match="too big"):
            read(data, "a.xlsx", below)


def test_density_is_taken_up_to_the_limit() -> None:
    data = workbook(line("a"), before=" " * 11 * 2**20)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheet = archive.getinfo(SHEET)
    ratio = sheet.file_size // sheet.compress_size
    assert read(data, "a.xlsx", Limits(max_ratio=ratio + 1))
    with pytest.raises(TableRefused, match="too big"):
        read(data, "a.xlsx", Limits(max_ratio=ratio))
