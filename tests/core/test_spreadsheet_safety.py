"""Spreadsheets that do no harm: none leaves with a formula in it, none comes in with a bomb."""

import io
import json
import struct
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

import openpyxl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.tabular import (
    Limits,
    TableRefused,
    csv_chunks,
    escape,
    jsonl_chunks,
    open_table,
    unescape,
    xlsx_file,
)
from tests.core.test_tabular import (
    MAIN,
    PACKAGE,
    SHEET,
    line,
    memory_below,
    package,
    read,
    workbook,
)

FORMULA = tuple("=+-@＝＋－＠")
# Texts that are likely to break the rule, mixed with every other text there is.
TRICKY = st.text(st.sampled_from("'' \t\r\n=+-@＝x\ufeff\u200b\xa0"), max_size=8)
TEXT = TRICKY | st.text(max_size=12)
CELL = st.one_of(
    TRICKY.filter(lambda text: "\x00" not in text),
    st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12),
    st.text(st.sampled_from('",;|\t\r\n _x000D'), max_size=20),
)
TABLE = st.lists(st.lists(CELL, min_size=3, max_size=3), max_size=6)


def csv_file(header: list[str], rows: list[list[Any]]) -> BinaryIO:
    return io.BytesIO(b"".join(csv_chunks(header, rows)))


def csv_text(rows: list[list[Any]]) -> str:
    return csv_file(["a"] * len(rows[0]), rows).read().decode().partition("\r\n")[2]


def read_back(file: BinaryIO, name: str) -> list[list[str]]:
    with open_table(file, name) as table:
        rows = list(table.rows())
    assert not any(row.fault for row in rows)
    return [[unescape(cell) for cell in row.cells] for row in rows]


def filled(table: list[list[str]]) -> list[list[str]]:
    """Rows that are blank when they are read are left out: the documented normalisation."""
    return [row for row in table if any(escape(cell).strip() for cell in row)]


# --- The rule


@pytest.mark.parametrize(
    "text",
    [
        *["=1+1", "+1", "-1", "@SUM(1)", "＝1", "＋1", "－1", "＠a", " =1", "\xa0=1", "\ufeff=1"],
        *["\u200b=1", "\x1f=1", "'=1", "''=1", "' ' =1", "\tx", "\rx", "\nx", "'\tx"],
    ],
)
def test_text_that_could_be_a_formula_gets_one_apostrophe(text: str) -> None:
    assert escape(text) == f"'{text}"
    assert unescape(f"'{text}") == text


@pytest.mark.parametrize("text", ["", "x", "'x", "1-1", "a=b", "'", "''", " ", "é", "(=1)", "' x"])
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert escape(text) == text
    assert unescape(text) == text


@given(TEXT)
@example("'\tx")
def test_unescape_undoes_escape_for_every_text(text: str) -> None:
    assert unescape(escape(text)) == text


@given(TEXT)
def test_unescape_changes_only_what_escape_makes(text: str) -> None:
    bare = unescape(text)
    assert bare == text or escape(bare) == text


@given(TEXT)
def test_no_escaped_text_begins_like_a_formula(text: str) -> None:
    safe = escape(text)
    assert not safe.strip().strip("\ufeff\u200b").startswith(FORMULA)
    assert not safe.startswith(("\t", "\r", "\n"))


# --- Reading back


@given(TABLE)
def test_csv_gives_back_every_text(table: list[list[str]]) -> None:
    assert read_back(csv_file(["a", "b", "c"], table), "a.csv") == filled(table)


@given(TABLE)
@example([["_x000D_", "_x000D\r", "_x005F_x000D_\r\n"]])
@example([["_x000D\x0b", "\uffff_x000B_", "\x1f"]])
@example([["=1", "#N/A", " x "]])
def test_xlsx_gives_back_every_text(table: list[list[str]]) -> None:
    assert read_back(xlsx_file(["a", "b", "c"], table), "a.xlsx") == filled(table)


@given(st.lists(CELL.filter(str.strip), min_size=1, max_size=4))
def test_csv_gives_back_every_column_name(names: list[str]) -> None:
    with open_table(csv_file(names, []), "a.csv") as table:
        assert table.header == [escape(name).strip() for name in names]


NUMBERS: list[Any] = [0, -5, 10**14, 12345678901234567, Decimal("12.5"), Decimal("-0.01")]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_numbers_come_back_to_the_last_digit(number: Any, kind: str) -> None:
    write = csv_file if kind == "csv" else xlsx_file
    assert read_back(write(["a"], [[number]]), f"a.{kind}") == [[str(number)]]


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2))
def test_amounts_survive_a_workbook(amount: Decimal) -> None:
    [[text]] = read_back(xlsx_file(["a"], [[amount]]), "a.xlsx")
    assert Decimal(text) == amount


# --- CSV


def test_csv_is_rfc_4180_without_byte_order_mark() -> None:
    header = ["Name", "SKU", "Category", "Value", "Quantity"]
    row = ['Teapot "Red", large', "T-1", None, Decimal("12.50"), 3]
    assert csv_file(header, [row]).read() == (
        b'Name,SKU,Category,Value,Quantity\r\n"Teapot ""Red"", large",T-1,,12.50,3\r\n'
    )


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (Decimal("-12.50"), "-12.50"),
        (Decimal("1E+3"), "1000"),
        (-3, "-3"),
        (33.0, "33.0"),
        ("-3", "'-3"),
        (True, "true"),
        (False, "false"),
        (None, '""'),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05Z"),
        (datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=2))), "2026-01-01T22:00:00Z"),
        (datetime(2026, 1, 2, tzinfo=UTC).replace(tzinfo=None), "2026-01-02T00:00:00"),
        (datetime(2026, 1, 2, tzinfo=UTC).date(), "2026-01-02"),
        (["é", Decimal("1.10")], '"[""é"",""1.10""]"'),
        ("half \ud800", "half \ufffd"),
    ],
)
def test_csv_writes_plain_values(value: Any, cell: str) -> None:
    assert csv_text([[value]]) == f"{cell}\r\n"


def test_csv_column_name_with_another_delimiter_is_quoted() -> None:
    with open_table(csv_file(["a;b;c", "d"], [["1", "2"]]), "a.csv") as table:
        assert table.header == ["a;b;c", "d"]


@pytest.mark.parametrize("write", [csv_chunks, jsonl_chunks])
def test_pieces_come_while_the_rows_are_still_being_read(write: Callable[..., Any]) -> None:
    taken = 0

    def endless() -> Iterator[list[str]]:
        nonlocal taken
        while True:
            taken += 1
            yield ["x" * 100]

    pieces = write(["a"], endless())
    assert {len(next(pieces)) // 2**10 for _ in range(5)} == {64}
    assert taken < 5 * 700


# --- XLSX


def written(header: list[str], rows: list[list[Any]]) -> Any:
    return openpyxl.load_workbook(xlsx_file(header, rows)).active


def test_workbook_keeps_types_and_makes_no_formula() -> None:
    values = ["=1+1", "#N/A", Decimal("12.50"), 3, True, {"a": 1}, None]
    sheet = written(list("abcdefg"), [values])
    cells = [(cell.value, cell.data_type) for cell in sheet[2]]
    assert cells[:2] == [("'=1+1", "s"), ("#N/A", "s")]
    assert cells[2:5] == [(12.5, "n"), (3, "n"), (True, "b")]
    assert cells[5:] == [('{"a":1}', "s"), (None, "n")]
    assert sheet["C2"].number_format == "0.00"


def test_workbook_header_is_bold_and_stays_in_sight() -> None:
    sheet = written(["Name", "=x"], [])
    assert [cell.value for cell in sheet[1]] == ["Name", "'=x"]
    assert all(cell.font.bold for cell in sheet[1])
    assert sheet.freeze_panes == "A2"


def test_number_a_sheet_would_round_is_written_as_text() -> None:
    numbers = [12345678901234567, Decimal("0.1234567890123456"), Decimal("NaN"), Decimal("1E+999")]
    sheet = written(list("abcd"), [numbers])
    assert {cell.data_type for cell in sheet[2]} == {"s"}
    assert sheet["A2"].value == "12345678901234567"


def test_characters_xml_cannot_say_are_written_as_spreadsheet_programs_do() -> None:
    assert written(["a"], [["a\x1fb\ud800\uffff"]])["A2"].value == "a_x001F_b\ufffd_xFFFF_"


def test_text_a_cell_cannot_hold_is_refused_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    xlsx_file(["Story"], [["x" * 32_767]]).close()
    with pytest.raises(TableRefused, match=r"Row 3: .*“Story”"):
        xlsx_file(["Story"], [["x"], ["x" * 32_768]])
    assert list(tmp_path.iterdir()) == []


def test_rows_that_fail_leave_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(ZeroDivisionError):
        xlsx_file(["a"], ([1 // left] for left in (1, 0)))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("most", [("workbook._SHEET_ROWS", 91), ("writing._SHEET_BYTES", 100_000)])
def test_more_than_a_sheet_holds_is_refused(most: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"core.tabular.{most[0]}", most[1])
    xlsx_file(["Story"], [["x" * 1_000]] * 90).close()
    with pytest.raises(TableRefused, match="CSV"):
        xlsx_file(["Story"], [["x" * 1_000]] * 100)


def test_export_full_of_one_long_text_can_be_imported() -> None:
    """It packs as well as a zip bomb, and is none."""
    file = xlsx_file(["Story"], [["x" * 3_000]] * 1_000)
    with open_table(file, "a.xlsx", Limits()) as table:
        assert sum(1 for _row in table.rows()) == 1_000


# --- JSON lines


def test_json_lines_are_raw_and_nested() -> None:
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    row = ["=1", Decimal("1.10"), moment, {"é": [1, Decimal("2.50")]}, None, True]
    [line, rest] = b"".join(jsonl_chunks(list("abcdef"), [row])).decode().split("\n")
    assert "é" in line
    assert rest == ""
    assert json.loads(line) == {
        "a": "=1",
        "b": "1.10",
        "c": "2026-01-02T00:00:00Z",
        "d": {"é": [1, "2.50"]},
        "e": None,
        "f": True,
    }


# --- What comes in


def test_small_zip_that_inflates_to_99_mb_is_refused_in_no_memory() -> None:
    file = io.BytesIO(package({}))
    with (
        zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open(SHEET, "w") as part,
    ):
        for _ in range(99):
            part.write(b"<c/><c/>" * 2**17)
    assert len(file.getvalue()) < 300_000
    with memory_below(1), pytest.raises(TableRefused, match="too big"):
        open_table(file, "a.xlsx")


@pytest.mark.parametrize("bomb", ["<c/>", "</row><row>", "<x/>", "<c><v>1</v></c>", "<!-- x -->"])
def test_what_does_get_through_is_read_in_little_memory(bomb: str) -> None:
    data = workbook(f"{line('a')}<row>{bomb * 150_000}</row>")
    with memory_below(8), suppress(TableRefused):
        read(data, "a.xlsx", Limits(max_rows=1))


@pytest.mark.parametrize("cell", ['<c t="s"><v>0</v></c>', '<c><f t="shared" si="0">{}</f></c>'])
def test_one_long_text_in_every_cell_counts_every_time(cell: str) -> None:
    long = "x" * 32_000
    rows = f"<row>{cell.format(long)}</row>" + f"<row>{cell.format('') * 200}</row>" * 100
    data = workbook(line(*["a"] * 200) + rows, sharedStrings=f"<sst><si><t>{long}</t></si></sst>")
    with memory_below(40), pytest.raises(TableRefused, match="too big"):
        read(data, "a.xlsx", Limits(max_inflated=9 * 2**20))


def test_zip_that_lies_about_its_size_inflates_no_further_than_it_says() -> None:
    raw = bytearray(workbook(line("a") + line("b" * 20 * 2**20)))
    entry = raw.index(b"PK\x01\x02", raw.index(b"PK\x01\x02") + 1)
    while raw[entry + 46 : entry + 46 + len(SHEET)] != SHEET.encode():
        entry = raw.index(b"PK\x01\x02", entry + 1)
    raw[entry + 24 : entry + 28] = struct.pack("<L", 5_000)
    with memory_below(2), pytest.raises(TableRefused, match="damaged"):
        read(bytes(raw), "a.xlsx")


NAMED = '<row><c t="s"><v>0</v></c></row>'


@pytest.mark.parametrize(
    "start",
    [
        '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>',
        '<!DOCTYPE x [<!ENTITY c SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x SYSTEM "file:///etc/passwd">',
    ],
)
@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", "xl/sharedStrings.xml"])
def test_entities_are_never_resolved(start: str, part: str) -> None:
    sheet = f"<worksheet {MAIN}><sheetData>{line('&c;')}</sheetData></worksheet>"
    text = {SHEET: sheet, **PACKAGE}.get(part, f"<sst {MAIN}><si><t>&c;</t></si></sst>")
    with pytest.raises(TableRefused, match="damaged"):
        read(package({SHEET: sheet.replace(line("&c;"), NAMED), part: start + text}), "a.xlsx")


@pytest.mark.parametrize(
    "harm",
    [
        "<x>" * 100 + "</x>" * 100,
        "".join(f"<x{number}/>" for number in range(6_000)),
        "".join(f'<x a{number}="" />' for number in range(6_000)),
        "".join(f'<x xmlns:a{number}="b"/>' for number in range(6_000)),
        f'<x a="{"x" * 2**21}"/>',
    ],
    ids=["nesting", "names", "attributes", "prefixes", "endless tag"],
)
def test_xml_that_grows_the_parser_is_refused(harm: str) -> None:
    with pytest.raises(TableRefused, match="damaged"):
        read(workbook(line("a"), before=harm), "a.xlsx")


@pytest.mark.parametrize("name", ["../a.xml", "xl/../../a.xml", "..\\a.xml", "/../a.xml"])
def test_parts_that_lead_outside_are_refused(name: str) -> None:
    with pytest.raises(TableRefused, match="damaged"):
        read(package({SHEET: "", name: ""}), "a.xlsx")


def test_encrypted_workbook_is_refused() -> None:
    raw = bytearray(workbook(line("a")))
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(TableRefused, match="password"):
        read(bytes(raw), "a.xlsx")


def test_unusual_packing_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("_rels/.rels", "x" * 1_000)
    with pytest.raises(TableRefused, match="damaged"):
        open_table(file, "a.xlsx")
