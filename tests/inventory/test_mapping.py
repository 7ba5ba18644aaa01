"""Which column of a table is which field of an item: what is guessed, what was said, what not."""

import pytest

from inventory.exceptions import FileRefused
from inventory.selectors import EXPORT_COLUMNS
from inventory.services.mapping import SYNONYMS, choose_targets, column_names

LEGO = [
    "", "setID", "number", "name", "year", "theme", "pieces", "minifigs", "packagingType",
    "availability", "ageRange", "dimensions", "licensed", "retailPrice",
]  # fmt: skip


def test_headings_of_the_lego_sets_are_understood() -> None:
    targets = choose_targets(column_names(LEGO), {})
    assert targets == {
        "setID": "attributes.setID",
        "number": "sku",
        "name": "name",
        "year": "attributes.year",
        "theme": "category",
        "pieces": "attributes.pieces",
        "minifigs": "attributes.minifigs",
        "packagingType": "attributes.packagingType",
        "availability": "attributes.availability",
        "ageRange": "attributes.ageRange",
        "dimensions": "attributes.dimensions",
        "licensed": "attributes.licensed",
        "retailPrice": "value",
    }


def test_headings_of_an_export_are_understood() -> None:
    targets = choose_targets(list(EXPORT_COLUMNS), {})
    unread = {column for column, target in targets.items() if target is None}
    assert unread == {"Created at", "Updated at"}
    # What a unit cost is no column of an export: each lot has its own.
    assert set(targets.values()) - {None} == set(SYNONYMS) - {"unit_cost"}


@pytest.mark.parametrize(
    ("heading", "field"),
    [
        ("Name", "name"), ("TITLE", "name"), ("Item name", "name"), ("product_name", "name"),
        ("SKU", "sku"), ("Item #SKU", "sku"), ("Set-Number", "sku"), ("Ref.", "sku"),
        ("Theme", "category"), ("category name", "category"), ("Collection", "category"),
        ("Market Value", "value"), ("Price ($)", "value"), ("retail_price", "value"),
        ("Qty", "quantity"), ("On hand", "quantity"), ("Stock", "quantity"),
        ("State", "condition"), ("Currency code", "currency"), ("Notes", "description"),
        ("Reorder point", "low_stock_threshold"), ("is_active", "is_active"),
        ("Featured", "is_featured"), ("Best-seller", "is_bestseller"),
        ("Attributes", "attributes"),
        ("Names", "attributes.Names"), ("Wert €", "attributes.Wert €"),
    ],
)  # fmt: skip
def test_heading_is_guessed(heading: str, field: str) -> None:
    other = "name" if field == "sku" else "sku"
    assert choose_targets([other, heading], {})[heading] == field


@pytest.mark.parametrize(
    ("columns", "chosen", "field"),
    [
        (["Title", "Name"], "Name", "name"),
        (["Item", "Title"], "Title", "name"),
        (["Code", "Number", "SKU"], "SKU", "sku"),
        (["Type", "Theme"], "Theme", "category"),
        (["Price", "Market value"], "Market value", "value"),
        (["Count", "Stock", "Quantity"], "Quantity", "quantity"),
        (["NAME", "Name"], "NAME", "name"),
    ],
)
def test_where_two_headings_fit_the_better_word_wins_then_the_first(
    columns: list[str], chosen: str, field: str
) -> None:
    targets = choose_targets(
        ["sku", "name", *columns] if field not in {"sku", "name"} else columns, {}
    )
    assert targets[chosen] == field
    for other in set(columns) - {chosen}:
        assert targets[other] == f"attributes.{other}"


class TestGiven:
    def test_wins_over_what_would_be_guessed(self) -> None:
        given = {"setID": "sku", "theme": "attributes.series", "year": None, "pieces": "quantity"}
        targets = choose_targets(column_names(LEGO), given)
        assert {column: targets[column] for column in given} == given
        assert targets["number"] == "attributes.number"
        assert targets["name"] == "name"

    def test_what_it_does_not_say_is_guessed(self) -> None:
        targets = choose_targets(["A", "B", "name"], {"A": "sku"})
        assert targets == {"A": "sku", "B": "attributes.B", "name": "name"}

    @pytest.mark.parametrize(
        ("given", "told"),
        [
            ({"price": "value"}, "no column “price”"),
            ({"": "name"}, "no column “”"),
            ({"year": "jahr"}, "no field “jahr”"),
            ({"year": "vendor"}, "no field “vendor”"),
            ({"year": "is_deleted"}, "no field “is_deleted”"),
            ({"year": ""}, "no field “”"),
            ({"year": "attributes."}, "no field “attributes.”"),
            ({"year": f"attributes.{'x' * 101}"}, "no field “attributes.xxx"),
            ({"year": "value", "pieces": "value"}, "Two columns are mapped to “value”"),
            ({"year": "attributes.a", "pieces": "attributes.a"}, "mapped to “attributes.a”"),
            ({"year": "attributes.pieces"}, "mapped to “attributes.pieces”"),
            ({"number": None, "name": None}, "No column holds the name or the SKU"),
        ],
    )
    def test_is_refused_where_it_does_not_fit(
        self, given: dict[str, str | None], told: str
    ) -> None:
        with pytest.raises(FileRefused, match=told) as refusal:
            choose_targets(column_names(LEGO), given)
        assert [error.field for error in refusal.value.errors] == ["mapping"]

    def test_two_columns_may_both_be_left_out(self) -> None:
        targets = choose_targets(["name", "A", "B"], {"A": None, "B": None})
        assert targets == {"name": "name", "A": None, "B": None}


class TestColumns:
    def test_headings_that_repeat_are_numbered(self) -> None:
        names = column_names(["Notes", "", "Notes", "notes", "", "Notes", "Notes (2)"])
        assert names == ["Notes", "", "Notes (2)", "notes", "", "Notes (3)", "Notes (2) (2)"]

    def test_repeated_heading_is_an_attribute(self) -> None:
        assert choose_targets(column_names(["name", "name"]), {}) == {
            "name": "name", "name (2)": "attributes.name (2)",
        }  # fmt: skip

    def test_unnamed_column_is_left_out(self) -> None:
        assert choose_targets(["", "name", ""], {}) == {"name": "name"}

    @pytest.mark.parametrize("columns", [[], [""], ["year", "value"]])
    def test_table_without_name_and_sku_is_refused(self, columns: list[str]) -> None:
        with pytest.raises(FileRefused, match="No column holds the name or the SKU"):
            choose_targets(columns, {})

    def test_long_headings_never_fall_into_one(self) -> None:
        long = ["x" * 120 + end for end in "ab"]
        with pytest.raises(FileRefused, match="Two columns are mapped to"):
            choose_targets(["name", *long], {})
        targets = choose_targets(["name", *long], {long[0]: "attributes.a"})
        assert targets[long[1]] == f"attributes.{'x' * 99}"
