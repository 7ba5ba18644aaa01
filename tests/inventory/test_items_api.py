"""Items over HTTP: each door with each person, the whole body, the number of queries."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from inventory.models import Category, Collectible
from tests.factories import CategoryFactory, CollectibleFactory, VendorFactory
from users.models import User
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
ITEMS = "/api/v1/catalog/items/"


def url(item: Collectible, tail: str = "") -> str:
    return f"{ITEMS}{item.pk}/{tail}"


class TestCreate:
    def test_needs_only_a_name(self, owner_client: APIClient, owner: User, vendor: Vendor) -> None:
        answer = owner_client.post(ITEMS, {"name": "Black Lotus"})
        assert answer.status_code == 201
        body = answer.json()
        item = Collectible.objects.get()
        assert body.pop("slug").startswith("black-lotus-")
        assert body.pop("sku").startswith("ITEM-")
        assert body.pop("created_at").endswith("Z")
        assert body.pop("updated_at").endswith("Z")
        assert body == {
            "id": item.pk,
            "vendor": vendor.pk,
            "name": "Black Lotus",
            "description": "",
            "category": None,
            "category_id": None,
            "condition": "unspecified",
            "value": "0.00",
            "currency": "USD",
            "quantity": 1,
            "available": 1,
            "low_stock_threshold": 10,
            "is_active": True,
            "is_featured": False,
            "is_bestseller": False,
            "image_url": None,
            "images": [],
            "attributes": {},
            "card_details": None,
            "created_by": owner.pk,
            "updated_by": owner.pk,
            "version": 1,
        }

    def test_takes_everything_an_item_has(self, owner_client: APIClient) -> None:
        body = owner_client.post(
            ITEMS,
            {
                "name": "Charizard",
                "sku": "PKM-4",
                "category": "Pokémon",
                "condition": "near_mint",
                "value": "389.00",
                "currency": "EUR",
                "quantity": 2,
                "low_stock_threshold": None,
                "attributes": {"grade": 8},
                "card_metadata": {"rarity": "holo"},
                "variant_payloads": [{"sku": "PKM-4-R"}],
            },
        ).json()
        assert body["category"] == "Pokémon"
        assert body["category_id"] == Category.objects.get().pk
        assert (body["value"], body["currency"], body["quantity"]) == ("389.00", "EUR", 2)
        assert body["low_stock_threshold"] is None
        assert body["card_details"] == {"rarity": "holo"}
        assert body["attributes"] == {
            "grade": 8,
            "card": {"rarity": "holo"},
            "variants": [{"sku": "PKM-4-R"}],
        }

    def test_takes_the_vendors_currency(self, owner_client: APIClient, vendor: Vendor) -> None:
        Vendor.objects.filter(pk=vendor.pk).update(currency="EUR")
        assert owner_client.post(ITEMS, {"name": "Thaler"}).json()["currency"] == "EUR"

    @pytest.mark.parametrize("by", ["name", "other case", "slug", "id"])
    def test_category_is_written_by_name_slug_or_id(
        self, owner_client: APIClient, vendor: Vendor, by: str
    ) -> None:
        category = CategoryFactory(vendor=vendor, name="Star Wars", slug="star-wars")
        written = {"name": "Star Wars", "other case": "STAR wars", "slug": "star-wars"}
        body = owner_client.post(
            ITEMS, {"name": "Falcon", "category": written.get(by, category.pk)}
        ).json()
        assert (body["category"], body["category_id"]) == ("Star Wars", category.pk)
        assert Category.objects.count() == 1

    def test_goes_to_the_vendor_named(self, owner_client: APIClient, owner: User) -> None:
        second = VendorFactory(owner=owner)
        body = owner_client.post(ITEMS, {"name": "Falcon", "vendor": second.pk}).json()
        assert body["vendor"] == second.pk

    def test_without_any_vendor_is_refused(self, owner_client: APIClient, vendor: Vendor) -> None:
        vendor.delete()
        answer = owner_client.post(ITEMS, {"name": "Falcon"})
        assert (answer.status_code, answer.json()["code"]) == (400, "no_vendor")

    def test_taken_sku_is_409(self, owner_client: APIClient, vendor: Vendor) -> None:
        CollectibleFactory(vendor=vendor, sku="75192-1")
        answer = owner_client.post(ITEMS, {"name": "Falcon", "sku": "75192-1"})
        assert (answer.status_code, answer.json()["code"]) == (409, "sku_taken")
        assert answer.json()["errors"][0]["field"] == "sku"

    def test_sku_of_a_deleted_item_is_free(self, owner_client: APIClient, vendor: Vendor) -> None:
        CollectibleFactory(vendor=vendor, sku="75192-1").delete()
        assert owner_client.post(ITEMS, {"name": "Falcon", "sku": "75192-1"}).status_code == 201

    @pytest.mark.parametrize(
        ("change", "field", "code"),
        [
            ({"name": ""}, "name", "blank"),
            ({"name": "x" * 256}, "name", "max_length"),
            ({"name": None}, "name", "null"),
            ({"value": "-0.01"}, "value", "min_value"),
            ({"value": "1e400"}, "value", "max_digits"),
            ({"value": "NaN"}, "value", "invalid"),
            ({"value": "1.001"}, "value", "max_decimal_places"),
            ({"quantity": -1}, "quantity", "min_value"),
            ({"quantity": 10**30}, "quantity", "max_value"),
            ({"quantity": 1.5}, "quantity", "invalid"),
            ({"currency": "XXX"}, "currency", "currency"),
            ({"condition": "shiny"}, "condition", "invalid_choice"),
            ({"category": 10**30}, "category", "invalid"),
            ({"category": True}, "category", "invalid"),
            ({"category": 0.5}, "category", "invalid"),
            ({"category": {"a": 1}}, "category", "invalid"),
            ({"attributes": []}, "attributes", "invalid"),
            ({"attributes": {"a": "x" * 40_000}}, "attributes", "too_large"),
            ({"sku": "x" * 101}, "sku", "max_length"),
            ({"vendor": "x"}, "vendor", "incorrect_type"),
            ({"vendor": 10**30}, "vendor", "does_not_exist"),
            ({"colour": "red"}, "colour", "unknown_field"),
            ({"is_deleted": True}, "is_deleted", "unknown_field"),
            ({"vendor_id": 1}, "vendor_id", "unknown_field"),
            ({"owner": 1}, "owner", "unknown_field"),
            ({"pk": 1}, "pk", "unknown_field"),
        ],
    )
    def test_bad_input_is_named_and_makes_nothing(
        self, owner_client: APIClient, change: dict[str, Any], field: str, code: str
    ) -> None:
        answer = owner_client.post(ITEMS, {"name": "Falcon", **change})
        assert answer.status_code == 400, answer.content
        assert answer["Content-Type"] == "application/problem+json"
        assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [(field, code)]
        assert not Collectible.objects.exists()

    def test_all_that_is_wrong_is_told_at_once(self, owner_client: APIClient) -> None:
        answer = owner_client.post(ITEMS, {"colour": "red", "sku": 75, "quantity": -1})
        assert {e["field"]: e["code"] for e in answer.json()["errors"]} == {
            "name": "required", "sku": "invalid", "quantity": "min_value",
            "colour": "unknown_field",
        }  # fmt: skip

    def test_what_the_server_sets_cannot_be_set(
        self, owner_client: APIClient, owner: User, stranger: User
    ) -> None:
        forged = {"id": 99, "slug": "mine", "version": 7, "created_by": stranger.pk,
                  "created_at": "2001-01-01T00:00:00Z", "category_id": 5}  # fmt: skip
        body = owner_client.post(ITEMS, {"name": "Falcon", **forged}).json()
        assert body["id"] != 99
        assert body["slug"] != "mine"
        assert (body["version"], body["created_by"], body["category_id"]) == (1, owner.pk, None)
        assert not body["created_at"].startswith("2001")


class TestRead:
    def test_list_is_paged(self, owner_client: APIClient, vendor: Vendor) -> None:
        items = CollectibleFactory.create_batch(5, vendor=vendor)
        body = owner_client.get(ITEMS, {"page": 2, "page_size": 2}).json()
        newest = [item.pk for item in reversed(items)]
        assert [item["id"] for item in body.pop("results")] == newest[2:4]
        assert body == {
            "count": 5,
            "next": "/api/v1/catalog/items/?page=3&page_size=2",
            "previous": "/api/v1/catalog/items/?page_size=2",
            "page": 2,
            "page_size": 2,
            "total_pages": 3,
        }

    def test_page_size_is_at_most_100(self, owner_client: APIClient, vendor: Vendor) -> None:
        Collectible.objects.bulk_create(CollectibleFactory.build(vendor=vendor) for _ in range(101))
        body = owner_client.get(ITEMS, {"page_size": 500}).json()
        assert (len(body["results"]), body["page_size"], body["total_pages"]) == (100, 100, 2)

    def test_page_beyond_the_end_is_404(self, owner_client: APIClient) -> None:
        answer = owner_client.get(ITEMS, {"page": 2})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    @pytest.mark.parametrize("rows", [1, 100])
    def test_list_costs_the_same_queries_for_any_number_of_rows(
        self,
        owner_client: APIClient,
        vendor: Vendor,
        django_assert_num_queries: Any,
        rows: int,
    ) -> None:
        category = CategoryFactory(vendor=vendor)
        CollectibleFactory.create_batch(rows, vendor=vendor, category=category)
        with django_assert_num_queries(2):  # user and version, page
            body = owner_client.get(ITEMS, {"page_size": 100}).json()
        assert len(body["results"]) == rows
        with django_assert_num_queries(1):  # user and version: the rest is cached
            assert owner_client.get(ITEMS, {"page_size": 100}).json() == body

    def test_detail_costs_two_queries(
        self, owner_client: APIClient, vendor: Vendor, django_assert_num_queries: Any
    ) -> None:
        item = CollectibleFactory(vendor=vendor, category=CategoryFactory(vendor=vendor))
        with django_assert_num_queries(2):  # user, item
            body = owner_client.get(url(item)).json()
        assert (body["id"], body["category"]) == (item.pk, item.category.name)

    @pytest.mark.parametrize("method", ["head", "options"])
    def test_head_and_options_work(
        self, owner_client: APIClient, vendor: Vendor, method: str
    ) -> None:
        item = CollectibleFactory(vendor=vendor)
        assert getattr(owner_client, method)(ITEMS).status_code == 200
        assert getattr(owner_client, method)(url(item)).status_code == 200

    def test_options_of_what_is_not_there_tell_no_fields(self, owner_client: APIClient) -> None:
        answer = owner_client.options(f"{ITEMS}1/")
        assert (answer.status_code, "actions" in answer.json()) == (200, False)


class TestUpdate:
    def test_costs_seven_queries(
        self, owner_client: APIClient, vendor: Vendor, django_assert_num_queries: Any
    ) -> None:
        item = CollectibleFactory(vendor=vendor, category=CategoryFactory(vendor=vendor))
        # The user, item, shop, lock, change, audit row and answer; a savepoint, in a test.
        with django_assert_num_queries(7 + 2):
            body = owner_client.patch(url(item), {"value": "5"}).json()
        assert (body["value"], body["category"]) == ("5.00", item.category.name)

    def test_patch_changes_what_is_given(
        self, owner_client: APIClient, owner: User, vendor: Vendor
    ) -> None:
        item = CollectibleFactory(vendor=vendor, attributes={"grade": 8})
        change = {"value": "12.50", "quantity": 3, "card_metadata": {"rarity": "holo"}}
        body = owner_client.patch(url(item), change).json()
        assert (body["value"], body["quantity"], body["name"]) == ("12.50", 3, item.name)
        assert body["attributes"] == {"grade": 8, "card": {"rarity": "holo"}}
        # Twice: the item's words, then what was counted.
        assert (body["version"], body["updated_by"]) == (3, owner.pk)
        assert body["updated_at"] > body["created_at"]

    def test_put_needs_the_name_and_keeps_the_vendor(
        self, owner_client: APIClient, vendor: Vendor
    ) -> None:
        item = CollectibleFactory(vendor=vendor)
        assert owner_client.put(url(item), {"value": "1.00"}).status_code == 400
        assert owner_client.put(url(item), {"name": "New"}).json()["vendor"] == vendor.pk

    def test_what_was_read_can_be_written_back(
        self, owner_client: APIClient, vendor: Vendor
    ) -> None:
        item = CollectibleFactory(vendor=vendor, category=CategoryFactory(vendor=vendor))
        before = owner_client.get(url(item)).json()
        assert owner_client.put(url(item), before).json() == before

    def test_item_stays_with_its_vendor(
        self, owner_client: APIClient, owner: User, vendor: Vendor
    ) -> None:
        item = CollectibleFactory(vendor=vendor)
        answer = owner_client.patch(url(item), {"vendor": VendorFactory(owner=owner).pk})
        assert answer.json()["errors"][0]["code"] == "immutable"

    def test_category_can_be_taken_away(self, owner_client: APIClient, vendor: Vendor) -> None:
        item = CollectibleFactory(vendor=vendor, category=CategoryFactory(vendor=vendor))
        assert owner_client.patch(url(item), {"category": None}).json()["category"] is None

    def test_taken_sku_is_409_and_changes_nothing(
        self, owner_client: APIClient, vendor: Vendor
    ) -> None:
        CollectibleFactory(vendor=vendor, sku="A")
        item = CollectibleFactory(vendor=vendor, sku="B")
        answer = owner_client.patch(url(item), {"sku": "A", "name": "Changed"})
        assert (answer.status_code, answer.json()["code"]) == (409, "sku_taken")
        item.refresh_from_db()
        assert (item.sku, item.version) == ("B", 1)
        assert item.name != "Changed"

    def test_blank_sku_keeps_the_old_one(self, owner_client: APIClient, vendor: Vendor) -> None:
        item = CollectibleFactory(vendor=vendor, sku="B")
        assert owner_client.patch(url(item), {"sku": ""}).json()["sku"] == "B"


class TestDeleteAndRestore:
    def test_deleted_item_is_gone_and_comes_back(
        self, owner_client: APIClient, vendor: Vendor
    ) -> None:
        item = CollectibleFactory(vendor=vendor)
        assert owner_client.delete(url(item)).status_code == 204
        assert owner_client.get(url(item)).status_code == 404
        assert owner_client.get(ITEMS).json()["count"] == 0
        assert owner_client.get(ITEMS, {"is_deleted": "true"}).json()["count"] == 1
        assert owner_client.post(url(item, "restore/")).json()["id"] == item.pk
        assert owner_client.get(ITEMS).json()["count"] == 1

    def test_living_item_cannot_be_restored(self, owner_client: APIClient, vendor: Vendor) -> None:
        item = CollectibleFactory(vendor=vendor)
        assert owner_client.post(url(item, "restore/")).status_code == 404

    def test_restore_is_409_when_the_sku_is_taken(
        self, owner_client: APIClient, vendor: Vendor
    ) -> None:
        item = CollectibleFactory(vendor=vendor, sku="A")
        item.delete()
        CollectibleFactory(vendor=vendor, sku="A")
        answer = owner_client.post(url(item, "restore/"))
        assert (answer.status_code, answer.json()["code"]) == (409, "sku_taken")
        item.refresh_from_db()
        assert item.is_deleted
