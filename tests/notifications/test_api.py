"""What people read of what they were told."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from core.writing import BATCH
from notifications.models import Notification
from notifications.services import NotificationService
from notifications.tasks import purge_notifications
from tests.factories import NotificationFactory
from tests.races import in_turn
from users.models import User

pytestmark = pytest.mark.django_db
HERE = "/api/v1/notifications/"
INDEXES = {"read_at": "notification_read_first", "created_at": "notification_told_first"}


@pytest.fixture
def row(owner: User) -> Notification:
    told: Notification = NotificationFactory(
        user=owner, kind="low_stock", title="A runs low", body="2 left.", data={"item": 7}
    )
    return told


class TestReading:
    def test_list_is_whole_and_newest_first(
        self, owner_client: APIClient, owner: User, row: Notification
    ) -> None:
        other = NotificationFactory(user=owner)
        body = owner_client.get(HERE).json()
        assert (body["count"], [each["id"] for each in body["results"]]) == (2, [other.pk, row.pk])
        shown = body["results"][1]
        assert owner_client.get(f"{HERE}{row.pk}/").json() == shown
        assert shown.pop("created_at").endswith("Z")
        assert shown == {
            "id": row.pk, "kind": "low_stock", "title": "A runs low", "body": "2 left.",
            "data": {"item": 7}, "read_at": None,
        }  # fmt: skip

    def test_nobody_sees_what_others_were_told(
        self, stranger_client: APIClient, row: Notification
    ) -> None:
        assert stranger_client.get(HERE).json()["results"] == []
        assert stranger_client.get(f"{HERE}{row.pk}/").status_code == 404
        assert stranger_client.post(f"{HERE}{row.pk}/read/").status_code == 404
        assert stranger_client.post(f"{HERE}read-all/").json() == {"read": 0}
        row.refresh_from_db()
        assert row.read_at is None

    def test_what_was_wanted_by_mail_alone_is_not_shown(
        self, owner_client: APIClient, row: Notification
    ) -> None:
        Notification.objects.update(is_shown=False)
        assert owner_client.get(HERE).json()["count"] == 0
        assert owner_client.get(f"{HERE}{row.pk}/").status_code == 404
        assert owner_client.get(f"{HERE}unread-count/").json() == {"unread": 0}
        assert owner_client.post(f"{HERE}read-all/").json() == {"read": 0}

    @pytest.mark.parametrize(
        ("query", "found"),
        [({"is_read": "true"}, ["read"]), ({"is_read": "false"}, ["new"]),
         ({"kind": "security"}, ["read"]), ({"kind": "low_stock", "is_read": "true"}, [])],
    )  # fmt: skip
    def test_list_is_filtered(
        self, owner_client: APIClient, owner: User, query: dict[str, str], found: list[str]
    ) -> None:
        NotificationFactory(user=owner, kind="low_stock", title="new")
        NotificationFactory(user=owner, kind="security", title="read", read_at=timezone.now())
        answer = owner_client.get(HERE, query)
        assert [each["title"] for each in answer.json()["results"]] == found

    @pytest.mark.parametrize("query", [{"kind": "gossip"}, {"is_read": "maybe"}, {"read": "true"}])
    def test_what_is_no_filter_is_400(self, owner_client: APIClient, query: Any) -> None:
        assert owner_client.get(HERE, query).status_code == 400

    def test_list_costs_the_same_for_any_number(
        self, owner_client: APIClient, owner: User, django_assert_num_queries: Any
    ) -> None:
        NotificationFactory.create_batch(15, user=owner)
        with django_assert_num_queries(3):  # the caller, the count, the page
            owner_client.get(HERE)


class TestMarking:
    def test_reading_counts_once_and_moves_the_tag(
        self, owner_client: APIClient, row: Notification
    ) -> None:
        where = f"{HERE}{row.pk}/"
        tag = owner_client.get(where)["ETag"]
        first = owner_client.post(f"{where}read/")
        second = owner_client.post(f"{where}read/")
        assert (first.status_code, first.json()["read_at"] is None) == (200, False)
        assert second.json() == first.json()
        assert first["ETag"] == second["ETag"] == owner_client.get(where)["ETag"] != tag

    @pytest.mark.django_db(transaction=True)
    def test_two_at_once_read_it_at_one_time(
        self, sign_in: Any, owner: User, row: Notification
    ) -> None:
        one, other = sign_in(owner), sign_in(owner)
        answers = in_turn(
            *(lambda c=client: c.post(f"{HERE}{row.pk}/read/").json() for client in (one, other)),
            behind=row,
        )
        assert answers[0] == answers[1]

    def test_all_are_read_and_counted(
        self, owner_client: APIClient, owner: User, stranger: User
    ) -> None:
        NotificationFactory.create_batch(3, user=owner)
        NotificationFactory(user=owner, read_at=timezone.now())
        theirs = NotificationFactory(user=stranger)
        assert owner_client.get(f"{HERE}unread-count/").json() == {"unread": 3}
        assert owner_client.post(f"{HERE}read-all/").json() == {"read": 3}
        assert owner_client.post(f"{HERE}read-all/").json() == {"read": 0}
        assert owner_client.get(f"{HERE}unread-count/").json() == {"unread": 0}
        theirs.refresh_from_db()
        assert theirs.read_at is None

    def test_counting_reads_one_index_alone(self, owner: User) -> None:
        NotificationFactory.create_batch(5, user=owner)
        NotificationFactory.create_batch(5, user=owner, read_at=timezone.now())
        rows = Notification.objects.shown_to(owner.pk).unread().order_by()
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
            plan = rows.values("user_id").explain()
        assert "Index Only Scan using notification_unread" in plan


class TestPurging:
    def test_old_ones_go_the_unread_later(self, owner: User) -> None:
        now = timezone.now()
        kept = []
        for created, read in [(80, 80), (100, 95), (100, None), (360, None), (370, None), (370, 5)]:
            one = NotificationFactory(
                user=owner, read_at=now - timedelta(days=read) if read else None
            )
            Notification.objects.filter(pk=one.pk).update(created_at=now - timedelta(days=created))
            kept += [one.pk] if (created, read) in {(80, 80), (100, None), (360, None)} else []
        purge_notifications()
        assert sorted(Notification.objects.values_list("pk", flat=True)) == kept

    @pytest.mark.parametrize("moment", ["read_at", "created_at"])
    def test_many_go_in_batches_found_by_index(
        self, owner: User, moment: str, django_assert_num_queries: Any
    ) -> None:
        past = timezone.now() - timedelta(days=366)
        Notification.objects.bulk_create(
            Notification(user=owner, kind="security", event_id=uuid4(), title="A")
            for _each in range(2 * BATCH + 1)
        )
        NotificationFactory(user=owner)
        Notification.objects.exclude(pk=Notification.objects.latest("pk").pk).update(
            **{moment: past}
        )
        # Three that find something and one that does not; and one for the other kind.
        with django_assert_num_queries(4 + 1) as asked:
            assert NotificationService.purge() == 2 * BATCH + 1
        assert Notification.objects.count() == 1
        [sql] = {each["sql"] for each in asked.captured_queries if f'"{moment}" <' in each["sql"]}
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
            cursor.execute(f"EXPLAIN {sql}")
            plan = str(cursor.fetchall())
        assert f"using {INDEXES[moment]}" in plan, plan
