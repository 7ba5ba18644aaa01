"""The list cache: never stale, never somebody else's, and nobody misses it when it is gone."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.db.models import QuerySet
from django.urls import path
from pytest_django import Settings
from rest_framework.serializers import IntegerField, Serializer
from rest_framework.test import APIClient
from rest_framework.viewsets import GenericViewSet

from core.caching import CachedListMixin
from inventory.models import Category, Collectible, CollectibleImage
from inventory.services import CategoryService, CollectibleService, ImportService
from scripts.services import Valkey
from tests.core.conftest import frozen
from tests.factories import PASSWORD, CategoryFactory, CollectibleFactory, VendorFactory
from users.models import User
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
ITEMS = "/api/v1/catalog/items/"
CATEGORIES = "/api/v1/catalog/categories/"
BOTH = [ITEMS, CATEGORIES]


class IdSerializer(Serializer):
    id = IntegerField()


class MeViewSet(CachedListMixin, GenericViewSet):
    """A list that differs by reader and never changes."""

    serializer_class = IdSerializer
    filter_backends = []

    def get_queryset(self) -> QuerySet:
        return User.objects.filter(pk=self.request.user.pk).order_by("pk")

    def get_data_version(self) -> str:
        return "1"


urlpatterns = [path("me/", MeViewSet.as_view({"get": "list"}))]


class Shop:
    """An owner's shop with one item in one category, as the writes below find it."""

    def __init__(self, owner: User, client: APIClient) -> None:
        self.owner, self.client, self.vendor = owner, client, owner.vendors.get()
        self.category = CategoryFactory(vendor=self.vendor, name="LEGO")
        # Without stock, so that it can really be deleted.
        self.item = CollectibleFactory(
            vendor=self.vendor, category=self.category, sku="A", quantity=0
        )

    @property
    def url(self) -> str:
        return f"{ITEMS}{self.item.pk}/"

    def lists(self) -> list[Any]:
        deleted = {"is_deleted": "true"}
        answers = [*map(self.client.get, BOTH), self.client.get(ITEMS, deleted)]
        assert [answer.status_code for answer in answers] == [200, 200, 200]
        return [answer.json() for answer in answers]

    def post(self, action: str, **body: Any) -> None:
        many = {} if action == f"{self.item.pk}/restore/" else {"ids": [self.item.pk]}
        answer = self.client.post(f"{ITEMS}{action}", many | body)
        assert answer.status_code in {200, 201}, answer.content

    def run(self, sql: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql.format(item=self.item.pk, category=self.category.pk))
            assert cursor.rowcount == 1

    def take_file(self) -> None:
        file = SimpleUploadedFile("t.csv", b"name,sku,category\nNew,A,LEGO\nOther,B,Cards\n")
        job = ImportService.request(file=file, vendor=self.vendor, by=self.owner)
        ImportService.run(job_id=job.pk)

    def add_picture(self) -> None:
        row = CollectibleImage(collectible=self.item, file="b.jpg", width=1, height=1, size=1)
        CollectibleImage.objects.bulk_create([row])

    def add_row(self) -> None:
        Collectible.objects.bulk_create([CollectibleFactory.build(vendor=self.vendor)])

    def change_in_bulk(self) -> None:
        self.item.name = "New"
        Collectible.objects.bulk_update([self.item], ["name"])


@pytest.fixture
def shop(owner: User, owner_client: APIClient) -> Shop:
    return Shop(owner, owner_client)


WRITES: dict[str, Callable[[Shop], Any]] = {
    "API create": lambda s: s.client.post(ITEMS, {"name": "New"}),
    "API patch": lambda s: s.client.patch(s.url, {"name": "New"}),
    "API put": lambda s: s.client.put(s.url, {"name": "New"}),
    "API delete": lambda s: s.client.delete(s.url),
    "API bulk update": lambda s: s.post("bulk_update/", updates={"name": "New"}),
    "API bulk delete": lambda s: s.post("bulk_delete/"),
    "API category create": lambda s: s.client.post(CATEGORIES, {"name": "New"}),
    "API category rename": lambda s: s.client.patch(
        f"{CATEGORIES}{s.category.pk}/", {"name": "New"}
    ),
    "API category delete": lambda s: s.client.delete(f"{CATEGORIES}{s.category.pk}/"),
    "API vendor delete": lambda s: s.client.delete(f"/api/v1/vendors/{s.vendor.pk}/"),
    "import": Shop.take_file,
    "service create": lambda s: CollectibleService.create(name="New", vendor=s.vendor),
    "service of categories": lambda s: CategoryService.create(name="New", vendor=s.vendor),
    "ORM save": lambda s: Collectible(name="New", vendor=s.vendor).save(),
    "ORM update": lambda _: Collectible.objects.update(name="New"),
    "ORM update of the deleted too": lambda _: Collectible.all_objects.update(value=9),
    "ORM bulk_create": Shop.add_row,
    "ORM bulk_update": Shop.change_in_bulk,
    "ORM delete": lambda s: s.item.delete(),
    "ORM hard_delete": lambda s: s.item.hard_delete(),
    "ORM category rename": lambda _: Category.objects.update(name="New"),
    "ORM vendor delete": lambda s: s.vendor.delete(),
    "picture": Shop.add_picture,
    "raw UPDATE": lambda s: s.run("UPDATE inventory_collectible SET value = 7 WHERE id = {item}"),
    "raw UPDATE of a category": lambda s: s.run(
        "UPDATE inventory_category SET name = 'New' WHERE id = {category}"
    ),
    "raw DELETE": lambda s: s.run("DELETE FROM inventory_collectible WHERE id = {item}"),
}


class TestNeverStale:
    @pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
    def test_after(self, shop: Shop, write: Callable[[Shop], Any]) -> None:
        before = shop.lists()
        write(shop)
        after = shop.lists()
        cache.delete_pattern("*")
        assert after == shop.lists()
        assert after != before

    @pytest.mark.parametrize("action", ["restore/", "bulk_restore/"])
    def test_after_restore(self, shop: Shop, action: str) -> None:
        before = shop.lists()
        shop.item.delete()
        assert shop.lists()[0]["count"] == 0
        shop.post(f"{shop.item.pk}/{action}" if action == "restore/" else action)
        assert [page["count"] for page in shop.lists()] == [page["count"] for page in before]

    def test_after_a_picture_went(self, shop: Shop) -> None:
        shop.add_picture()
        assert len(shop.lists()[0]["results"][0]["images"]) == 1
        CollectibleImage.objects.all().delete()
        assert shop.lists()[0]["results"][0]["images"] == []

    def test_new_vendor_and_what_is_in_it_are_seen_at_once(self, shop: Shop) -> None:
        shop.lists()
        CollectibleFactory(vendor=VendorFactory(owner=shop.owner))
        assert shop.lists()[0]["count"] == 2

    def test_shop_that_changes_hands_takes_its_items_along(
        self, shop: Shop, stranger: User, stranger_client: APIClient
    ) -> None:
        assert (shop.lists()[0]["count"], stranger_client.get(ITEMS).json()["count"]) == (1, 0)
        Vendor.objects.filter(pk=shop.vendor.pk).update(owner=stranger)
        assert (shop.lists()[0]["count"], stranger_client.get(ITEMS).json()["count"]) == (0, 1)

    def test_write_that_is_rolled_back_leaves_nothing_behind(self, shop: Shop) -> None:
        before = shop.lists()
        with transaction.atomic():
            Collectible.objects.update(name="Never")
            assert shop.lists()[0]["results"][0]["name"] == "Never"
            transaction.set_rollback(True)
        assert shop.lists() == before


class TestNeverAnothers:
    @pytest.mark.parametrize("way", ["token", "forced"])
    def test_two_people_at_one_address(
        self, owner: User, stranger: User, sign_in: Callable[[User], APIClient], way: str
    ) -> None:
        for user in (owner, stranger):
            CollectibleFactory(vendor=user.vendors.get(), name=f"Of {user.username}")
        for user in (owner, stranger, owner, stranger):
            client = sign_in(user) if way == "token" else APIClient()
            if way == "forced":
                client.force_authenticate(user)
            for language in ("en", "de", "en"):
                page = client.get(ITEMS, HTTP_ACCEPT_LANGUAGE=language).json()
                assert [item["name"] for item in page["results"]] == [f"Of {user.username}"]

    def test_two_people_whose_data_have_the_same_version(
        self, owner: User, stranger: User, settings: Settings
    ) -> None:
        settings.ROOT_URLCONF = __name__
        for user in (owner, stranger, owner):
            client = APIClient()
            client.force_authenticate(user)
            assert client.get("/me/").json()["results"] == [{"id": user.pk}]

    def test_nobody_gets_what_somebody_read_before(
        self, shop: Shop, anonymous_client: APIClient
    ) -> None:
        shop.lists()
        for address in BOTH:
            assert anonymous_client.get(address).status_code == 401

    def test_account_that_is_paused_gets_nothing_more(self, shop: Shop) -> None:
        shop.lists()
        User.objects.filter(pk=shop.owner.pk).update(is_active=False)
        assert shop.client.get(ITEMS).status_code == 401

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ({}, {"page_size": "1"}),
            ({"search": "a"}, {"search": "b"}),
            ({"ordering": "name"}, {"ordering": "-name"}),
            ({"min_value": "1"}, {"max_value": "1"}),
            ({"search": "a", "ordering": "name"}, {"search": "aordering", "_": "name"}),
        ],
    )
    def test_other_question_has_another_answer(
        self, shop: Shop, one: dict[str, str], other: dict[str, str]
    ) -> None:
        CollectibleFactory(vendor=shop.vendor, name="b", value=5)
        cached = [shop.client.get(ITEMS, query).json() for query in (one, other)]
        cache.delete_pattern("*")
        assert cached == [shop.client.get(ITEMS, query).json() for query in (one, other)]
        assert cached[0] != cached[1]


class TestKept:
    @pytest.mark.parametrize("address", BOTH)
    def test_second_request_costs_one_query(
        self, shop: Shop, address: str, django_assert_num_queries: Any
    ) -> None:
        first = shop.client.get(address).json()
        with django_assert_num_queries(1):  # the user, with the version
            assert shop.client.get(address).json() == first

    def test_empty_list_is_kept_too(
        self, owner_client: APIClient, django_assert_num_queries: Any
    ) -> None:
        assert owner_client.get(ITEMS).json()["count"] == 0
        with django_assert_num_queries(1):
            assert owner_client.get(ITEMS).json()["results"] == []

    def test_order_of_parameters_does_not_matter(
        self, shop: Shop, django_assert_num_queries: Any
    ) -> None:
        shop.client.get(f"{ITEMS}?page_size=5&search=a")
        with django_assert_num_queries(1):
            shop.client.get(f"{ITEMS}?search=a&page_size=5")

    @pytest.mark.parametrize(("page", "kept"), [(1, 1), (2, 1), (99, 1), (100, 0)])
    def test_pages_that_are_only_passed_are_not_kept(
        self, shop: Shop, page: int, kept: int
    ) -> None:
        CollectibleFactory.create_batch(99, vendor=shop.vendor)
        address = f"{ITEMS}?page={page}&page_size=1"
        answer = shop.client.get(address)
        assert len(answer.json()["results"]) == 1
        assert len(cache.keys("list:*")) == kept
        assert shop.client.get(address, HTTP_IF_NONE_MATCH=answer["ETag"]).status_code == 304
        assert shop.client.get(address).content == answer.content

    def test_walk_by_cursor_leaves_its_first_page_only(self, shop: Shop) -> None:
        CollectibleFactory.create_batch(4, vendor=shop.vendor)
        address = "/api/v2/catalog/items/?page_size=1"
        passed = 0
        while address:
            answer = shop.client.get(address)
            again = shop.client.get(address, HTTP_IF_NONE_MATCH=answer["ETag"])
            assert (answer.status_code, again.status_code) == (200, 304)
            address, passed = answer.json()["next"], passed + 1
        assert (passed, len(cache.keys("list:*"))) == (5, 1)

    @pytest.mark.parametrize("seconds", [300, 7])
    def test_it_is_kept_for_as_long_as_the_settings_say(
        self, shop: Shop, settings: Settings, seconds: int
    ) -> None:
        settings.LIST_CACHE_SECONDS = seconds
        shop.client.get(ITEMS)
        [key] = cache.keys("list:*")
        assert seconds - 2 <= cache.ttl(key) <= seconds

    def test_zero_seconds_switch_it_off(self, shop: Shop, settings: Settings) -> None:
        settings.LIST_CACHE_SECONDS = 0
        shop.lists()
        assert cache.keys("list:*") == []

    def test_browsers_and_proxies_are_told_that_it_is_personal(self, shop: Shop) -> None:
        for _ in range(2):
            for address in BOTH:
                answer = shop.client.get(address)
                assert answer["Cache-Control"] == "private, no-cache"
                assert "Authorization" in answer["Vary"]

    def test_refusals_are_not_kept(self, shop: Shop) -> None:
        assert shop.client.get(ITEMS, {"page": "9"}).status_code == 404
        assert shop.client.get(ITEMS, {"ordering": "x"}).status_code == 400
        assert cache.keys("list:*") == []

    def test_what_is_kept_is_json(self, shop: Shop) -> None:
        shop.client.get(ITEMS)
        [key] = cache.keys("list:*")
        raw = cache.client.get_client().get(cache.make_key(key))
        body, links = json.loads(raw)
        assert (json.loads(body)["count"], links) == (1, None)

    def test_reader_who_has_the_page_is_told_so_until_anything_changes(self, shop: Shop) -> None:
        for address in BOTH:
            tag = shop.client.get(address)["ETag"]
            known = {"HTTP_IF_NONE_MATCH": f'W/"x", {tag}'}
            answer = shop.client.get(address, **known)
            assert (answer.status_code, answer.content, answer["ETag"]) == (304, b"", tag)
            assert shop.client.get(address, {"page_size": 1}, **known).status_code == 200
            shop.client.patch(shop.url, {"name": f"Not {tag[1:9]}"})
            assert shop.client.get(address, **known).status_code == 200

    def test_who_knows_any_answer_is_told_what_is_wrong_with_the_question(self, shop: Shop) -> None:
        anything = {"HTTP_IF_NONE_MATCH": "*"}
        assert shop.client.get(ITEMS, {"min_value": "x"}, **anything).status_code == 400
        assert shop.client.get(ITEMS, **anything).status_code == 200

    def test_page_looks_the_same_from_the_cache(self, shop: Shop) -> None:
        made, kept = shop.client.get(ITEMS), shop.client.get(ITEMS)
        assert made.content == kept.content
        told = ("Content-Type", "ETag", "X-API-Version", "Content-Language", "Vary")
        assert [made[name] for name in told] == [kept[name] for name in told]

    def test_page_is_kept_as_it_was_asked_for(self, shop: Shop) -> None:
        plain = shop.client.get(ITEMS)
        spaced = shop.client.get(ITEMS, HTTP_ACCEPT="application/json; indent=2")
        assert b'\n  "count"' in spaced.content
        assert spaced.json() == plain.json()
        assert spaced["ETag"] != plain["ETag"]


class TestGone:
    def test_list_and_login_go_on_without_the_cache(
        self, shop: Shop, own_valkey: Valkey, settings: Settings
    ) -> None:
        settings.RATE_LIMIT_ENABLED = True
        before = shop.lists()
        assert cache.keys("list:*")
        own_valkey.process.stop()
        started = time.monotonic()
        assert shop.lists() == before
        shop.item.delete()
        assert shop.lists()[0]["count"] == 0
        login = {"username": shop.owner.username, "password": PASSWORD}
        assert APIClient().post("/api/v1/auth/token/", login).status_code == 200
        assert time.monotonic() - started < 3

    def test_hung_cache_costs_a_moment_and_no_answer(self, shop: Shop, own_valkey: Valkey) -> None:
        before = shop.lists()
        with frozen(own_valkey):
            started = time.monotonic()
            assert shop.lists() == before
            assert time.monotonic() - started < 6
