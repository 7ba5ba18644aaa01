"""Filters, search and order: what is found, in which order, and what is refused."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from inventory.models import Collectible
from inventory.selectors import get_collectibles_for_user
from tests.factories import CategoryFactory, CollectibleFactory, VendorFactory
from users.models import User
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
ITEMS = "/api/v1/catalog/items/"


def names(client: APIClient, **query: Any) -> list[str]:
    answer = client.get(ITEMS, query)
    assert answer.status_code == 200, answer.content
    return [item["name"] for item in answer.json()["results"]]


@pytest.fixture
def shelf(vendor: Vendor) -> Vendor:
    lego = CategoryFactory(vendor=vendor, name="LEGO", slug="lego")
    wars = CategoryFactory(vendor=vendor, name="Star Wars", slug="star-wars", parent=lego)
    make = CollectibleFactory
    make(vendor=vendor, name="Falcon", sku="75192-1", category=wars, value=850, quantity=2,
         low_stock_threshold=5, condition="sealed")  # fmt: skip
    make(vendor=vendor, name="Café Corner", sku="10182-1", category=lego, value=1250, quantity=0)
    make(vendor=vendor, name="Print 50% off", sku="P-1", value=24, quantity=60, is_active=False,
         description="giclée, after Steinlen")  # fmt: skip
    make(vendor=vendor, name="Unwatched", value=1, quantity=1, low_stock_threshold=None)
    return vendor


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"category": "star-wars"}, ["Falcon"]),
        ({"category": "STAR WARS"}, ["Falcon"]),
        ({"category": "lego"}, ["Café Corner", "Falcon"]),
        ({"category": "nothing"}, []),
        ({"condition": "sealed"}, ["Falcon"]),
        ({"min_value": "850"}, ["Café Corner", "Falcon"]),
        ({"max_value": "24.00"}, ["Unwatched", "Print 50% off"]),
        ({"min_quantity": "2", "max_quantity": "10"}, ["Falcon"]),
        ({"in_stock": "false"}, ["Café Corner"]),
        ({"in_stock": "true", "min_value": 800}, ["Falcon"]),
        ({"low_stock": "true"}, ["Café Corner", "Falcon"]),
        ({"low_stock": "false"}, ["Unwatched", "Print 50% off"]),
        ({"is_active": "false"}, ["Print 50% off"]),
        ({"search": "cafe"}, ["Café Corner"]),
        ({"search": "CAFÉ"}, ["Café Corner"]),
        ({"search": "50%"}, ["Print 50% off"]),
        ({"search": "%"}, ["Print 50% off"]),
        ({"search": "_"}, []),
        ({"search": "\\"}, []),
        ({"search": "5192"}, ["Falcon"]),
        ({"search": "giclee steinlen"}, ["Print 50% off"]),
        ({"search": "corner 10182"}, ["Café Corner"]),
        ({"search": "falcon nothing"}, []),
        ({"ordering": "value"}, ["Unwatched", "Print 50% off", "Falcon", "Café Corner"]),
        ({"ordering": "-value"}, ["Café Corner", "Falcon", "Print 50% off", "Unwatched"]),
        ({"ordering": "name"}, ["Café Corner", "Falcon", "Print 50% off", "Unwatched"]),
        ({"ordering": "-quantity,name", "_": "1700000000"},
         ["Print 50% off", "Falcon", "Unwatched", "Café Corner"]),
    ],
)  # fmt: skip
def test_query_finds(
    shelf: Vendor, owner_client: APIClient, query: dict[str, Any], expected: list[str]
) -> None:
    assert names(owner_client, **query) == expected


def test_times_are_limits(owner_client: APIClient, vendor: Vendor) -> None:
    old, new = CollectibleFactory(vendor=vendor), CollectibleFactory(vendor=vendor)
    now = timezone.now()
    Collectible.objects.filter(pk=old.pk).update(
        created_at=now - timedelta(days=9), updated_at=now - timedelta(days=8)
    )
    week_ago = (now - timedelta(days=7)).isoformat()
    assert names(owner_client, created_after=week_ago) == [new.name]
    assert names(owner_client, created_before=week_ago) == [old.name]
    assert names(owner_client, updated_since=week_ago) == [new.name]
    assert names(owner_client, created_after="2001-01-01") == [new.name, old.name]


def test_vendor_narrows_to_one_of_mine(
    owner_client: APIClient, owner: User, vendor: Vendor
) -> None:
    CollectibleFactory(vendor=vendor, name="First")
    second = CollectibleFactory(vendor=VendorFactory(owner=owner), name="Second")
    assert names(owner_client, vendor=second.vendor_id) == ["Second"]


def test_foreign_and_missing_values_answer_alike(owner_client: APIClient, vendor: Vendor) -> None:
    CollectibleFactory(vendor=vendor)
    foreign = CollectibleFactory(category=CategoryFactory())
    for name, value in [
        ("vendor", foreign.vendor_id), ("category", foreign.category_id),
        ("category", foreign.category.name), ("category", foreign.category.slug),
    ]:  # fmt: skip
        theirs = owner_client.get(ITEMS, {name: value})
        nobodys = owner_client.get(ITEMS, {name: 10**9})
        assert theirs.status_code == nobodys.status_code == 200
        assert theirs.json() == nobodys.json()
        assert theirs.json()["count"] == 0


@pytest.mark.parametrize(
    "query",
    [
        {"min_value": "abc"}, {"max_value": "NaN"}, {"min_quantity": "1.5"}, {"vendor": "x"},
        {"in_stock": "perhaps"}, {"created_after": "yesterday"}, {"condition": "shiny"},
        {"ordering": "owner"}, {"ordering": "vendor__owner__password"}, {"ordering": "name,-x"},
        {"page": "0"}, {"page": "x"}, {"page": "-1"}, {"page": "1" * 40}, {"page_size": "0"},
        {"page_size": "x"}, {"page_size": ""}, {"search": "\x00"}, {"search": "x" * 201},
        {"category": "\x00"}, {"categry": "lego"}, {"vendor__owner": "1"}, {"format": "xml"},
        {"is_deleted": "x"}, {"updated_since": "\x00"},
    ],
)  # fmt: skip
def test_what_is_not_understood_is_400(owner_client: APIClient, query: dict[str, str]) -> None:
    answer = owner_client.get(ITEMS, query)
    assert answer.status_code == 400, answer.content
    assert answer.json()["code"] == "validation_error"
    assert answer.json()["errors"][0]["field"] == next(iter(query))


@pytest.mark.parametrize("query", [{"vendor": 10**40}, {"min_quantity": -(10**40)},
                                   {"min_value": "1e9"}, {"category": "9" * 100}])  # fmt: skip
def test_numbers_of_any_size_are_compared(owner_client: APIClient, query: dict[str, Any]) -> None:
    assert owner_client.get(ITEMS, query).status_code == 200


def test_pages_never_overlap_when_values_tie(owner_client: APIClient, vendor: Vendor) -> None:
    ids = {item.pk for item in CollectibleFactory.create_batch(9, vendor=vendor, value=1)}
    Collectible.objects.update(created_at=timezone.now())
    for ordering in ("value", "-created_at", "quantity"):
        seen = [
            item["id"]
            for page in (1, 2, 3)
            for item in owner_client.get(
                ITEMS, {"ordering": ordering, "page_size": 3, "page": page}
            ).json()["results"]
        ]
        assert len(seen) == 9
        assert set(seen) == ids


def test_documents_selector_filters_by_category_id_and_text(shelf: Vendor) -> None:
    wars = shelf.categories.get(slug="star-wars")
    found = get_collectibles_for_user(shelf.owner, {"category": wars.pk, "search": "fal"})
    assert [item.name for item in found] == ["Falcon"]


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    low=st.decimals(0, 100, places=2),
    high=st.decimals(0, 100, places=2),
    units=st.integers(0, 5),
)
def test_filters_agree_with_plain_python(
    owner: User, low: Decimal, high: Decimal, units: int
) -> None:
    vendor = owner.vendors.get()
    if not vendor.items.exists():
        for value in range(0, 101, 10):
            CollectibleFactory(vendor=vendor, value=value, quantity=value % 7)
    client = APIClient()
    client.force_authenticate(owner)
    query = {"min_value": low, "max_value": high, "min_quantity": units, "page_size": 100}
    found = {item["id"] for item in client.get(ITEMS, query).json()["results"]}
    assert found == {
        item.pk
        for item in Collectible.objects.all()
        if low <= item.value <= high and item.quantity >= units
    }


def test_deleted_items_are_found_among_the_deleted(owner_client: APIClient, shelf: Vendor) -> None:
    """They are not among the texts of the living, which have an index."""
    shelf.items.get(name="Falcon").delete()
    deleted = {"is_deleted": "true", "search": "falcon"}
    assert [item["name"] for item in owner_client.get(ITEMS, deleted).json()["results"]] == [
        "Falcon"
    ]
    assert owner_client.get(ITEMS, {"search": "falcon"}).json()["results"] == []
    assert owner_client.get(ITEMS, deleted | {"search": "corner"}).json()["results"] == []
    with pytest.raises(IntegrityError, match="item_deleted_at_a_time"):
        shelf.items.update(is_deleted=True)


def test_search_and_newest_first_can_use_their_indexes(vendor: Vendor) -> None:
    Collectible.objects.bulk_create(
        CollectibleFactory.build(vendor=vendor, name=f"Thing {n}", description="word " * 150)
        for n in range(5000)
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT gin_clean_pending_list('text_search')")
        cursor.execute("ANALYZE; SET LOCAL enable_seqscan = off")
    items = Collectible.objects
    assert "text_search" in items.search("4999").explain()
    assert "text_search" not in Collectible.all_objects.search("4999").explain()
    newest = items.filter(vendor=vendor).order_by("-created_at", "-id")[:20]
    assert "item_newest" in newest.explain()
