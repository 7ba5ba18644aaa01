"""Queries that are made once: whatever values come, the rows are those of the ORM."""

from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.db.models import F, Q
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.prepared import prepared
from inventory.models import Category, Collectible
from tests.factories import CategoryFactory, CollectibleFactory
from tests.races import at_once

pytestmark = pytest.mark.django_db
ODD = ["", "%s", "%", "%(name)s", "'; --", "\\", "ä€🧱", "a" * 120]


@prepared
def called(name: Any) -> Any:
    return Category.objects.filter(name=name).select_related("vendor").order_by("pk")


@prepared
def among(ids: Any) -> Any:
    return Collectible.all_objects.filter(pk__any=ids).order_by("-pk").values_list("pk", flat=True)


@prepared
def plain(ids: Any) -> Any:
    return Collectible.all_objects.filter(pk__any=ids).values_list("pk", "attributes")


@prepared
def of_category(ids: Any, least: Any) -> Any:
    chosen = Q(category_id__any=ids) & Q(quantity__gte=least) & ~Q(name="100% new")
    return Collectible.objects.filter(chosen).alias(left=F("quantity")).order_by("pk")


def test_rows_are_models_with_what_was_selected_beside_them(vendor: Any) -> None:
    rows = [CategoryFactory(vendor=vendor, name=name) for name in ODD if name]
    for row in rows:
        [found] = called(row.name)
        with CaptureQueriesContext(connection) as asked:
            assert (found, found.vendor.name) == (row, vendor.name)
        assert not asked
    assert called("nobody's") == []


@pytest.mark.parametrize(
    "attributes", [{}, {"a": [1, 2.5, None, True, {"b": []}]}, {"n": 10**30}, {"ä 🧱": '\\ " \n'}]
)
def test_json_is_read_as_the_orm_reads_it(vendor: Any, attributes: dict[str, Any]) -> None:
    item = CollectibleFactory(vendor=vendor, attributes=attributes)
    assert plain([item.pk]) == [(item.pk, attributes)]


def test_each_call_is_one_query_with_its_own_values(vendor: Any) -> None:
    ids = [CollectibleFactory(vendor=vendor).pk for _ in range(5)]
    with CaptureQueriesContext(connection) as asked:
        assert [among([key]) for key in ids] == [[key] for key in ids]
    assert len(asked) == 5


def test_any_list_of_keys_is_one_parameter(vendor: Any) -> None:
    ids = [CollectibleFactory(vendor=vendor).pk for _ in range(3)]
    for keys in ([], ids, [ids[1], ids[1], -1, 0], [2**62, ids[0]], [1]):
        assert among(keys) == sorted({*keys} & {*ids}, reverse=True)


def test_list_may_be_a_query_that_becomes_part_of_the_statement(vendor: Any) -> None:
    category = CategoryFactory(vendor=vendor, name="50% %s")
    items = [
        CollectibleFactory(vendor=vendor, category=category, quantity=n, name=name)
        for n, name in enumerate(["a", "100% new", "%s", "d"])
    ]
    wanted = Category.objects.filter(name="50% %s").values_list("pk", flat=True)
    with CaptureQueriesContext(connection) as asked:
        assert of_category(wanted, 1) == items[2:]
        assert of_category([category.pk], 3) == items[3:]
    assert len(asked) == 2
    assert of_category(wanted.none(), 0) == []
    assert of_category([], 0) == []


def test_time_that_would_stand_still_is_refused() -> None:
    @prepared
    def recent() -> Any:
        return Category.objects.filter(created_at__lt=timezone.now())

    with pytest.raises(TypeError, match="make it a parameter"):
        recent()


def test_who_listens_is_told_the_words_however_often_they_are_said(vendor: Any) -> None:
    for _ in range(10):
        called("a")
    with CaptureQueriesContext(connection) as asked:
        called("a")
    assert "inventory_category" in asked.captured_queries[0]["sql"]


@pytest.mark.parametrize(("threshold", "planned"), [(2, 1), (None, 0)])
def test_what_is_asked_often_is_planned_once_unless_a_pooler_forbids(
    vendor: Any, monkeypatch: pytest.MonkeyPatch, threshold: int | None, planned: int
) -> None:
    with connection.cursor() as cursor:
        monkeypatch.setattr(connection.connection, "prepare_threshold", threshold)
        for name in ["a", "b", "c", "d"]:
            called(name)
        cursor.execute("SELECT COUNT(*) FROM pg_prepared_statements WHERE statement ~ 'category'")
        assert cursor.fetchone() == (planned,)
        cursor.execute("DEALLOCATE ALL")


def test_lists_of_small_and_of_large_ids_are_planned_together(
    vendor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connection.cursor() as cursor:
        monkeypatch.setattr(connection.connection, "prepare_threshold", 2)
        for ids in [[1], [2], [2**20], [2**20, 3], [2**40], [2**40, 4]]:
            among(ids)
        cursor.execute(
            "SELECT COUNT(*) FROM pg_prepared_statements WHERE statement ~ 'collectible'"
        )
        assert cursor.fetchone() == (1,)
        cursor.execute("DEALLOCATE ALL")


@pytest.mark.django_db(transaction=True)
def test_threads_do_not_mix_their_rows(vendor: Any) -> None:
    ids = [CollectibleFactory(vendor=vendor).pk for _ in range(4)]

    def ask(key: int) -> list[Any]:
        return [among([key]) for _ in range(30)]

    assert at_once([partial(ask, key) for key in ids]) == [[[key]] * 30 for key in ids]
