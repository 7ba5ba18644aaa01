"""Rows of a worksheet stand one below the other: a line is known by its number."""

from io import BytesIO

import pytest

from core.tabular import TableRefused, open_table
from tests.core.test_tabular import read, workbook

CELLS = '<c t="inlineStr"><is><t>a</t></is></c>'


def sheet(*lines: int | None) -> bytes:
    numbers = ["" if number is None else f' r="{number}"' for number in lines]
    return workbook("".join(f"<row{number}>{CELLS}</row>" for number in numbers))


@pytest.mark.parametrize(
    "lines", [(1, 3, 3), (1, 4, 3), (1, 3, None, 4), (2, 1), (0,), (-1, 1), (1_048_577,)]
)
def test_lines_that_do_not_rise_are_damage(lines: tuple[int | None, ...]) -> None:
    with pytest.raises(TableRefused, match="damaged"):
        read(sheet(*lines), "a.xlsx")


def test_damage_far_below_is_found_there() -> None:
    """The heading of a long table is read alone."""
    with (
        open_table(BytesIO(sheet(*range(1, 20_000), 19_999)), "a.xlsx") as table,
        pytest.raises(TableRefused, match="damaged"),
    ):
        list(table.rows())


def test_line_without_number_is_the_next_one() -> None:
    rows = read(sheet(2, None, 5, None), "a.xlsx")
    assert [row.line for row in rows[1:]] == [3, 5, 6]
