"""Shops over HTTP: each door with each person; what belongs to a shop comes and goes with it."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from inventory.models import Category, Collectible
from tests.factories import CategoryFactory, CollectibleFactory, UserFactory, VendorFactory
from users.models import User
from vendors.models import Vendor, VendorStore

pytestmark = pytest.mark.django_db
VENDORS = "/api/v1/vendors/"
ITEMS = "/api/v1/catalog/items/"


def url(vendor: Vendor) -> str:
    return f"{VENDORS}{vendor.pk}/"


def refusal(answer: Any) -> tuple[int, str, list[tuple[str, str]]]:
    assert answer["Content-Type"] == "application/problem+json", answer.content
    body = answer.json()
    return answer.status_code, body["code"], [(e["field"], e["code"]) for e in body["errors"]]


def names(client: APIClient, **query: Any) -> list[str]:
    answer = client.get(VENDORS, query)
    assert answer.status_code == 200, answer.content
    return [row["name"] for row in answer.json()["results"]]


class TestCreate:
    def test_needs_only_a_name(self, sign_in: Any) -> None:
        owner = UserFactory()
        answer = sign_in(owner).post(VENDORS, {"name": "Brick & Card"})
        assert answer.status_code == 201
        body, row = answer.json(), Vendor.objects.get()
        assert body.pop("created_at").endswith("Z")
        assert body.pop("updated_at").endswith("Z")
        assert body == {
            "id": row.pk,
            "name": "Brick & Card",
            "slug": "brick-card",
            "description": "",
            "contact_info": "",
            "currency": "USD",
            "owner": owner.pk,
            "is_active": True,
            "require_if_match": False,
        }
        assert (row.created_by, row.updated_by) == (owner, owner)

    def test_makes_the_default_store_in_its_currency(self, owner_client: APIClient) -> None:
        made = owner_client.post(VENDORS, {"name": "Comptoir", "currency": "EUR"}).json()
        store = VendorStore.objects.get(vendor=made["id"])
        assert (store.name, store.slug, store.type) == ("Main store", "main-store", "retail")
        assert (store.is_default, store.currency) == (True, "EUR")

    def test_slug_of_a_taken_name_gets_a_number_across_owners(
        self, owner_client: APIClient, stranger_client: APIClient
    ) -> None:
        clients = (owner_client, stranger_client, owner_client)
        slugs = [client.post(VENDORS, {"name": "A & B"}).json()["slug"] for client in clients]
        assert slugs == ["a-b", "a-b-2", "a-b-3"]

    @pytest.mark.parametrize(
        ("change", "field", "code"),
        [
            ({"name": ""}, "name", "blank"),
            ({"name": "x" * 121}, "name", "max_length"),
            ({"currency": "XXX"}, "currency", "currency"),
            ({"currency": "usd"}, "currency", "currency"),
            ({"is_active": "perhaps"}, "is_active", "invalid"),
            ({"is_active": 0}, "is_active", "invalid"),
            ({"description": "x" * 5001}, "description", "max_length"),
            ({"colour": "red"}, "colour", "unknown_field"),
            ({"name": 75}, "name", "invalid"),
            ({"owner_id": 1}, "owner_id", "unknown_field"),
            ({"created_by": 1}, "created_by", "unknown_field"),
            ({"is_deleted": False}, "is_deleted", "unknown_field"),
        ],
    )
    def test_bad_input_is_named_and_makes_nothing(
        self, owner_client: APIClient, change: dict[str, Any], field: str, code: str
    ) -> None:
        answer = owner_client.post(VENDORS, {"name": "Shop", **change})
        assert refusal(answer) == (400, "validation_error", [(field, code)])
        assert Vendor.objects.count() == 1

    def test_owner_slug_and_id_cannot_be_set(
        self, owner_client: APIClient, owner: User, stranger: User
    ) -> None:
        forged = {"owner": stranger.pk, "slug": "mine", "id": 10**9}
        body = owner_client.post(VENDORS, {"name": "Shop", **forged}).json()
        assert (body["owner"], body["slug"]) == (owner.pk, "shop")
        assert body["id"] != 10**9
        owner_client.patch(f"{VENDORS}{body['id']}/", {**forged, "name": "Shop"})
        row = Vendor.objects.get(pk=body["id"])
        assert (row.owner, row.slug) == (owner, "shop")


class TestRead:
    @pytest.fixture
    def shops(self, owner: User, vendor: Vendor) -> None:
        Vendor.objects.filter(pk=vendor.pk).update(name="Cards")
        VendorFactory(owner=owner, name="Bricks", is_active=False)
        VendorFactory(owner=owner, name="Antique cards")
        VendorFactory(name="Foreign cards")

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({}, ["Antique cards", "Bricks", "Cards"]),
            ({"is_active": "true"}, ["Antique cards", "Cards"]),
            ({"is_active": "0"}, ["Bricks"]),
            ({"search": "CARDS"}, ["Antique cards", "Cards"]),
            ({"search": "%"}, []),
            ({"search": "_"}, []),
            ({"ordering": "-name"}, ["Cards", "Bricks", "Antique cards"]),
            ({"ordering": "created_at"}, ["Cards", "Bricks", "Antique cards"]),
            ({"ordering": "-created_at"}, ["Antique cards", "Bricks", "Cards"]),
        ],
    )
    def test_query_finds(
        self, shops: None, owner_client: APIClient, query: dict[str, str], expected: list[str]
    ) -> None:
        assert names(owner_client, **query) == expected

    @pytest.mark.parametrize(
        "query",
        [{"is_active": "maybe"}, {"owner": "1"}, {"colour": "red"}, {"ordering": "owner"},
         {"page": "x"}, {"search": "x" * 201}],
    )  # fmt: skip
    def test_query_not_understood_is_400(
        self, owner_client: APIClient, query: dict[str, str]
    ) -> None:
        assert refusal(owner_client.get(VENDORS, query))[0] == 400

    @pytest.mark.parametrize("rows", [1, 50])
    def test_list_costs_the_same_queries_for_any_number_of_rows(
        self, sign_in: Any, django_assert_num_queries: Any, rows: int
    ) -> None:
        owner = UserFactory()
        VendorFactory.create_batch(rows, owner=owner)
        client = sign_in(owner)
        with django_assert_num_queries(3):  # user, count, page
            body = client.get(VENDORS, {"page_size": 100}).json()
        assert len(body["results"]) == rows
        with django_assert_num_queries(2):  # user, vendor
            assert client.get(f"{VENDORS}{body['results'][0]['id']}/").json() == body["results"][0]


class TestMe:
    def test_is_the_active_vendor(
        self, owner_client: APIClient, owner: User, vendor: Vendor
    ) -> None:
        second = VendorFactory(owner=owner)
        assert owner_client.get(f"{VENDORS}me/").json() == owner_client.get(url(vendor)).json()
        owner.active_vendor = second
        owner.save()
        assert owner_client.get(f"{VENDORS}me/").json()["id"] == second.pk

    def test_is_another_one_when_the_active_one_is_deleted_or_foreign(
        self, owner_client: APIClient, owner: User, vendor: Vendor, stranger: User
    ) -> None:
        second = VendorFactory(owner=owner)
        owner_client.delete(url(vendor))
        for active in (vendor, stranger.vendors.get()):
            owner.active_vendor = active
            owner.save()
            assert owner_client.get(f"{VENDORS}me/").json()["id"] == second.pk

    def test_without_any_is_404(self, owner_client: APIClient, vendor: Vendor) -> None:
        owner_client.delete(url(vendor))
        assert refusal(owner_client.get(f"{VENDORS}me/")) == (404, "not_found", [])

    def test_takes_no_other_method(self, owner_client: APIClient) -> None:
        for method in ("post", "put", "patch", "delete"):
            assert getattr(owner_client, method)(f"{VENDORS}me/").status_code == 405


class TestUpdate:
    def test_slug_is_stable_under_rename(
        self, owner_client: APIClient, owner: User, vendor: Vendor
    ) -> None:
        before = owner_client.get(url(vendor)).json()
        after = owner_client.patch(url(vendor), {"name": "Another name"}).json()
        assert after.pop("updated_at") > before.pop("updated_at")
        assert after == {**before, "name": "Another name"}
        vendor.refresh_from_db()
        assert (vendor.version, vendor.updated_by) == (2, owner)

    def test_what_was_read_can_be_written_back(
        self, owner_client: APIClient, vendor: Vendor
    ) -> None:
        before = owner_client.get(url(vendor)).json()
        assert owner_client.put(url(vendor), before).json() == before

    def test_bad_input_changes_nothing(self, owner_client: APIClient, vendor: Vendor) -> None:
        answer = owner_client.patch(url(vendor), {"name": "New", "currency": "XXX"})
        assert refusal(answer) == (400, "validation_error", [("currency", "currency")])
        assert Vendor.objects.get(pk=vendor.pk).name == vendor.name

    def test_currency_changes_for_new_items_only(
        self, owner_client: APIClient, vendor: Vendor
    ) -> None:
        item = CollectibleFactory(vendor=vendor)
        owner_client.patch(url(vendor), {"currency": "EUR"})
        assert owner_client.get(f"{ITEMS}{item.pk}/").json()["currency"] == "USD"
        assert owner_client.post(ITEMS, {"name": "Thaler"}).json()["currency"] == "EUR"


class TestDelete:
    def test_hides_all_that_belongs_to_it_and_restoring_brings_it_back(
        self, owner_client: APIClient, vendor: Vendor
    ) -> None:
        category = CategoryFactory(vendor=vendor, parent=CategoryFactory(vendor=vendor))
        item = CollectibleFactory(vendor=vendor, category=category)
        gone = CollectibleFactory(vendor=vendor)
        gone.delete()
        before = owner_client.get(ITEMS).json()
        assert owner_client.delete(url(vendor)).status_code == 204
        assert refusal(owner_client.get(url(vendor))) == (404, "not_found", [])
        for address in (VENDORS, ITEMS, "/api/v1/catalog/categories/"):
            assert owner_client.get(address).json()["count"] == 0
        assert owner_client.get(ITEMS, {"is_deleted": "true"}).json()["count"] == 0
        assert owner_client.get(f"{ITEMS}{item.pk}/").status_code == 404
        assert owner_client.post(f"{ITEMS}{item.pk}/restore/").status_code == 404
        for model in (VendorStore, Category, Collectible):
            assert not model.objects.exists()
            assert model.all_objects.exists()

        Vendor.all_objects.get(pk=vendor.pk).restore()
        after = owner_client.get(ITEMS).json()
        assert [row["id"] for row in after["results"]] == [row["id"] for row in before["results"]]
        assert (Category.objects.count(), VendorStore.objects.count()) == (2, 1)
        assert list(Collectible.all_objects.filter(is_deleted=True)) == [gone]

    def test_deleting_again_is_404(self, owner_client: APIClient, vendor: Vendor) -> None:
        owner_client.delete(url(vendor))
        assert refusal(owner_client.delete(url(vendor))) == (404, "not_found", [])

    def test_tells_who_did_it(self, owner_client: APIClient, owner: User, vendor: Vendor) -> None:
        owner_client.delete(url(vendor))
        row = Vendor.all_objects.get(pk=vendor.pk)
        assert row.is_deleted
        assert row.deleted_at is not None
        assert row.updated_by == owner

    def test_leaves_others_alone_and_frees_the_slug(
        self, owner_client: APIClient, owner: User
    ) -> None:
        first = owner_client.post(VENDORS, {"name": "Shop"}).json()
        other = CollectibleFactory(vendor=VendorFactory(owner=owner))
        owner_client.delete(f"{VENDORS}{first['id']}/")
        assert owner_client.get(f"{ITEMS}{other.pk}/").status_code == 200
        assert owner_client.post(VENDORS, {"name": "Shop"}).json()["slug"] == "shop"


class TestPeople:
    @pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
    def test_stranger_gets_404_and_nobody_401(
        self,
        stranger_client: APIClient,
        anonymous_client: APIClient,
        vendor: Vendor,
        method: str,
    ) -> None:
        body = {"name": "Mine"} if method in {"put", "patch"} else None
        answer = getattr(stranger_client, method)(url(vendor), body)
        assert refusal(answer) == (404, "not_found", [])
        answer = getattr(anonymous_client, method)(url(vendor), body)
        assert refusal(answer) == (401, "not_authenticated", [])
        row = Vendor.objects.get(pk=vendor.pk)
        assert (row.name, row.version) == (vendor.name, 1)

    @pytest.mark.parametrize("address", [VENDORS, f"{VENDORS}me/"])
    def test_nobody_gets_401_on_lists(self, anonymous_client: APIClient, address: str) -> None:
        assert refusal(anonymous_client.get(address)) == (401, "not_authenticated", [])
        assert refusal(anonymous_client.post(address, {}))[0] == 401

    def test_stranger_sees_only_their_own(
        self, stranger_client: APIClient, stranger: User, vendor: Vendor
    ) -> None:
        assert names(stranger_client) == [stranger.vendors.get().name]
        assert names(stranger_client, search=vendor.name) == []
