"""Items as a file: what is in it, in which form, and that an import reads it back unchanged."""

import csv
import io
import json
import tracemalloc
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from rest_framework.test import APIClient

from inventory.models import Collectible, ImportJob
from inventory.services import ImportService
from tests.factories import CategoryFactory, CollectibleFactory, VendorFactory
from users.models import User
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
ITEMS = "/api/v1/catalog/items/"
EXPORT = f"{ITEMS}export/"
HEADER = ["Name", "SKU", "Category", "Value", "Quantity"]
MORE = "Currency,Condition,Description,Low stock threshold,Active,Featured,Bestseller,Attributes"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def content(answer: Any) -> bytes:
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content)


def table(client: APIClient, **query: Any) -> list[list[str]]:
    """The rows of the CSV, the heading first."""
    text = content(client.get(EXPORT, query)).decode()
    return list(csv.reader(io.StringIO(text, newline="")))


def column(client: APIClient, name: str = "Name", **query: Any) -> list[str]:
    heading, *rows = table(client, **query)
    return [row[heading.index(name)] for row in rows]


def take(name: str, data: bytes, vendor: Vendor) -> ImportJob:
    """Import the file into the vendor, as the worker does."""
    file = SimpleUploadedFile(name, data)
    job = ImportService.request(file=file, vendor=vendor, by=vendor.owner)
    return ImportService.run(job_id=job.pk)


@pytest.fixture
def shelf(vendor: Vendor) -> Vendor:
    wars = CategoryFactory(vendor=vendor, name="Star Wars", slug="star-wars")
    make = CollectibleFactory
    make(vendor=vendor, name="Falcon", sku="75192-1", category=wars, value=Decimal("849.99"),
         quantity=2, condition="sealed", attributes={"year": 2017})  # fmt: skip
    make(vendor=vendor, name='Print, "50%"\noff', sku="P-1", value=24, quantity=0)
    make(vendor=vendor, name="=1+1", sku="-2", value=Decimal("0.10"), low_stock_threshold=None)
    return vendor


class TestForms:
    def test_csv_is_as_in_document_000(self, shelf: Vendor, owner_client: APIClient) -> None:
        for query in ({}, {"format": "csv"}):
            answer = owner_client.get(EXPORT, query)
            assert answer["Content-Type"] == "text/csv"
            assert answer["Content-Disposition"] == 'attachment; filename="inventory.csv"'
            assert answer["Cache-Control"] == "private, no-store"
            assert content(answer).decode() == (
                "Name,SKU,Category,Value,Quantity\r\n"
                "'=1+1,'-2,,0.10,1\r\n"
                '"Print, ""50%""\noff",P-1,,24.00,0\r\n'
                "Falcon,75192-1,Star Wars,849.99,2\r\n"
            )

    def test_accept_chooses_the_form_as_well(self, owner_client: APIClient) -> None:
        assert owner_client.get(EXPORT, HTTP_ACCEPT="text/csv")["Content-Type"] == "text/csv"
        assert owner_client.get(EXPORT, HTTP_ACCEPT=XLSX)["Content-Type"] == XLSX
        answer = owner_client.get(EXPORT, HTTP_ACCEPT="application/json, */*")
        assert answer["Content-Type"] == "text/csv"

    def test_xlsx_has_numbers_as_numbers_and_no_formula(
        self, shelf: Vendor, owner_client: APIClient
    ) -> None:
        answer = owner_client.get(EXPORT, {"format": "xlsx"})
        assert answer["Content-Type"] == XLSX
        assert answer["Content-Disposition"] == 'attachment; filename="inventory.xlsx"'
        sheet = load_workbook(io.BytesIO(content(answer))).active
        assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
            HEADER,
            ["'=1+1", "'-2", None, 0.1, 1],
            ['Print, "50%"\noff', "P-1", None, 24, 0],
            ["Falcon", "75192-1", "Star Wars", 849.99, 2],
        ]
        assert {cell.data_type for row in sheet.iter_rows() for cell in row} == {"s", "n"}

    def test_jsonl_is_raw(self, shelf: Vendor, owner_client: APIClient) -> None:
        answer = owner_client.get(EXPORT, {"format": "jsonl", "columns": "Attributes"})
        assert answer["Content-Type"] == "application/jsonl"
        assert answer["Content-Disposition"] == 'attachment; filename="inventory.jsonl"'
        first, _second, third = map(json.loads, content(answer).splitlines())
        assert (first["name"], first["sku"], first["category"]) == ("=1+1", "-2", None)
        assert third == {
            "name": "Falcon", "sku": "75192-1", "category": "Star Wars", "value": "849.99",
            "quantity": 2, "attributes": {"year": 2017},
        }  # fmt: skip

    def test_nothing_is_a_heading(self, owner_client: APIClient) -> None:
        assert table(owner_client) == [HEADER]
        assert content(owner_client.get(EXPORT, {"format": "jsonl"})) == b""

    def test_columns_add_in_the_order_asked(self, shelf: Vendor, owner_client: APIClient) -> None:
        rows = table(owner_client, columns="low_stock_threshold, Condition,sku,CONDITION,")
        assert rows[0] == [*HEADER, "Low stock threshold", "Condition"]
        assert [row[5:] for row in rows[1:]] == [
            ["", "unspecified"], ["10", "unspecified"], ["10", "sealed"],
        ]  # fmt: skip

    @pytest.mark.parametrize("form", ["csv", "xlsx", "jsonl"])
    @pytest.mark.parametrize(
        ("query", "field"),
        [({"columns": "Name,Secret"}, "columns"), ({"colour": "red"}, "colour"),
         ({"in_stock": "perhaps"}, "in_stock"), ({"ordering": "secret"}, "ordering")],
    )  # fmt: skip
    def test_refusal_is_a_problem_whatever_form_was_asked(
        self, owner_client: APIClient, form: str, query: dict[str, str], field: str
    ) -> None:
        answer = owner_client.get(EXPORT, {"format": form, **query})
        assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
        assert [error["field"] for error in answer.json()["errors"]] == [field]
        assert "Content-Disposition" not in answer

    def test_unknown_form_is_400_that_lists_the_known(self, owner_client: APIClient) -> None:
        assert owner_client.get(EXPORT, {"format": ""}).status_code == 400
        answer = owner_client.get(EXPORT, {"format": "pdf"})
        assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
        assert answer.json()["detail"] == "Choose one of: csv, jsonl, xlsx."

    def test_text_no_cell_holds_is_refused_in_xlsx_only(
        self, owner_client: APIClient, vendor: Vendor
    ) -> None:
        CollectibleFactory(vendor=vendor, description="_x0041_" * 2800)
        query = {"columns": "Description"}
        answer = owner_client.get(EXPORT, {**query, "format": "xlsx"})
        assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
        assert answer.json()["code"] == "table_refused"
        assert answer.json()["detail"].endswith("Export as CSV instead.")
        assert len(column(owner_client, "Description", **query)[0]) == 19_600


class TestRows:
    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ({"category": "star-wars"}, ["Falcon"]),
            ({"in_stock": "true"}, ["=1+1", "Falcon"]),
            ({"search": "falcon"}, ["Falcon"]),
            ({"min_value": "24", "ordering": "-value"}, ["Falcon", 'Print, "50%"\noff']),
            ({"ordering": "sku"}, ["=1+1", "Falcon", 'Print, "50%"\noff']),
            ({"category": "nothing"}, []),
        ],
    )
    def test_filters_search_and_order_apply(
        self, shelf: Vendor, owner_client: APIClient, query: dict[str, str], names: list[str]
    ) -> None:
        found = [name.removeprefix("'") for name in column(owner_client, **query)]
        assert found == names

    def test_only_what_is_alive_and_mine_is_in_it(
        self, owner_client: APIClient, owner: User, vendor: Vendor
    ) -> None:
        CollectibleFactory(vendor=vendor, name="Mine")
        CollectibleFactory(vendor=VendorFactory(owner=owner), name="Of my other shop")
        CollectibleFactory(vendor=vendor, name="Deleted").delete()
        foreign = CollectibleFactory(name="Foreign")
        assert column(owner_client, ordering="name") == ["Mine", "Of my other shop"]
        assert column(owner_client, vendor=vendor.pk) == ["Mine"]
        assert column(owner_client, vendor=foreign.vendor_id) == []
        assert column(owner_client, is_deleted="true") == ["Deleted"]

    def test_nobody_gets_401(self, anonymous_client: APIClient) -> None:
        answer = anonymous_client.get(EXPORT)
        assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "＋1", "－1", "＠1", "\u200b=1", "a\t=1", "'=1",
     "''=1", "=HYPERLINK(\"http://x\";\"y\")", "=cmd|' /C calc'!A0"],
)  # fmt: skip
def test_formula_is_only_text(owner_client: APIClient, vendor: Vendor, text: str) -> None:
    item = CollectibleFactory(vendor=vendor, name=text, sku=text)
    [name] = column(owner_client)
    assert name.lstrip("\u200b ")[0] not in "=+-@＝＋－＠\t\r\n"
    for form in ("csv", "xlsx"):
        job = take(f"t.{form}", content(owner_client.get(EXPORT, {"format": form})), vendor)
        assert (job.unchanged, job.processed) == (1, 1)
    item.refresh_from_db()
    assert (item.name, item.version) == (text, 1)


# --- P16: what the API took, an export tells and an import of it leaves unchanged -------------

TRICKY = st.sampled_from(
    ["=1+1", "'=1", "''", "'", '"', '""', ",", ";", "\t", "a\rb", "a\r\nb", "a\nb", "\\", "{}",
     "[]", "not specified", "{Not specified}", "None", "true", "1e5", "0012", "1,234", "1.234",
     "_x0041_", "_x005F_", "\ufeff", "x\u2028y", "x\x85y", "İ 1", "i̇ 1", "i 1", "ΑΣ", "ας", "ασ",
     "\N{KELVIN SIGN}", "k", "ß", "SS", "é", "e\u0301", "#N/A", "\x1f"]
)  # fmt: skip
# XML has no word for the rest: an XLSX holds U+FFFD in their place, which is tested with it.
SAYABLE = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co"])


def rows(text: st.SearchStrategy[str]) -> st.SearchStrategy[list[dict[str, Any]]]:
    item = st.fixed_dictionaries(
        {"name": text},
        optional={
            "sku": text,
            "category": text,
            "value": st.decimals(0, "999999999999.99", places=2).map(str),
            "quantity": st.integers(0, 10**9),
            "description": text,
            "condition": st.sampled_from(["sealed", "near_mint", "good"]),
            "currency": st.sampled_from(["USD", "EUR", "JPY"]),
            "low_stock_threshold": st.none() | st.integers(0, 10**9),
            "is_active": st.booleans(),
            "attributes": st.dictionaries(text, st.recursive(
                st.none() | st.booleans() | st.integers(-(2**60), 2**60) | text
                | st.floats(allow_nan=False, allow_infinity=False), st.lists, max_leaves=3,
            ), max_size=2),
        },
    )  # fmt: skip
    return st.lists(item, min_size=1, max_size=3)


def check_round_trip(client: APIClient, bodies: list[dict[str, Any]], form: str) -> None:
    vendor = VendorFactory(owner=client.user)
    for body in bodies:
        answer = client.post(ITEMS, {**body, "vendor": vendor.pk})
        assert answer.status_code in {201, 400, 409}, answer.content
    before = list(Collectible.objects.filter(vendor=vendor).order_by("pk").values())
    query = {"vendor": vendor.pk, "format": form, "columns": MORE}
    job = take(f"inventory.{form}", content(client.get(EXPORT, query)), vendor)
    reasons = list(job.rows.exclude(outcome="unchanged").values("sku", "outcome", "errors"))
    assert (job.status, reasons, job.unchanged) == ("completed", [], len(before))
    assert list(Collectible.objects.filter(vendor=vendor).order_by("pk").values()) == before


several = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@several
@given(bodies=rows(TRICKY | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)))
@example(bodies=[{"name": "A", "sku": "{}"}, {"name": "B", "sku": "[]"}])
@example(bodies=[{"name": "A", "category": "İ 1"}, {"name": "B", "category": "i̇ 1"}])
@example(bodies=[{"name": "A", "attributes": {"text": "x" * 30_000}}])
@example(bodies=[{"name": "A", "attributes": {"list": list(range(5_000))}}])
def test_csv_of_anything_is_imported_unchanged(
    owner_client: APIClient, bodies: list[dict[str, Any]]
) -> None:
    check_round_trip(owner_client, bodies, "csv")


@several
@given(bodies=rows(TRICKY.filter(lambda text: "\x1f" not in text) | st.text(SAYABLE, max_size=20)))
def test_xlsx_of_anything_xml_can_say_is_imported_unchanged(
    owner_client: APIClient, bodies: list[dict[str, Any]]
) -> None:
    check_round_trip(owner_client, bodies, "xlsx")


# --- Size -------------------------------------------------------------------------------------


def fill(vendor: Vendor, count: int) -> None:
    category = CategoryFactory(vendor=vendor)
    built = (
        Collectible(vendor=vendor, category=category, name=f"Item {n}", description="x" * 200)
        for n in range(count)
    )
    Collectible.objects.bulk_create(built, batch_size=2000)


def consume(client: APIClient, vendor: Vendor, form: str) -> tuple[int, int]:
    """Read the export piece by piece: the most memory that took, and the number of queries."""
    query = {"vendor": vendor.pk, "format": form, "columns": "Description"}
    with CaptureQueriesContext(
        connection,
    ) as queries:
        tracemalloc.start()
        try:
            answer = client.get(EXPORT, query)
            lines = sum(piece.count(b"\n") for piece in answer.streaming_content)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert form != "csv" or lines == vendor.items.count() + 1
    return peak, len(queries)


def test_ten_thousand_rows_take_no_more_memory_and_queries_than_one_thousand(
    owner_client: APIClient, owner: User
) -> None:
    few, many = (VendorFactory(owner=owner) for _ in range(2))
    fill(few, 1000)
    fill(many, 10_000)
    consume(owner_client, few, "csv")  # what is loaded on first use is not the export's
    small, queries = consume(owner_client, few, "csv")
    large, same = consume(owner_client, many, "csv")
    # A piece from the database is 2,000 rows: twice the small table and some, not ten times.
    assert large < 4 * small
    assert (queries, same) == (6, 6)  # user, rows, and who exported what
