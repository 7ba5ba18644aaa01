"""What it all comes to: the summary of document 000, to the letter and to the cent."""

import time
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from inventory.models import MAX_QUANTITY, Collectible
from tests.factories import CategoryFactory, CollectibleFactory, UserFactory, VendorFactory
from users.models import User
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
SUMMARY = "/api/v1/dashboard/summary/"
NOTHING = {
    "total_items": 0,
    "total_vendors": 0,
    "total_value": "0.00",
    "total_stock_value": "0.00",
    "total_units": 0,
    "low_stock": 0,
    "items_this_month": 0,
    "items_by_category": [],
    "recent_items": [],
}


def summary(client: APIClient, **query: Any) -> dict[str, Any]:
    answer = client.get(SUMMARY, query)
    assert answer.status_code == 200, answer.content
    body: dict[str, Any] = answer.json()
    return body


def figures(body: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != "recent_items"}


@pytest.fixture
def shelf(vendor: Vendor) -> Vendor:
    """Three living items in two categories and none, and a dear one that is deleted."""
    lego, coins = (CategoryFactory(vendor=vendor, name=name) for name in ("LEGO", "Coins"))
    CategoryFactory(vendor=vendor, name="Empty")
    make = CollectibleFactory
    make(vendor=vendor, name="Falcon", category=lego, value="849.99", quantity=2)
    make(vendor=vendor, name="Corner", category=lego, value="1250.00", quantity=0)
    make(vendor=vendor, name="Thaler", category=coins, value="0.10", quantity=40)
    make(vendor=vendor, name="Loose", value="24.01", quantity=3, low_stock_threshold=None)
    make(vendor=vendor, name="Gone", category=coins, value="9999", quantity=99).delete()
    return vendor


def test_every_figure_is_right(shelf: Vendor, owner_client: APIClient) -> None:
    body = summary(owner_client)
    assert figures(body) == {
        "total_items": 4,
        "total_vendors": 1,
        "total_value": "2124.10",
        "total_stock_value": "1776.01",
        "total_units": 45,
        "low_stock": 2,
        "items_this_month": 4,
        "items_by_category": [
            {"category": "LEGO", "count": 2},
            {"category": "Coins", "count": 1},
            {"category": None, "count": 1},
        ],
    }
    assert [item["name"] for item in body["recent_items"]] == [
        "Loose", "Thaler", "Corner", "Falcon",
    ]  # fmt: skip


def test_nothing_is_zeros_and_empty_lists(sign_in: Any) -> None:
    assert summary(sign_in(UserFactory())) == NOTHING


def test_vendor_without_items_is_one_vendor(owner_client: APIClient, vendor: Vendor) -> None:
    assert summary(owner_client) == {**NOTHING, "total_vendors": 1}


def test_recent_items_are_the_five_newest_as_in_their_list(
    owner_client: APIClient, vendor: Vendor
) -> None:
    category = CategoryFactory(vendor=vendor)
    items = CollectibleFactory.create_batch(7, vendor=vendor, category=category)
    Collectible.objects.filter(pk=items[6].pk).update(created_at=timezone.now() - timedelta(9))
    listed = owner_client.get("/api/v1/catalog/items/", {"page_size": 5}).json()["results"]
    recent = summary(owner_client)["recent_items"]
    assert [item["id"] for item in recent] == [item.pk for item in items[5:0:-1]]
    assert recent == listed


def test_this_month_is_the_last_thirty_days(owner_client: APIClient, vendor: Vendor) -> None:
    for days, hours in ((0, 0), (29, 23), (30, 1), (365, 0)):
        item = CollectibleFactory(vendor=vendor)
        born = timezone.now() - timedelta(days=days, hours=hours)
        Collectible.objects.filter(pk=item.pk).update(created_at=born)
    body = summary(owner_client)
    assert (body["items_this_month"], body["total_items"]) == (2, 4)


def test_low_on_stock_counts_what_is_at_its_threshold_and_watched(
    owner_client: APIClient, vendor: Vendor
) -> None:
    for quantity, threshold in ((0, 0), (5, 5), (6, 5), (0, None), (10, 10), (11, 10)):
        CollectibleFactory(vendor=vendor, quantity=quantity, low_stock_threshold=threshold)
    assert summary(owner_client)["low_stock"] == 3


def test_big_sums_are_exact_to_the_cent(owner_client: APIClient, vendor: Vendor) -> None:
    most = Decimal("999999999999.99")
    CollectibleFactory.create_batch(3, vendor=vendor, value=most, quantity=MAX_QUANTITY)
    CollectibleFactory(vendor=vendor, value="0.01", quantity=1)
    body = summary(owner_client)
    assert body["total_value"] == "2999999999999.98"
    assert body["total_stock_value"] == "2999999999999970000000.01"
    assert body["total_units"] == 3 * MAX_QUANTITY + 1


def test_categories_come_by_size_then_name(owner_client: APIClient, vendor: Vendor) -> None:
    for name, count in (("Zinc", 1), ("Art", 1), ("Many", 3)):
        CollectibleFactory.create_batch(
            count, vendor=vendor, category=CategoryFactory(vendor=vendor, name=name)
        )
    counts = summary(owner_client)["items_by_category"]
    assert [row["category"] for row in counts] == ["Many", "Art", "Zinc"]


def test_deleted_vendor_is_not_counted(shelf: Vendor, owner_client: APIClient, owner: User) -> None:
    CollectibleFactory(vendor=VendorFactory(owner=owner), name="Kept", value=1)
    shelf.delete()
    body = summary(owner_client)
    assert (body["total_vendors"], body["total_items"], body["total_value"]) == (1, 1, "1.00")


def test_change_shows_at_once(shelf: Vendor, owner_client: APIClient) -> None:
    before = summary(owner_client)
    owner_client.post("/api/v1/catalog/items/", {"name": "New", "value": "0.90"})
    after = summary(owner_client)
    assert (before["total_value"], after["total_value"]) == ("2124.10", "2125.00")


def test_item_leaves_the_month_though_nothing_was_written(
    owner_client: APIClient, vendor: Vendor
) -> None:
    born = timezone.now() - timedelta(days=30) + timedelta(seconds=1.5)
    CollectibleFactory(vendor=vendor)
    Collectible.objects.update(created_at=born)
    assert summary(owner_client)["items_this_month"] == 1
    time.sleep(max(0, (born + timedelta(days=30) - timezone.now()).total_seconds() + 0.01))
    assert summary(owner_client)["items_this_month"] == 0


class TestVendor:
    def test_narrows_to_one_of_mine(
        self, shelf: Vendor, owner_client: APIClient, owner: User
    ) -> None:
        second = VendorFactory(owner=owner)
        CollectibleFactory(vendor=second, name="Second", value="5", quantity=2)
        everything = summary(owner_client)
        assert (everything["total_vendors"], everything["total_items"]) == (2, 5)
        body = summary(owner_client, vendor=second.pk)
        assert [item["name"] for item in body["recent_items"]] == ["Second"]
        assert figures(body) == {
            "total_items": 1,
            "total_vendors": 1,
            "total_value": "5.00",
            "total_stock_value": "10.00",
            "total_units": 2,
            "low_stock": 1,
            "items_this_month": 1,
            "items_by_category": [{"category": None, "count": 1}],
        }

    def test_empty_one_is_none(self, shelf: Vendor, owner_client: APIClient) -> None:
        assert summary(owner_client, vendor="") == summary(owner_client)

    def test_foreign_and_missing_ones_answer_alike(
        self, shelf: Vendor, owner_client: APIClient
    ) -> None:
        foreign = CollectibleFactory(value=5).vendor_id
        for vendor in (foreign, foreign + 1000, 2**63 - 1):
            assert summary(owner_client, vendor=vendor) == NOTHING

    @pytest.mark.parametrize("value", ["x", "1.5", "0", "-1", str(2**63), "9" * 5000, "\x00"])
    def test_malformed_one_is_400(self, owner_client: APIClient, value: str) -> None:
        answer = owner_client.get(SUMMARY, {"vendor": value})
        assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
        assert [error["field"] for error in answer.json()["errors"]] == ["vendor"]


def test_unknown_parameter_is_400(owner_client: APIClient) -> None:
    answer = owner_client.get(SUMMARY, {"vender": 1})
    assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [
        ("vender", "unknown_field")
    ]


@pytest.mark.parametrize("query", [{"format": "json"}, {"_": "1700000000"}])
def test_parameters_that_every_list_takes_are_taken(
    owner_client: APIClient, query: dict[str, str]
) -> None:
    assert summary(owner_client, **query)["total_vendors"] == 1


def test_stranger_sees_only_their_own(shelf: Vendor, stranger_client: APIClient) -> None:
    assert summary(stranger_client) == {**NOTHING, "total_vendors": 1}


def test_nobody_gets_401(anonymous_client: APIClient) -> None:
    answer = anonymous_client.get(SUMMARY)
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")


def test_writing_is_405(owner_client: APIClient) -> None:
    for method in ("post", "put", "patch", "delete"):
        assert getattr(owner_client, method)(SUMMARY, {}).status_code == 405


def test_answer_is_for_the_caller_alone(owner_client: APIClient) -> None:
    assert "private" in owner_client.get(SUMMARY)["Cache-Control"]


@pytest.mark.parametrize("rows", [1, 60])
def test_costs_the_same_queries_for_any_number_of_rows(
    owner_client: APIClient, owner: User, django_assert_num_queries: Any, rows: int
) -> None:
    for vendor in VendorFactory.create_batch(min(rows, 5), owner=owner):
        for category in CategoryFactory.create_batch(rows // 5 or 1, vendor=vendor):
            CollectibleFactory(vendor=vendor, category=category)
    # user, vendors and their versions, the month; sums, categories, newest with their pictures
    with django_assert_num_queries(6):
        body = summary(owner_client)
    assert body["total_items"] == rows
    # until something changes: user, vendors and their versions, the month
    with django_assert_num_queries(3):
        assert summary(owner_client) == body
