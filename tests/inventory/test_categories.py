"""Categories over HTTP: a tree per vendor, in which no two of the living have one name."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from inventory.models import Category
from tests.factories import CategoryFactory, CollectibleFactory, VendorFactory
from users.models import User
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
CATEGORIES = "/api/v1/catalog/categories/"
ITEMS = "/api/v1/catalog/items/"


def url(category: Category) -> str:
    return f"{CATEGORIES}{category.pk}/"


def refusal(answer: Any) -> tuple[int, str, list[tuple[str, str]]]:
    assert answer["Content-Type"] == "application/problem+json", answer.content
    body = answer.json()
    return answer.status_code, body["code"], [(e["field"], e["code"]) for e in body["errors"]]


def invalid(field: str, code: str) -> tuple[int, str, list[tuple[str, str]]]:
    return 400, "validation_error", [(field, code)]


def names(client: APIClient, **query: Any) -> list[str]:
    answer = client.get(CATEGORIES, query)
    assert answer.status_code == 200, answer.content
    return [row["name"] for row in answer.json()["results"]]


def chain(vendor: Vendor, length: int, root: Category | None = None) -> list[Category]:
    """Categories one inside the other, outermost first."""
    row: list[Category] = []
    for _level in range(length):
        row.append(CategoryFactory(vendor=vendor, parent=row[-1] if row else root))
    return row


class TestCreate:
    def test_needs_only_a_name(self, owner_client: APIClient, owner: User, vendor: Vendor) -> None:
        answer = owner_client.post(CATEGORIES, {"name": "Star Wars"})
        assert answer.status_code == 201
        body, row = answer.json(), Category.objects.get()
        assert body.pop("created_at").endswith("Z")
        assert body.pop("updated_at").endswith("Z")
        assert body == {
            "id": row.pk,
            "vendor": vendor.pk,
            "name": "Star Wars",
            "slug": "star-wars",
            "parent": None,
            "item_count": 0,
        }
        assert (row.created_by, row.updated_by, row.version) == (owner, owner, 1)

    def test_takes_a_parent_and_a_vendor(self, owner_client: APIClient, owner: User) -> None:
        second = VendorFactory(owner=owner)
        stem = CategoryFactory(vendor=second)
        body = {"name": "Minifigures", "vendor": second.pk, "parent": stem.pk}
        made = owner_client.post(CATEGORIES, body).json()
        assert (made["vendor"], made["parent"]) == (second.pk, stem.pk)

    def test_slug_of_another_name_gets_a_number(self, owner_client: APIClient) -> None:
        slugs = [
            owner_client.post(CATEGORIES, {"name": name}).json()["slug"]
            for name in ("A & B", "A B", "A-B", "日本")
        ]
        assert slugs == ["a-b", "a-b-2", "a-b-3", "category"]

    @pytest.mark.parametrize("name", ["Star Wars", "STAR wars", "  star wars  "])
    def test_taken_name_is_409_without_regard_to_case(
        self, owner_client: APIClient, vendor: Vendor, name: str
    ) -> None:
        CategoryFactory(vendor=vendor, name="Star Wars")
        answer = owner_client.post(CATEGORIES, {"name": name})
        assert refusal(answer) == (409, "category_taken", [("name", "category_taken")])
        assert Category.objects.count() == 1

    def test_name_is_taken_in_its_vendor_only(self, owner_client: APIClient, owner: User) -> None:
        CategoryFactory(name="Star Wars")
        CategoryFactory(name="Star Wars", vendor=VendorFactory(owner=owner))
        assert owner_client.post(CATEGORIES, {"name": "Star Wars"}).status_code == 201

    def test_name_of_a_deleted_category_is_free(self, owner_client: APIClient) -> None:
        first = owner_client.post(CATEGORIES, {"name": "Star Wars"}).json()
        assert owner_client.delete(f"{CATEGORIES}{first['id']}/").status_code == 204
        second = owner_client.post(CATEGORIES, {"name": "Star Wars"}).json()
        assert second["id"] != first["id"]
        assert second["slug"] == "star-wars"

    @pytest.mark.parametrize(
        ("change", "field", "code"),
        [
            ({"name": ""}, "name", "blank"),
            ({"name": None}, "name", "null"),
            ({"name": "x" * 121}, "name", "max_length"),
            ({"name": "\x00"}, "", "parse_error"),
            ({"parent": "x"}, "parent", "incorrect_type"),
            ({"parent": 10**30}, "parent", "does_not_exist"),
            ({"vendor": 10**30}, "vendor", "does_not_exist"),
            ({"vendor": None}, "vendor", "null"),
            ({"colour": "red"}, "colour", "unknown_field"),
            ({"vendor_id": 1}, "vendor_id", "unknown_field"),
            ({"is_deleted": True}, "is_deleted", "unknown_field"),
            ({"created_by": 1}, "created_by", "unknown_field"),
            ({"version": 7}, "version", "unknown_field"),
        ],
    )
    def test_bad_input_is_named_and_makes_nothing(
        self, owner_client: APIClient, change: dict[str, Any], field: str, code: str
    ) -> None:
        answer = owner_client.post(CATEGORIES, {"name": "Star Wars", **change})
        expected = invalid(field, code) if field else (400, code, [])
        assert refusal(answer) == expected
        assert not Category.all_objects.exists()

    def test_what_the_server_sets_cannot_be_set(self, owner_client: APIClient) -> None:
        forged = {"id": 99, "slug": "mine", "item_count": 5, "created_at": "2001-01-01T00:00:00Z"}
        body = owner_client.post(CATEGORIES, {"name": "LEGO", **forged}).json()
        assert body["id"] != 99
        assert (body["slug"], body["item_count"]) == ("lego", 0)
        assert not body["created_at"].startswith("2001")


class TestRead:
    def test_list_tells_how_many_living_items_there_are(
        self, owner_client: APIClient, vendor: Vendor
    ) -> None:
        lego, wars = chain(vendor, 2)
        CollectibleFactory.create_batch(2, vendor=vendor, category=wars)
        CollectibleFactory(vendor=vendor, category=wars).delete()
        body = owner_client.get(CATEGORIES).json()
        assert {row["name"]: row["item_count"] for row in body["results"]} == {
            lego.name: 0, wars.name: 2,
        }  # fmt: skip
        assert owner_client.get(url(wars)).json() == next(
            row for row in body["results"] if row["id"] == wars.pk
        )

    @pytest.mark.parametrize("rows", [1, 60])
    def test_list_costs_the_same_queries_for_any_number_of_rows(
        self, owner_client: APIClient, vendor: Vendor, django_assert_num_queries: Any, rows: int
    ) -> None:
        for category in CategoryFactory.create_batch(rows, vendor=vendor):
            CollectibleFactory(vendor=vendor, category=category)
        with django_assert_num_queries(3):  # user and version, count, page
            body = owner_client.get(CATEGORIES, {"page_size": 100}).json()
        assert [row["item_count"] for row in body["results"]] == [1] * rows
        with django_assert_num_queries(2):  # user and shops, category
            owner_client.get(f"{CATEGORIES}{body['results'][0]['id']}/")

    def test_filters_find_branches_roots_and_vendors(
        self, owner_client: APIClient, owner: User, vendor: Vendor
    ) -> None:
        lego = CategoryFactory(vendor=vendor, name="LEGO")
        CategoryFactory(vendor=vendor, name="Star Wars", parent=lego)
        second = CategoryFactory(vendor=VendorFactory(owner=owner), name="Coins")
        CategoryFactory(name="Foreign")
        assert names(owner_client) == ["Coins", "LEGO", "Star Wars"]
        assert names(owner_client, is_root="true") == ["Coins", "LEGO"]
        assert names(owner_client, is_root="false") == ["Star Wars"]
        assert names(owner_client, parent=lego.pk) == ["Star Wars"]
        assert names(owner_client, vendor=second.vendor_id) == ["Coins"]
        assert names(owner_client, search="star") == ["Star Wars"]

    def test_order_is_as_asked(self, owner_client: APIClient, vendor: Vendor) -> None:
        few, many = (CategoryFactory(vendor=vendor, name=name) for name in ("Few", "Many"))
        CollectibleFactory(vendor=vendor, category=many)
        assert names(owner_client, ordering="item_count") == [few.name, many.name]
        assert names(owner_client, ordering="-created_at") == [many.name, few.name]

    @pytest.mark.parametrize("name", ["vendor", "parent"])
    def test_foreign_and_missing_filter_values_answer_alike(
        self, owner_client: APIClient, vendor: Vendor, name: str
    ) -> None:
        CategoryFactory(vendor=vendor)
        foreign = CategoryFactory(parent=CategoryFactory())
        value = {"vendor": foreign.vendor_id, "parent": foreign.parent_id}[name]
        theirs = owner_client.get(CATEGORIES, {name: value}).json()
        assert theirs == owner_client.get(CATEGORIES, {name: 10**9}).json()
        assert theirs["count"] == 0

    @pytest.mark.parametrize(
        "query",
        [{"is_root": "maybe"}, {"parent": "x"}, {"vendor": "1.5"}, {"colour": "red"},
         {"ordering": "slug"}, {"page": "0"}],
    )  # fmt: skip
    def test_query_not_understood_is_400(
        self, owner_client: APIClient, query: dict[str, str]
    ) -> None:
        assert refusal(owner_client.get(CATEGORIES, query))[0] == 400


class TestUpdate:
    def test_rename_keeps_slug_and_count(
        self, owner_client: APIClient, owner: User, vendor: Vendor
    ) -> None:
        row = CategoryFactory(vendor=vendor, name="Star Wars", slug="star-wars")
        CollectibleFactory.create_batch(3, vendor=vendor, category=row)
        before = owner_client.get(url(row)).json()
        after = owner_client.patch(url(row), {"name": "Star Trek"}).json()
        assert after.pop("updated_at") > before.pop("updated_at")
        assert after == {**before, "name": "Star Trek"}
        row.refresh_from_db()
        assert (row.version, row.updated_by) == (2, owner)

    def test_rename_shows_in_the_items_list_in_turn(
        self, owner_client: APIClient, vendor: Vendor
    ) -> None:
        row = CategoryFactory(vendor=vendor, name="Star Wars")
        CollectibleFactory(vendor=vendor, category=row)
        for name in ("Star Wars", "Star Trek"):
            owner_client.patch(url(row), {"name": name})
            [item] = owner_client.get(ITEMS).json()["results"]
            assert item["category"] == name

    def test_what_was_read_can_be_written_back(
        self, owner_client: APIClient, vendor: Vendor
    ) -> None:
        row = chain(vendor, 2)[1]
        CollectibleFactory(vendor=vendor, category=row)
        before = owner_client.get(url(row)).json()
        assert owner_client.put(url(row), before).json() == before

    def test_own_name_in_another_case_is_free(
        self, owner_client: APIClient, vendor: Vendor
    ) -> None:
        row = CategoryFactory(vendor=vendor, name="Star Wars")
        assert owner_client.patch(url(row), {"name": "STAR WARS"}).json()["name"] == "STAR WARS"

    def test_taken_name_is_409_and_changes_nothing(
        self, owner_client: APIClient, vendor: Vendor
    ) -> None:
        CategoryFactory(vendor=vendor, name="Star Wars")
        row = CategoryFactory(vendor=vendor, name="Star Trek")
        answer = owner_client.patch(url(row), {"name": "star wars"})
        assert refusal(answer) == (409, "category_taken", [("name", "category_taken")])
        row.refresh_from_db()
        assert (row.name, row.version) == ("Star Trek", 1)

    def test_category_stays_with_its_vendor(
        self, owner_client: APIClient, owner: User, vendor: Vendor
    ) -> None:
        row = CategoryFactory(vendor=vendor)
        answer = owner_client.patch(url(row), {"vendor": VendorFactory(owner=owner).pk})
        assert refusal(answer) == invalid("vendor", "immutable")


class TestTree:
    def test_category_cannot_be_inside_itself(
        self, owner_client: APIClient, vendor: Vendor
    ) -> None:
        stem, branch, leaf = chain(vendor, 3)
        for parent in (stem, branch, leaf):
            answer = owner_client.patch(url(stem), {"parent": parent.pk})
            assert refusal(answer) == invalid("parent", "circle")
        stem.refresh_from_db()
        assert (stem.parent, stem.version) == (None, 1)

    def test_tenth_level_is_the_deepest(self, owner_client: APIClient, vendor: Vendor) -> None:
        deep = chain(vendor, 9)
        tenth = owner_client.post(CATEGORIES, {"name": "Tenth", "parent": deep[-1].pk})
        assert tenth.status_code == 201
        body = {"name": "Eleventh", "parent": tenth.json()["id"]}
        assert refusal(owner_client.post(CATEGORIES, body)) == invalid("parent", "too_deep")
        loose = CategoryFactory(vendor=vendor)
        answer = owner_client.patch(url(loose), {"parent": tenth.json()["id"]})
        assert refusal(answer) == invalid("parent", "too_deep")

    def test_branch_is_moved_with_all_its_levels(
        self, owner_client: APIClient, vendor: Vendor
    ) -> None:
        deep, branch = chain(vendor, 8), chain(vendor, 3)
        answer = owner_client.patch(url(branch[0]), {"parent": deep[7].pk})
        assert refusal(answer) == invalid("parent", "too_deep")
        answer = owner_client.patch(url(branch[0]), {"parent": deep[6].pk})
        assert (answer.status_code, answer.json()["parent"]) == (200, deep[6].pk)

    def test_foreign_parent_and_missing_parent_answer_alike(
        self, owner_client: APIClient, vendor: Vendor
    ) -> None:
        foreign, row = CategoryFactory(), CategoryFactory(vendor=vendor)
        for parent in (foreign.pk, foreign.pk + 1000):
            expected = invalid("parent", "does_not_exist")
            answer = owner_client.post(CATEGORIES, {"name": "New", "parent": parent})
            assert refusal(answer) == expected
            assert str(parent) in answer.json()["detail"]
            assert refusal(owner_client.patch(url(row), {"parent": parent})) == expected

    def test_parent_of_my_other_vendor_does_not_fit(
        self, owner_client: APIClient, owner: User, vendor: Vendor
    ) -> None:
        parent = CategoryFactory(vendor=VendorFactory(owner=owner))
        body = {"name": "New", "vendor": vendor.pk, "parent": parent.pk}
        assert refusal(owner_client.post(CATEGORIES, body)) == invalid("parent", "unknown")

    def test_branch_becomes_a_root(self, owner_client: APIClient, vendor: Vendor) -> None:
        branch = chain(vendor, 2)[1]
        assert owner_client.patch(url(branch), {"parent": None}).json()["parent"] is None


class TestDelete:
    def test_items_and_branches_move_up(
        self, owner_client: APIClient, owner: User, vendor: Vendor
    ) -> None:
        stem, gone, branch = chain(vendor, 3)
        item = CollectibleFactory(vendor=vendor, category=gone)
        assert owner_client.delete(url(gone)).status_code == 204
        assert owner_client.get(url(gone)).status_code == 404
        assert owner_client.get(f"{ITEMS}{item.pk}/").json()["category"] == stem.name
        assert owner_client.get(url(branch)).json()["parent"] == stem.pk
        item.refresh_from_db()
        assert (item.updated_by, item.version) == (owner, 2)
        assert Category.all_objects.get(pk=gone.pk).updated_by == owner

    def test_of_a_root_leaves_items_without_category(
        self, owner_client: APIClient, vendor: Vendor
    ) -> None:
        root, branch = chain(vendor, 2)
        item = CollectibleFactory(vendor=vendor, category=root)
        owner_client.delete(url(root))
        assert owner_client.get(f"{ITEMS}{item.pk}/").json()["category_id"] is None
        assert owner_client.get(url(branch)).json()["parent"] is None

    def test_item_restored_later_does_not_point_to_what_is_gone(
        self, owner_client: APIClient, vendor: Vendor
    ) -> None:
        row = CategoryFactory(vendor=vendor)
        item = CollectibleFactory(vendor=vendor, category=row)
        owner_client.delete(f"{ITEMS}{item.pk}/")
        owner_client.delete(url(row))
        assert owner_client.post(f"{ITEMS}{item.pk}/restore/").json()["category"] is None


class TestPeople:
    @pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
    def test_stranger_gets_404_and_nobody_401(
        self,
        stranger_client: APIClient,
        anonymous_client: APIClient,
        vendor: Vendor,
        method: str,
    ) -> None:
        row = CategoryFactory(vendor=vendor, name="Star Wars")
        body = {"name": "Mine"} if method in {"put", "patch"} else None
        answer = getattr(stranger_client, method)(url(row), body)
        assert refusal(answer) == (404, "not_found", [])
        answer = getattr(anonymous_client, method)(url(row), body)
        assert refusal(answer) == (401, "not_authenticated", [])
        row.refresh_from_db()
        assert (row.name, row.is_deleted, row.version) == ("Star Wars", False, 1)

    def test_stranger_sees_and_makes_only_their_own(
        self, stranger_client: APIClient, stranger: User, vendor: Vendor
    ) -> None:
        CategoryFactory(vendor=vendor, name="Star Wars")
        answer = stranger_client.post(CATEGORIES, {"name": "Mine", "vendor": vendor.pk})
        assert refusal(answer) == invalid("vendor", "does_not_exist")
        made = stranger_client.post(CATEGORIES, {"name": "star wars"}).json()
        assert made["vendor"] == stranger.vendors.get().pk
        assert names(stranger_client) == ["star wars"]


class TestWrittenWithItems:
    @pytest.mark.parametrize(
        ("first", "second"),
        [("İstanbul 1", "istanbul 1"), ("\N{KELVIN SIGN} 2", "k 2"), ("ẞ", "ß"), ("I", "ı"),
         ("ΤΌΜΟΣ", "τόμος"), ("É", "é")],
    )  # fmt: skip
    def test_second_spelling_is_the_same_category_or_another_but_never_an_error(
        self, owner_client: APIClient, first: str, second: str
    ) -> None:
        for name in (first, second, first):
            answer = owner_client.post(ITEMS, {"name": "Item", "category": name})
            assert answer.status_code == 201, answer.content
            assert answer.json()["category"] in {first, second}
        if Category.objects.count() == 2:
            assert answer.json()["category"] == first
