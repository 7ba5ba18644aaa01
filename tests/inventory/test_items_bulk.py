"""Many items at once over HTTP."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from core.models import AuditLog
from inventory.models import Category, Collectible
from tests.factories import CategoryFactory, CollectibleFactory, VendorFactory
from users.models import User
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
ITEMS = "/api/v1/catalog/items/"
EVERYTHING = {
    "name": "Penny", "description": "Worn.", "category": "Coins", "condition": "poor", "value": "5",
    "currency": "EUR", "low_stock_threshold": 3, "is_active": False, "is_featured": True,
    "is_bestseller": True, "attributes": {"year": 1933},
}  # fmt: skip


def url(item: Collectible, tail: str = "") -> str:
    return f"{ITEMS}{item.pk}/{tail}"


def pages_of_items() -> dict[int, int]:
    """In which page of the table each item's row lies, by its id."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, (ctid::text::point)[0]::int FROM inventory_collectible ORDER BY id"
        )
        return dict(cursor.fetchall())


class TestBulk:
    def test_update_changes_all_in_few_queries(
        self,
        owner_client: APIClient,
        owner: User,
        vendor: Vendor,
        django_assert_max_num_queries: Any,
    ) -> None:
        items = CollectibleFactory.create_batch(20, vendor=vendor)
        body = {"ids": [item.pk for item in items], "updates": {"category": "New", "value": "5"}}
        with django_assert_max_num_queries(19):
            answer = owner_client.post(f"{ITEMS}bulk_update/", body)
        assert answer.json() == {"updated": 20, "missing": [], "errors": []}
        changed = Collectible.objects.select_related("category")
        assert {(i.category.name, i.value, i.version, i.updated_by_id) for i in changed} == {
            ("New", Decimal(5), 2, owner.pk)
        }

    def test_a_changed_item_stays_on_its_page(
        self, owner_client: APIClient, vendor: Vendor
    ) -> None:
        """There is room for its new version: one page is written for it, not two."""
        CollectibleFactory.create_batch(60, vendor=vendor)
        before = pages_of_items()
        first_of = {page: item for item, page in reversed(before.items())}
        first_of.pop(max(first_of))  # the last one is not full
        assert len(first_of) > 1
        body = {"ids": [*first_of.values()], "updates": {"condition": "poor"}}
        answer = owner_client.post(f"{ITEMS}bulk_update/", body)
        assert answer.json()["updated"] == len(first_of)
        assert pages_of_items() == before

    @pytest.mark.parametrize(
        "updates",
        [
            {"vendor": 1}, {"vendor_id": 1}, {"quantity": 5}, {"is_deleted": True}, {"id": 7},
            {"created_at": "2001-01-01"}, {"sku": "A"}, {"value": "-1"}, {"name": "\x00"},
            {"name": ["a"]}, {"nonsense": 1}, {}, [], "name", None,
        ],
    )  # fmt: skip
    def test_update_of_anything_else_is_400(
        self, owner_client: APIClient, vendor: Vendor, updates: Any
    ) -> None:
        item = CollectibleFactory(vendor=vendor)
        answer = owner_client.post(f"{ITEMS}bulk_update/", {"ids": [item.pk], "updates": updates})
        assert answer.status_code == 400
        item.refresh_from_db()
        assert item.version == 1

    def test_category_of_one_vendor_does_not_fit_another(
        self, owner_client: APIClient, owner: User, vendor: Vendor
    ) -> None:
        category = CategoryFactory(vendor=vendor)
        mine = CollectibleFactory(vendor=vendor)
        other = CollectibleFactory(vendor=VendorFactory(owner=owner))
        body = {"ids": [mine.pk, other.pk], "updates": {"category": category.pk}}
        answer = owner_client.post(f"{ITEMS}bulk_update/", body).json()
        assert (answer["updated"], answer["missing"]) == (1, [])
        assert [(e["id"], e["code"]) for e in answer["errors"]] == [(other.pk, "unknown")]

    @pytest.mark.parametrize("action", ["bulk_delete", "bulk_update", "bulk_restore"])
    def test_foreign_and_missing_ids_are_told_alike(
        self, owner_client: APIClient, action: str
    ) -> None:
        foreign = CollectibleFactory()
        body: dict[str, Any] = {"ids": [foreign.pk, foreign.pk + 1000]}
        if action == "bulk_update":
            body["updates"] = {"name": "Mine"}
        answer = owner_client.post(f"{ITEMS}{action}/", body).json()
        assert answer["missing"] == [foreign.pk, foreign.pk + 1000]
        foreign.refresh_from_db()
        assert (foreign.version, foreign.is_deleted) == (1, False)

    def test_delete_and_restore_are_each_others_opposite(
        self, owner_client: APIClient, vendor: Vendor
    ) -> None:
        ids = sorted(item.pk for item in CollectibleFactory.create_batch(3, vendor=vendor))
        answer = owner_client.post(f"{ITEMS}bulk_delete/", {"ids": [*ids, ids[0]]})
        assert answer.json() == {"deleted": 3, "missing": [], "errors": []}
        assert Collectible.objects.count() == 0
        assert Collectible.all_objects.count() == 3
        answer = owner_client.post(f"{ITEMS}bulk_restore/", {"ids": ids})
        assert answer.json() == {"restored": 3, "missing": [], "errors": []}
        assert Collectible.objects.count() == 3

    @pytest.mark.parametrize(
        ("call", "more"), [("bulk_update", {"updates": EVERYTHING}), ("bulk_delete", {})]
    )
    def test_no_item_is_asked_for_alone(
        self, owner_client: APIClient, vendor: Vendor, call: str, more: dict[str, Any]
    ) -> None:
        """Whatever is changed, and told in the audit log."""
        CategoryFactory(vendor=vendor, name="Coins")
        asked = []
        for count in (20, 40):
            items = CollectibleFactory.create_batch(count, vendor=vendor)
            body = {"ids": [item.pk for item in items], **more}
            with CaptureQueriesContext(connection) as queries:
                assert owner_client.post(f"{ITEMS}{call}/", body).status_code == 200
            asked.append(len(queries))
        assert asked[0] == asked[1]
        assert AuditLog.objects.filter(object_type="collectible").count() == 60

    @pytest.mark.parametrize("rows", [1, 60])
    def test_restore_takes_the_same_queries_for_any_number(
        self, owner_client: APIClient, vendor: Vendor, rows: int, django_assert_num_queries: Any
    ) -> None:
        items = CollectibleFactory.create_batch(rows, vendor=vendor)
        for item in items:
            item.delete()
        with django_assert_num_queries(16):
            answer = owner_client.post(
                f"{ITEMS}bulk_restore/", {"ids": [item.pk for item in items]}
            )
        assert answer.json()["restored"] == rows

    def test_update_leaves_alone_what_has_the_values(
        self, owner_client: APIClient, vendor: Vendor
    ) -> None:
        same, other = (CollectibleFactory(vendor=vendor, name=name) for name in ("A", "B"))
        body = {"ids": [same.pk, other.pk], "updates": {"name": "A"}}
        assert owner_client.post(f"{ITEMS}bulk_update/", body).json()["updated"] == 2
        versions = Collectible.objects.order_by("pk").values_list("version", flat=True)
        assert list(versions) == [1, 2]

    def test_of_two_deleted_with_one_sku_one_comes_back(
        self, owner_client: APIClient, vendor: Vendor
    ) -> None:
        first = CollectibleFactory(vendor=vendor, sku="A")
        first.delete()
        second = CollectibleFactory(vendor=vendor, sku="A")
        second.delete()
        answer = owner_client.post(f"{ITEMS}bulk_restore/", {"ids": [first.pk, second.pk]}).json()
        assert (answer["restored"], answer["errors"][0]["id"]) == (1, second.pk)

    def test_restore_leaves_out_whose_sku_is_taken(
        self, owner_client: APIClient, vendor: Vendor
    ) -> None:
        gone = CollectibleFactory(vendor=vendor, sku="A")
        free = CollectibleFactory(vendor=vendor, sku="B")
        Collectible.objects.all().delete()
        CollectibleFactory(vendor=vendor, sku="A")
        answer = owner_client.post(f"{ITEMS}bulk_restore/", {"ids": [gone.pk, free.pk]}).json()
        assert answer["restored"] == 1
        assert [(e["id"], e["code"]) for e in answer["errors"]] == [(gone.pk, "sku_taken")]

    @pytest.mark.parametrize("body", [{}, {"ids": []}, {"ids": None}])
    def test_delete_without_ids_is_told_as_in_document_000(
        self, owner_client: APIClient, body: dict[str, Any]
    ) -> None:
        answer = owner_client.post(f"{ITEMS}bulk_delete/", body)
        assert (answer.status_code, answer.json()["error"]) == (400, "No IDs provided")

    @pytest.mark.parametrize(
        "ids",
        ["12", 5, "abc", [{"a": 1}], [True], ["1"], [0], [-1], [2**63], [1.5], [[1]],
         list(range(1, 1002))],
    )  # fmt: skip
    @pytest.mark.parametrize("action", ["bulk_delete", "bulk_update", "bulk_restore"])
    def test_ids_of_any_other_kind_are_400(
        self, owner_client: APIClient, vendor: Vendor, action: str, ids: Any
    ) -> None:
        CollectibleFactory(vendor=vendor)
        body = {"ids": ids} | ({"updates": {"name": "X"}} if action == "bulk_update" else {})
        assert owner_client.post(f"{ITEMS}{action}/", body).status_code == 400
        assert not Collectible.objects.filter(name="X").exists()

    @pytest.mark.parametrize("body", [[], [1], "ids", 5, None])
    def test_body_must_be_an_object(self, owner_client: APIClient, body: Any) -> None:
        assert owner_client.post(f"{ITEMS}bulk_delete/", body).status_code == 400

    @pytest.mark.parametrize("action", ["bulk_delete", "bulk_update", "bulk_restore"])
    def test_dry_run_reports_the_same_and_writes_nothing(
        self, owner_client: APIClient, vendor: Vendor, action: str
    ) -> None:
        items = CollectibleFactory.create_batch(2, vendor=vendor)
        if action == "bulk_restore":
            Collectible.objects.all().delete()
        before = list(Collectible.all_objects.order_by("pk").values())
        body: dict[str, Any] = {"ids": [item.pk for item in items] + [10**9]}
        if action == "bulk_update":
            body["updates"] = {"category": "New"}
        rehearsed = owner_client.post(f"{ITEMS}{action}/?dry_run=true", body).json()
        assert rehearsed.pop("plan")
        assert list(Collectible.all_objects.order_by("pk").values()) == before
        assert not Category.objects.exists()
        assert owner_client.post(f"{ITEMS}{action}/?dry_run=perhaps", body).status_code == 400
        assert owner_client.post(f"{ITEMS}{action}/", body).json() == rehearsed
        assert list(Collectible.all_objects.order_by("pk").values()) != before
