"""CSV made by the database: byte for byte what Python's writer makes of the same rows."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, models
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.tabular import csv_chunks, csv_of, escape
from core.tabular.safety import formula_pattern
from inventory.models import Collectible
from inventory.selectors import EXPORT_COLUMNS
from tests.factories import CategoryFactory, VendorFactory
from users.models import User

PLAIN = {heading: path for heading, path in EXPORT_COLUMNS.items() if path != "attributes"}
NASTY = st.text(st.sampled_from("'\"=+-@＝－,;\t\r\n \\.a\ufeff\u200b\xa0\x85\x1c\x01\u2028é"))
TEXT = NASTY | st.text(
    st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12
)
SECOND = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
MOMENT = st.just(SECOND) | st.timedeltas(-timedelta(20_000), timedelta(20_000)).map(SECOND.__add__)
ITEM = st.fixed_dictionaries(
    {
        "name": TEXT,
        "sku": TEXT.map(lambda text: text[:64]),
        "description": TEXT,
        "value": st.decimals(0, "999999999999.99", places=2),
        "low_stock_threshold": st.none() | st.integers(0, 10**9),
        "is_active": st.booleans(),
        "category": st.none() | TEXT,
        "created_at": MOMENT,
    }
)


def both(rows: models.QuerySet[Any], columns: dict[str, str]) -> tuple[bytes, bytes]:
    """What the database makes of the rows, and what Python does."""
    written = csv_chunks([*columns], rows.values_list(*columns.values()))
    return b"".join(csv_of(rows, columns)), b"".join(written)


def shelve(items: list[dict[str, Any]]) -> models.QuerySet[Any]:
    vendor = VendorFactory()
    for place, item in enumerate(items):
        name, moment = item.pop("category"), item.pop("created_at")
        category = name and CategoryFactory(vendor=vendor, name=f"{name}{place}", slug=f"c-{place}")
        made = Collectible(vendor=vendor, slug=f"i-{place}", category=category or None, **item)
        Collectible.objects.bulk_create([made])
        Collectible.objects.filter(pk=made.pk).update(created_at=moment)
    return Collectible.objects.filter(vendor=vendor).order_by("pk")


@pytest.mark.django_db
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(items=st.lists(ITEM, min_size=1, max_size=4, unique_by=lambda item: item["sku"]))
@example(items=[{"name": "", "sku": "\\.", "description": "\r\n", "value": Decimal(0),
                 "low_stock_threshold": None, "is_active": True, "category": "'=1",
                 "created_at": datetime(2026, 1, 1, 0, 0, 0, 120_000, tzinfo=UTC)}])  # fmt: skip
def test_same_bytes_for_whatever_there_is(items: list[dict[str, Any]], db: None) -> None:
    copied, written = both(shelve([dict(item) for item in items]), PLAIN)
    assert copied == written


@pytest.mark.django_db
def test_database_sees_a_formula_behind_the_same_signs() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n FROM generate_series(1, 1114111) AS n"
            " WHERE n NOT BETWEEN 55296 AND 57343 AND (chr(n) || '=' ~ %s OR chr(n) ~ %s)",
            [formula_pattern(), formula_pattern()],
        )
        found = {number for [number] in cursor.fetchall()}
    every = (n for n in range(1, 0x110000) if not 0xD800 <= n < 0xE000)
    assert found == {n for n in every if is_escaped(f"{chr(n)}=") or is_escaped(chr(n))}


def is_escaped(text: str) -> bool:
    return escape(text) != text


@pytest.mark.django_db
@pytest.mark.parametrize(
    "columns",
    [{"Name": "name"}, {"Name": "name", "Attributes": "attributes"}],
    ids=["one column", "JSON"],
)
def test_what_the_database_would_write_otherwise_goes_through_python(
    columns: dict[str, str],
) -> None:
    items = [
        {"name": name, "sku": f"s-{place}", "attributes": {"a, b: ": [1.0, 1e-7, "x"]},
         "category": None, "created_at": datetime(2026, 1, 1, tzinfo=UTC)}
        for place, name in enumerate(["", "\\.", "=1", "a,b"])
    ]  # fmt: skip
    copied, written = both(shelve(items), columns)
    assert copied == written


@pytest.mark.django_db
def test_rows_that_cannot_exist_are_a_heading() -> None:
    assert b"".join(csv_of(User.objects.none(), {"A": "username", "B": "id"})) == b"A,B\r\n"


@pytest.mark.django_db(transaction=True)
def test_reader_who_goes_away_leaves_the_connection_as_it_was() -> None:
    vendor = VendorFactory()
    Collectible.objects.bulk_create(
        Collectible(vendor=vendor, name=f"Item {n}", description="x" * 2000) for n in range(2000)
    )
    pieces: Any = csv_of(Collectible.objects.all(), {"A": "name", "B": "description"})
    assert next(pieces) == b"A,B\r\n"
    assert next(pieces).startswith(b"Item ")
    pieces.close()
    assert Collectible.objects.count() == 2000
