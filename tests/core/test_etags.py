"""Tags as text, and the number they are made of."""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from core.etags import ANY, digest, entity_tag, matches, read_tags, still_at
from inventory.models import Collectible
from tests.factories import CollectibleFactory, UserFactory
from users.models import User

# What may stand between the quotes (RFC 9110, 8.8.3).
OPAQUE = st.text(
    [chr(code) for code in range(0x21, 0x100) if code not in {0x22, *range(0x7F, 0x80)}]
)


class TestText:
    def test_tag_is_the_row_its_version_and_what_stands_beside(self) -> None:
        assert entity_tag(4711, 3) == '"4711-3"'
        assert entity_tag(4711, 3, ["Star Wars"]).startswith('"4711-3.')
        assert entity_tag(4711, 3, ["a"]) != entity_tag(4711, 3, ["b"])
        assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})

    @pytest.mark.parametrize(
        ("header", "tags"),
        [
            ('"1-1"', ["1-1"]), ('W/"1-1"', ["1-1"]), ('  "a" ,W/"b"  ', ["a", "b"]), ("*", [ANY]),
            (' * ', [ANY]), ('""', [""]), ('"a,b", "c"', ["a,b", "c"]), ('"*"', ["*"]),
        ],
    )  # fmt: skip
    def test_lists_of_tags_are_read(self, header: str, tags: list[str]) -> None:
        assert read_tags(header) == tags

    @pytest.mark.parametrize(
        "header",
        ["1-1", '"1-1', '1-1"', '"a" "b"', '"a",', ',"a"', "*,*", '*, "a"', 'w/"a"', '"a b"',
         "'a'"],
    )  # fmt: skip
    def test_anything_else_is_refused(self, header: str) -> None:
        with pytest.raises(ValueError, match=re.escape(header)):
            read_tags(header)

    @given(st.lists(OPAQUE, min_size=1, max_size=5))
    def test_what_is_written_is_read(self, words: list[str]) -> None:
        assert read_tags(", ".join(f'"{word}"' for word in words)) == words

    @given(st.text(max_size=60))
    def test_no_header_breaks_it(self, header: str) -> None:
        with suppress(ValueError):
            assert read_tags(header)

    def test_readers_compare_the_whole_tag_and_writers_the_row(self) -> None:
        tag = entity_tag(4711, 3, "beside")
        assert matches([tag.strip('"')], tag)
        assert not matches(["4711-3"], tag)
        assert still_at(["4711-3.other"], tag)
        assert still_at(["4711-3"], tag)
        assert not still_at(["4711-2", "4711-4", "471-13", "4711"], tag)
        assert matches([ANY], tag)
        assert still_at([ANY], tag)


def by_sql(item: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE inventory_collectible SET name = 'X' WHERE id = %s", [item.pk])


def by_update(item: Any) -> None:
    Collectible.objects.filter(pk=item.pk).update(name="X")


def by_save(item: Any) -> None:
    item.name = "X"
    item.save()


def by_save_of_one_field(item: Any) -> None:
    item.name = "X"
    item.save(update_fields=["name"])


def by_bulk_update(item: Any) -> None:
    item.name = "X"
    Collectible.objects.bulk_update([item], ["name"])


@pytest.mark.django_db
class TestNumber:
    @pytest.mark.parametrize(
        "write", [by_sql, by_update, by_save, by_save_of_one_field, by_bulk_update]
    )
    def test_every_way_of_writing_counts_once(self, write: Callable[[Any], None]) -> None:
        item = CollectibleFactory()
        write(item)
        row = Collectible.objects.get()
        assert (row.name, row.version) == ("X", 2)

    @pytest.mark.parametrize("save", [by_save, by_save_of_one_field])
    def test_an_instance_counts_along(self, save: Callable[[Any], None]) -> None:
        item = CollectibleFactory()
        save(item)
        assert item.version == Collectible.objects.get().version

    def test_two_writes_in_one_tick_of_the_clock_differ(self) -> None:
        item, now = CollectibleFactory(), datetime(2026, 11, 20, tzinfo=UTC)
        tags = set()
        for name in ("A", "B", "A"):
            Collectible.objects.filter(pk=item.pk).update(name=name, updated_at=now)
            row = Collectible.objects.get()
            assert row.updated_at == now
            tags.add(entity_tag(row.pk, row.version))
        assert len(tags) == 3

    def test_a_stale_instance_does_not_turn_it_back(self) -> None:
        item = CollectibleFactory()
        stale = Collectible.objects.get()
        for name in "ABC":
            Collectible.objects.filter(pk=item.pk).update(name=name)
        stale.save()
        assert Collectible.objects.get().version == 5

    def test_what_changes_nothing_does_not_count(self) -> None:
        CollectibleFactory()
        with connection.cursor() as cursor:
            cursor.execute("UPDATE inventory_collectible SET name = name, version = 77")
        assert Collectible.objects.get().version == 1

    def test_signing_in_does_not_make_a_profile_stale(self) -> None:
        user = UserFactory()
        User.objects.filter(pk=user.pk).update(last_login=datetime(2026, 11, 20, tzinfo=UTC))
        User.objects.filter(pk=user.pk).update(password="another")
        assert User.objects.get().version == 1
        User.objects.filter(pk=user.pk).update(first_name="Ann")
        assert User.objects.get().version == 2
