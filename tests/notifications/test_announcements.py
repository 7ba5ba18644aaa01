"""What administrators of the platform announce, and to whom."""

from typing import Any

import pytest
from django.core import mail
from rest_framework.test import APIClient

from core.models import AuditLog, OutboxMessage
from core.relay import relay
from notifications.models import Notification
from notifications.services import announcements
from tests.factories import MemberFactory, UserFactory
from users.models import User
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
HERE = "/api/v1/notifications/"
NEWS = {"title": "Maintenance on Sunday", "body": "From 2 to 3 UTC."}


@pytest.fixture
def root(sign_in: Any) -> APIClient:
    client: APIClient = sign_in(UserFactory(is_admin=True, language="de"))
    return client


def told() -> set[int]:
    return set(Notification.objects.values_list("user_id", flat=True))


class TestWho:
    def test_anonymous_is_401(self, anonymous_client: APIClient) -> None:
        assert anonymous_client.post(HERE, NEWS).status_code == 401

    @pytest.mark.parametrize("flags", [{}, {"is_salesperson": True}, {"is_staff": True}])
    def test_nobody_else_may(self, sign_in: Any, flags: Any) -> None:
        for body in (NEWS, {}):
            answer = sign_in(UserFactory(**flags)).post(HERE, body)
            assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
        assert told() == set()


class TestAudience:
    def test_everybody_with_an_active_account(
        self, root: APIClient, owner: User, stranger: User
    ) -> None:
        UserFactory(is_active=False)
        answer = root.post(HERE, NEWS)
        assert answer.status_code == 201
        row = Notification.objects.get(user=owner)
        assert answer.json() == {"event_id": str(row.event_id), "recipients": 3, "created": 3}
        assert told() == {root.user.pk, owner.pk, stranger.pk}
        assert (row.kind, row.title, row.body, row.data, row.vendor) == (
            "announcement", "Maintenance on Sunday", "From 2 to 3 UTC.", {}, None,
        )  # fmt: skip
        relay()
        assert {message.subject for message in mail.outbox} == {"Maintenance on Sunday"}
        assert len(mail.outbox) == 3

    def test_named_ones(self, root: APIClient, owner: User, stranger: User) -> None:
        answer = root.post(HERE, {**NEWS, "users": [owner.pk, owner.pk]})
        assert (answer.json()["recipients"], told()) == (1, {owner.pk})

    def test_those_who_work_in_a_shop(
        self, root: APIClient, owner: User, stranger: User, vendor: Vendor
    ) -> None:
        viewer = MemberFactory(vendor=vendor, role="viewer").user
        MemberFactory(vendor=vendor, role="viewer", is_active=False)
        answer = root.post(HERE, {**NEWS, "vendor": vendor.pk})
        assert (answer.json()["recipients"], told()) == (2, {owner.pk, viewer.pk})
        assert set(Notification.objects.values_list("vendor_id", flat=True)) == {vendor.pk}

    def test_is_a_deed_in_the_log(self, root: APIClient, owner: User) -> None:
        root.post(HERE, {**NEWS, "users": [owner.pk]})
        entry = AuditLog.objects.get()
        assert (entry.type, entry.actor_id, entry.action, entry.after) == (
            "admin", root.user.pk, "announced “Maintenance on Sunday” to 1",
            {**NEWS, "users": [owner.pk]},
        )  # fmt: skip

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "title"),
            ({"title": "A" * 201}, "title"),
            ({"title": "A", "users": []}, "users"),
            ({"title": "A", "users": [0]}, "users.0"),
            ({"title": "A", "users": [2**62]}, "users"),
            ({"title": "A", "vendor": 2**62}, "vendor"),
            ({"title": "A", "to": "all"}, "to"),
        ],
    )
    def test_misfit_is_told_and_nothing_is_announced(
        self, root: APIClient, body: Any, field: str
    ) -> None:
        answer = root.post(HERE, body)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)
        assert (told(), AuditLog.objects.count()) == (set(), 0)

    def test_paused_account_and_two_audiences_are_refused(
        self, root: APIClient, owner: User, vendor: Vendor
    ) -> None:
        paused = UserFactory(is_active=False)
        for body, code in (
            ({"users": [owner.pk, paused.pk]}, "does_not_exist"),
            ({"users": [owner.pk], "vendor": vendor.pk}, "two_audiences"),
        ):
            answer = root.post(HERE, {**NEWS, **body})
            assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, code)
        assert told() == set()


class TestMany:
    """More than fit into one transaction: the caller waits for the first of them alone."""

    @pytest.fixture(autouse=True)
    def _few_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(announcements, "AT_ONCE", 3)

    def test_worker_tells_the_rest(self, root: APIClient, owner: User) -> None:
        people = {root.user.pk, owner.pk, *(user.pk for user in UserFactory.create_batch(6))}
        answer = root.post(HERE, NEWS).json()
        assert (answer["recipients"], answer["created"], len(told())) == (8, 3, 3)
        relay()
        assert told() == people
        assert Notification.objects.count() == len(mail.outbox) == len(people)
        assert OutboxMessage.objects.filter(event__endswith="Unfinished").count() == 2

    def test_part_that_is_done_again_tells_nobody_twice(self, root: APIClient) -> None:
        UserFactory.create_batch(4)
        root.post(HERE, NEWS)
        relay()
        before = Notification.objects.count()
        OutboxMessage.objects.update(state="pending")
        OutboxMessage.objects.filter(event__endswith="MailWanted").update(state="done")
        OutboxMessage.objects.update(next_attempt_at="2020-01-01T00:00Z")
        assert relay() == 1
        assert Notification.objects.count() == before == 5
