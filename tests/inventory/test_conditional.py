"""Items over HTTP: who read which version, and who was quicker."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from core.models import AuditLog
from inventory.models import Category, Collectible
from inventory.services import CategoryService, ImageService
from tests.core.test_pictures import picture
from tests.factories import CategoryFactory, CollectibleFactory
from tests.vendors.people import PEOPLE, client_of, refusal
from vendors.models import Vendor

ITEMS = "/api/v1/catalog/items/"
ROUNDS = 60


@pytest.fixture
def item(vendor: Vendor) -> Collectible:
    made: Collectible = CollectibleFactory(vendor=vendor, category=CategoryFactory(vendor=vendor))
    return made


def url(item: Collectible, tail: str = "") -> str:
    return f"{ITEMS}{item.pk}/{tail}"


@pytest.mark.django_db
class TestReading:
    def test_304_costs_the_reader_and_the_row(
        self, owner_client: APIClient, item: Collectible, django_assert_num_queries: Any
    ) -> None:
        tag = owner_client.get(url(item))["ETag"]
        with django_assert_num_queries(2):  # user, item
            assert owner_client.get(url(item), HTTP_IF_NONE_MATCH=tag).status_code == 304

    def test_tag_that_gzip_has_weakened_is_good(
        self, owner_client: APIClient, item: Collectible
    ) -> None:
        Collectible.objects.update(description="long " * 100)
        weak = owner_client.get(url(item), HTTP_ACCEPT_ENCODING="gzip")["ETag"]
        assert weak.startswith('W/"')
        assert owner_client.get(url(item), HTTP_IF_NONE_MATCH=weak).status_code == 304
        changed = owner_client.patch(url(item), {"value": "5"}, HTTP_IF_MATCH=weak)
        assert changed.status_code == 200

    def test_what_stands_beside_the_item_changes_the_tag_and_not_the_version(
        self, owner_client: APIClient, item: Collectible
    ) -> None:
        owner, category = item.vendor.owner, item.category
        upload = SimpleUploadedFile("a.jpg", picture())
        image = ImageService.add(collectible=item, upload=upload, by=owner)
        first = owner_client.get(url(item))["ETag"]
        ImageService.make_thumbnail(image_id=image.pk)
        second = owner_client.get(url(item))["ETag"]
        assert isinstance(category, Category)
        CategoryService.update(category=category, by=owner, name="Another name")
        third = owner_client.get(url(item))["ETag"]
        assert len({first, second, third}) == 3
        assert owner_client.patch(url(item), {"value": "5"}, HTTP_IF_MATCH=first).status_code == 200
        assert owner_client.get(url(item), HTTP_IF_NONE_MATCH=first).status_code == 200

    def test_change_is_answered_as_the_item_is_read(
        self, owner_client: APIClient, item: Collectible
    ) -> None:
        for colour in "red", "blue":
            upload = SimpleUploadedFile("a.png", picture("PNG", colour=colour))
            ImageService.add(collectible=item, upload=upload, by=item.vendor.owner)
        change = {"value": 5, "attributes": {"year": 2017.0, "of": []}, "quantity": 9}
        changed, read = owner_client.patch(url(item), change), owner_client.get(url(item))
        assert (changed.content, changed["ETag"]) == (read.content, read["ETag"])

    def test_language_of_the_reader_does_not_change_it(
        self, owner_client: APIClient, item: Collectible
    ) -> None:
        tags = {
            owner_client.get(url(item), HTTP_ACCEPT_LANGUAGE=language)["ETag"]
            for language in ("en", "de", "es")
        }
        assert len(tags) == 1


@pytest.mark.django_db
class TestWriting:
    @pytest.mark.parametrize("method", ["put", "patch", "delete"])
    def test_older_version_is_412_with_the_present_one(
        self, owner_client: APIClient, item: Collectible, method: str
    ) -> None:
        tag = owner_client.get(url(item))["ETag"]
        new = owner_client.patch(url(item), {"value": "5.00"})
        entries = AuditLog.objects.count()
        answer = getattr(owner_client, method)(url(item), {"name": "Mine"}, HTTP_IF_MATCH=tag)
        assert refusal(answer) == (412, "precondition_failed")
        assert (answer.json()["current"], answer["ETag"]) == (new.json(), new["ETag"])
        assert owner_client.get(url(item)).json() == new.json()
        assert AuditLog.objects.count() == entries
        again = getattr(owner_client, method)(
            url(item), {"name": "Mine"}, HTTP_IF_MATCH=new["ETag"]
        )
        assert again.status_code == (204 if method == "delete" else 200)

    def test_restoring_heeds_the_version(self, owner_client: APIClient, item: Collectible) -> None:
        tag = owner_client.get(url(item))["ETag"]
        owner_client.delete(url(item))
        stale = owner_client.post(url(item, "restore/"), HTTP_IF_MATCH=tag)
        assert refusal(stale) == (412, "precondition_failed")
        back = owner_client.post(url(item, "restore/"), HTTP_IF_MATCH=stale["ETag"])
        assert (back.status_code, back.json()["name"]) == (200, item.name)

    def test_refused_change_leaves_nothing_and_the_next_one_is_free(
        self, owner_client: APIClient, item: Collectible
    ) -> None:
        tag = owner_client.get(url(item))["ETag"]
        bad = owner_client.patch(url(item), {"value": "-1", "category": "New"}, HTTP_IF_MATCH=tag)
        assert refusal(bad) == (400, "validation_error")
        assert not Category.objects.filter(name="New").exists()
        assert owner_client.patch(url(item), {"value": "1"}, HTTP_IF_MATCH=tag).status_code == 200

    @pytest.mark.parametrize("role", PEOPLE)
    def test_the_version_is_told_to_nobody_who_may_not_write(
        self, sign_in: Any, item: Collectible, role: str
    ) -> None:
        client = client_of(sign_in, item.vendor, role)
        answer = client.patch(url(item), {"value": "5"}, HTTP_IF_MATCH='"0-0"')
        expected = {"stranger": 404, "viewer": 403, "sales": 403}.get(role, 412)
        assert answer.status_code == expected
        assert ("current" in answer.json()) == (expected == 412)
        assert ("ETag" in answer) == (expected == 412)

    def test_deleted_item_is_404_whatever_the_version(
        self, owner_client: APIClient, item: Collectible
    ) -> None:
        tag = owner_client.get(url(item))["ETag"]
        item.delete()
        assert owner_client.patch(url(item), {}, HTTP_IF_MATCH=tag).status_code == 404

    def test_anonymous_is_401_first(self, anonymous_client: APIClient, item: Collectible) -> None:
        answer = anonymous_client.patch(url(item), {}, HTTP_IF_MATCH="broken")
        assert answer.status_code == 401


@pytest.mark.django_db
class TestShopThatWantsIt:
    @pytest.fixture(autouse=True)
    def _strict(self, item: Collectible) -> None:
        Vendor.objects.filter(pk=item.vendor_id).update(require_if_match=True)

    @pytest.mark.parametrize("method", ["put", "patch", "delete"])
    @pytest.mark.parametrize("role", PEOPLE)
    def test_change_without_a_version_is_428_for_who_may_change(
        self, sign_in: Any, item: Collectible, role: str, method: str
    ) -> None:
        client = client_of(sign_in, item.vendor, role)
        answer = getattr(client, method)(url(item), {"name": "Blind"})
        allowed = (428, "precondition_required")
        stops = {"stranger": (404, "not_found"), "viewer": (403, "permission_denied"),
                 "sales": (403, "permission_denied")}  # fmt: skip
        assert refusal(answer) == stops.get(role, allowed)
        item.refresh_from_db()
        assert (item.name, item.version) != ("Blind", 2)

    def test_who_asks_what_a_change_would_take_needs_none(
        self, owner_client: APIClient, item: Collectible
    ) -> None:
        answer = owner_client.options(url(item))
        assert answer.status_code == 200, answer.content
        assert "name" in answer.json()["actions"]["PUT"]

    def test_everything_of_the_shop_wants_it_and_nothing_else(
        self, owner_client: APIClient, item: Collectible
    ) -> None:
        store = item.vendor.stores.get()
        own = [
            url(item), f"/api/v1/catalog/categories/{item.category_id}/",
            f"/api/v1/vendors/{item.vendor_id}/", f"/api/v1/vendor-stores/{store.pk}/",
        ]  # fmt: skip
        for address in own:
            assert owner_client.patch(address, {"name": "New"}).status_code == 428, address
            answer = owner_client.patch(address, {"name": "New"}, HTTP_IF_MATCH="*")
            assert answer.status_code == 200, address
        assert owner_client.patch("/api/v1/auth/me/", {"first_name": "Ann"}).status_code == 200
        assert owner_client.post(ITEMS, {"name": "Falcon"}).status_code == 201

    @pytest.mark.parametrize(("role", "status"), [("manager", 403), ("admin", 200), ("owner", 200)])
    def test_who_runs_the_shop_switches_it_off(
        self, sign_in: Any, item: Collectible, role: str, status: int
    ) -> None:
        client = client_of(sign_in, item.vendor, role)
        address = f"/api/v1/vendors/{item.vendor_id}/"
        tag = client.get(address)["ETag"]
        answer = client.patch(address, {"require_if_match": False}, HTTP_IF_MATCH=tag)
        assert answer.status_code == status
        expected = 200 if status == 200 else 428
        assert client.patch(url(item), {"name": "Blind"}).status_code == expected


def race(calls: list[Callable[[], Any]]) -> list[Any]:
    gate = Barrier(len(calls), timeout=30)

    def run(call: Callable[[], Any]) -> Any:
        try:
            gate.wait()
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(timeout=60) for future in [pool.submit(run, call) for call in calls]]


@pytest.mark.django_db(transaction=True)
class TestRace:
    def test_of_two_writers_who_read_the_same_one_is_told(
        self, owner_client: APIClient, item: Collectible
    ) -> None:
        for number in range(ROUNDS):
            tag = owner_client.get(url(item))["ETag"]
            answers = race(
                [
                    lambda name=f"{number}-{who}": owner_client.patch(  # type: ignore[misc]
                        url(item),
                        {"name": name},
                        HTTP_IF_MATCH=tag,  # noqa: B023
                    )
                    for who in "ab"
                ]
            )
            won, lost = sorted(answers, key=lambda answer: answer.status_code)
            assert (won.status_code, lost.status_code) == (200, 412)
            assert lost.json()["current"] == won.json() == owner_client.get(url(item)).json()
            assert lost["ETag"] == won["ETag"]
        item.refresh_from_db()
        assert item.version == 1 + ROUNDS

    @pytest.mark.parametrize("kind", ["vendor-stores", "catalog/categories", "catalog/items"])
    def test_conditional_and_plain_writers_do_not_deadlock(
        self, owner_client: APIClient, vendor: Vendor, item: Collectible, kind: str
    ) -> None:
        store = vendor.stores.get()
        branch = CategoryFactory(vendor=vendor, parent=item.category)
        kinds: dict[str, tuple[Any, dict[str, Any]]] = {
            "vendor-stores": (store, {"is_default": True}),
            "catalog/categories": (branch, {"parent": item.category_id}),
            "catalog/items": (item, {"category": "Other"}),
        }
        row, body = kinds[kind]
        address = f"/api/v1/{kind}/{row.pk}/"
        for number in range(20):
            named = {**body, "name": f"Row {number}"}
            answers = race(
                [
                    lambda: owner_client.patch(address, named, HTTP_IF_MATCH="*"),  # noqa: B023
                    lambda: owner_client.patch(address, {"name": "Plain"}),
                    lambda: owner_client.patch(address, body),
                ]
            )
            assert {answer.status_code for answer in answers} == {200}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("written", "counted"),
    [
        ("name = 'New'", 1),
        ("name = 'New', version = version + 1", 1),
        ("updated_at = clock_timestamp(), version = version + 1", 1),
        ("updated_at = clock_timestamp(), version = version + 7", 1),
        ("updated_at = clock_timestamp(), version = version - 1", 1),
        ("version = version + 1", 0),
        ("version = version - 1", 0),
        ("name = name", 0),
    ],
)
def test_version_counts_changes_whoever_counts(
    item: Collectible, written: str, counted: int
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE inventory_collectible SET {written} WHERE id = %s", [item.pk])  # noqa: S608
    assert Collectible.objects.get(pk=item.pk).version == item.version + counted


@pytest.mark.django_db
def test_who_writes_many_by_a_queryset_counts_along(item: Collectible) -> None:
    """So the database calls no trigger for each: the version is there before it would."""
    with CaptureQueriesContext(connection) as asked:
        Collectible.objects.filter(pk=item.pk).update(name="New")
    assert '"version" = ("inventory_collectible"."version" + 1)' in asked[0]["sql"]
    with connection.cursor() as cursor:
        cursor.execute(
            "EXPLAIN (ANALYZE) UPDATE inventory_collectible SET version = version + 1,"
            " updated_at = clock_timestamp() WHERE id = %s", [item.pk],
        )  # fmt: skip
        plan = "".join(line for [line] in cursor.fetchall())
    assert "Trigger pgtrigger_collectible_changed" in plan
    assert "counts_changes" not in plan
