"""`Idempotency-Key`, sentence by sentence as docs/api/README.md has it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from rest_framework.test import APIClient

from core.models import AuditLog, IdempotencyKey
from core.tasks import purge_idempotency_keys
from inventory.models import Category, Collectible, CollectibleImage, ImportJob
from tests.core.conftest import Refusal
from tests.core.test_pictures import picture
from tests.factories import CollectibleFactory, IdempotencyKeyFactory, MemberFactory, UserFactory
from users.models import User
from vendors.models import Vendor, VendorMember
from vendors.roles import Role

pytestmark = pytest.mark.django_db
ITEMS = "/api/v1/catalog/items/"
REGISTER = "/api/v1/auth/register/"
FALCON = {"name": "Falcon"}
REUSED = "This key was used for another request: take a new one."


def send(client: Any, body: Any = None, key: str = "k", where: str = ITEMS, **options: Any) -> Any:
    headers = {"Idempotency-Key": key, **options.pop("headers", {})}
    return client.post(where, FALCON if body is None else body, headers=headers, **options)


def seen(answer: Any) -> tuple[Any, ...]:
    """All of an answer that is the view's."""
    names = ["Content-Type", "ETag", "Location", "Allow", "Vary"]
    return (answer.status_code, answer.content, *(answer.get(name) for name in names))


class TestReplay:
    def test_second_post_with_a_key_does_nothing_and_is_answered_alike(
        self, owner_client: APIClient
    ) -> None:
        first, second = send(owner_client), send(owner_client)
        assert (first.status_code, first.json()["name"]) == (201, "Falcon")
        assert seen(second) == seen(first)
        assert "Idempotent-Replayed" not in first
        assert second["Idempotent-Replayed"] == "true"
        assert Collectible.objects.count() == 1
        assert AuditLog.objects.filter(action="created item “Falcon”").count() == 1

    def test_answer_is_the_one_of_then(self, owner_client: APIClient) -> None:
        first = send(owner_client).json()
        owner_client.patch(f"{ITEMS}{first['id']}/", {"name": "Executor"})
        assert send(owner_client).json() == first

    def test_without_a_key_every_post_counts(self, owner_client: APIClient) -> None:
        for _ in range(2):
            assert owner_client.post(ITEMS, FALCON).status_code == 201
        assert Collectible.objects.count() == 2
        assert not IdempotencyKey.objects.exists()

    def test_mechanism_asks_nothing_without_a_key(self, owner_client: APIClient) -> None:
        with CaptureQueriesContext(connection) as without:
            owner_client.post(ITEMS, FALCON)
        with CaptureQueriesContext(connection) as beside:
            send(owner_client)
        # A savepoint twice, the turn three times, two looks at the roles and the key, one row.
        assert len(beside) - len(without) == 2 + 3 + 2 + 1
        assert not [query for query in without if "idempotency" in query["sql"]]

    def test_replay_asks_for_the_session_the_turn_the_answer_and_the_roles(
        self, owner_client: APIClient, django_assert_num_queries: Any
    ) -> None:
        send(owner_client)
        # The savepoint of `atomic` inside the test's own transaction, and the three of the turn.
        with django_assert_num_queries(1 + 2 + 3 + 2):
            send(owner_client)

    def test_answer_without_a_body_has_none_again(
        self, owner: User, anonymous_client: APIClient
    ) -> None:
        where = "/api/v1/auth/email/resend/"
        answers = [send(anonymous_client, {"email": owner.email}, where=where) for _ in "ab"]
        assert [seen(answer)[:3] for answer in answers] == [(204, b"", None)] * 2
        assert answers[1]["Idempotent-Replayed"] == "true"

    def test_accepted_import_is_one_job_though_the_form_is_drawn_anew(
        self, owner_client: APIClient
    ) -> None:
        def upload(edge: str, text: bytes = b"sku,name\nA,Falcon") -> Any:
            part = b'Content-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
            mark = edge.encode()
            body = b"--" + mark + b"\r\n" + part + text + b"\r\n--" + mark + b"--\r\n"
            kind = f"multipart/form-data; boundary={edge}"
            where = "/api/v1/catalog/imports/?dry_run=true"
            return send(owner_client, body, where=where, content_type=kind)

        first, second, other = upload("one"), upload("two-2"), upload("one", b"sku,name\nB,X-Wing")
        assert first.status_code == 202, first.content
        assert seen(second) == seen(first)
        assert (other.status_code, ImportJob.objects.count()) == (422, 1)

    def test_picture_is_added_once(self, owner_client: APIClient, vendor: Vendor) -> None:
        where = f"{ITEMS}{CollectibleFactory(vendor=vendor).pk}/images/"
        answers = [
            send(owner_client, {"file": SimpleUploadedFile("a.jpg", picture())}, where=where,
                 format="multipart")
            for _ in "ab"
        ]  # fmt: skip
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json() == answers[1].json()
        assert CollectibleImage.objects.count() == 1

    def test_rehearsal_and_deed_are_two_requests(
        self, owner_client: APIClient, vendor: Vendor
    ) -> None:
        body = {"ids": [CollectibleFactory(vendor=vendor).pk]}
        where = f"{ITEMS}bulk_delete/"
        for _ in "ab":
            answer = send(owner_client, body, where=f"{where}?dry_run=true").json()
            assert (answer["deleted"], answer["missing"], answer["errors"]) == (1, [], [])
        assert send(owner_client, body, where=where).status_code == 422
        assert Collectible.objects.exists()
        assert send(owner_client, body, key="deed", where=where).json()["deleted"] == 1
        assert send(owner_client, body, key="deed", where=where).json()["deleted"] == 1

    def test_other_methods_do_not_heed_a_key(self, owner_client: APIClient, vendor: Vendor) -> None:
        where = f"{ITEMS}{CollectibleFactory(vendor=vendor).pk}/"
        for name in ("Executor", "Tie"):
            answer = owner_client.patch(where, {"name": name}, headers={"Idempotency-Key": "k"})
            assert answer.json()["name"] == name
        assert not IdempotencyKey.objects.exists()


class TestKey:
    @pytest.mark.parametrize(
        ("body", "where"),
        [
            ({"name": "Executor"}, ITEMS),
            (FALCON, "/api/v1/catalog/categories/"),
            (FALCON, f"{ITEMS}?_=1"),
        ],
    )
    def test_another_request_under_it_is_422(
        self, owner_client: APIClient, assert_problem: Refusal, body: Any, where: str
    ) -> None:
        send(owner_client)
        assert_problem(send(owner_client, body, where=where), 422, "idempotency_key_reused", REUSED)
        assert (Collectible.objects.count(), Category.objects.count()) == (1, 0)

    @pytest.mark.parametrize("key", ["", "é", "a\tb", "x" * 256, "\x7f"])
    def test_malformed_is_400(self, owner_client: APIClient, key: str) -> None:
        answer = send(owner_client, key=key)
        assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")
        assert answer.json()["errors"][0]["field"] == "Idempotency-Key"
        assert not Collectible.objects.exists()

    @pytest.mark.parametrize(
        "key", ["k", "x" * 255, "6f2c3a52-8f4e-4f0c-9d55-0a7c1f4b2e11", '"quoted"', "a b, c;=d~"]
    )
    def test_any_other_text_is_good(self, owner_client: APIClient, key: str) -> None:
        assert [send(owner_client, key=key).status_code for _ in "ab"] == [201, 201]
        assert Collectible.objects.count() == 1

    def test_of_another_user_is_another_key(
        self, owner_client: APIClient, stranger_client: APIClient
    ) -> None:
        mine, theirs = send(owner_client), send(stranger_client)
        assert (mine.status_code, theirs.status_code) == (201, 201)
        assert mine.json()["vendor"] != theirs.json()["vendor"]
        assert "Idempotent-Replayed" not in theirs
        assert send(stranger_client, {"name": "X"}).status_code == 422

    def test_of_a_colleague_is_another_key(
        self, owner_client: APIClient, vendor: Vendor, sign_in: Callable[[User], APIClient]
    ) -> None:
        colleague = sign_in(MemberFactory(vendor=vendor, role=Role.MANAGER).user)
        assert send(owner_client).json()["id"] != send(colleague).json()["id"]

    def test_signing_in_anew_does_not_lose_it(
        self, owner: User, sign_in: Callable[[User], APIClient]
    ) -> None:
        assert send(sign_in(owner)).json() == send(sign_in(owner)).json()

    def test_without_an_account_it_belongs_to_the_address_and_what_was_sent(
        self, anonymous_client: APIClient
    ) -> None:
        body = {"email": "ann@example.com", "password": "shelf-of-blue-bricks"}
        first, second = (send(anonymous_client, body, where=REGISTER) for _ in "ab")
        assert first.status_code == 201
        assert second.content == first.content
        guess = send(anonymous_client, {**body, "password": "guess"}, where=REGISTER)
        assert guess.status_code == 422
        elsewhere = "/api/v1/auth/register/check-email/"
        assert send(anonymous_client, {"email": "b@example.com"}, where=elsewhere).json() == {
            "available": True
        }

    def test_is_nowhere_in_the_database(self, owner_client: APIClient) -> None:
        send(owner_client, key="order-of-ann@example.com")
        assert "ann@example.com" not in str(IdempotencyKey.objects.values().get())


class TestRight:
    def test_who_is_not_signed_in_gets_401_and_no_answer(
        self, owner_client: APIClient, anonymous_client: APIClient
    ) -> None:
        send(owner_client)
        assert send(anonymous_client).status_code == 401
        assert send(anonymous_client, key="").status_code == 401

    def test_who_has_lost_the_role_gets_403(
        self, vendor: Vendor, sign_in: Callable[[User], APIClient]
    ) -> None:
        member = MemberFactory(vendor=vendor, role=Role.MANAGER)
        client = sign_in(member.user)
        assert [send(client).status_code for _ in "ab"] == [201, 201]
        VendorMember.objects.filter(pk=member.pk).update(role=Role.VIEWER)
        answer = send(client)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
        member.delete()
        assert send(client).status_code == 403

    def test_who_has_won_a_role_meanwhile_gets_the_answer(
        self, owner: User, owner_client: APIClient
    ) -> None:
        first = send(owner_client)
        MemberFactory(user=owner, email=owner.email)
        assert send(owner_client, {"name": "New"}, "v", "/api/v1/vendors/").status_code == 201
        assert send(owner_client).content == first.content
        assert send(owner_client, {"name": "New"}, "v", "/api/v1/vendors/").status_code == 201

    @pytest.mark.parametrize("role", [Role.MANAGER, Role.ADMIN])
    def test_who_may_do_more_meanwhile_gets_the_answer(
        self, vendor: Vendor, sign_in: Callable[[User], APIClient], role: Role
    ) -> None:
        member = MemberFactory(vendor=vendor, role=Role.SALES)
        where = "/api/v1/customers/"
        first = send(sign_in(member.user), {"name": "Ann"}, where=where)
        VendorMember.objects.filter(pk=member.pk).update(role=role)
        User.objects.filter(pk=member.user_id).update(is_admin=True)  # ends the session
        again = send(sign_in(member.user), {"name": "Ann"}, where=where)
        assert (first.status_code, again.status_code) == (201, 201)
        assert again.content == first.content

    def test_replay_counts_as_a_call(
        self, settings: Settings, anonymous_client: APIClient, assert_problem: Refusal
    ) -> None:
        settings.RATE_LIMIT_ENABLED = True
        body = {"email": "ann@example.com", "password": "shelf-of-blue-bricks"}
        statuses = [send(anonymous_client, body, where=REGISTER).status_code for _ in range(4)]
        assert statuses == [201, 201, 201, 429]


class TestRefusals:
    def test_failed_validation_is_not_kept(self, owner_client: APIClient) -> None:
        assert send(owner_client, {"colour": "red"}).status_code == 400
        assert not IdempotencyKey.objects.exists()
        assert send(owner_client).status_code == 201

    def test_conflict_is_not_kept(self, owner_client: APIClient, vendor: Vendor) -> None:
        item = CollectibleFactory(vendor=vendor, sku="A")
        body = {"name": "Falcon", "sku": "A"}
        assert send(owner_client, body).json()["code"] == "sku_taken"
        item.delete()
        assert send(owner_client, body).status_code == 201

    def test_body_that_cannot_be_read_is_400(self, owner_client: APIClient) -> None:
        answer = send(owner_client, "{", content_type="application/json")
        assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")
        assert send(owner_client, "x", content_type="text/plain").status_code == 415

    def test_method_that_is_not_there_is_405(self, owner_client: APIClient) -> None:
        for where in (f"{ITEMS}1/", "/api/v1/dashboard/summary/", "/api/v1/auth/me/"):
            assert send(owner_client, where=where).status_code == 405

    def test_failed_sign_in_is_in_the_audit_log_as_ever(self, anonymous_client: APIClient) -> None:
        user = UserFactory()
        body = {"username": user.username, "password": "wrong"}
        for _ in "ab":
            assert send(anonymous_client, body, where="/api/v1/auth/token/").status_code == 401
        assert AuditLog.objects.filter(actor=user, action="was refused to sign in").count() == 2


class TestTime:
    def test_after_a_day_the_key_is_free(self, owner_client: APIClient) -> None:
        first = send(owner_client).json()
        now = datetime.now(UTC)
        IdempotencyKey.objects.update(created_at=now - timedelta(hours=23, minutes=59))
        assert send(owner_client).json() == first
        IdempotencyKey.objects.update(created_at=now - timedelta(hours=24))
        second = send(owner_client, {"name": "Executor"})
        assert (second.status_code, "Idempotent-Replayed" in second) == (201, False)
        assert send(owner_client, {"name": "Executor"}).json() == second.json()
        assert Collectible.objects.count() == 2

    @pytest.mark.parametrize("way", ["task", "command"])
    def test_purge_forgets_what_is_older_than_a_day(
        self, way: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("core.writing.BATCH", 2)
        now = datetime.now(UTC)
        for hours in (0, 23, 24, 25, 26, 27, 300):
            row = IdempotencyKeyFactory()
            age = timedelta(hours=hours)
            IdempotencyKey.objects.filter(pk=row.pk).update(created_at=now - age)
        if way == "task":
            purge_idempotency_keys.delay()
        else:
            call_command("purge_idempotency_keys")
        assert IdempotencyKey.objects.count() == 2
        assert not IdempotencyKey.objects.filter(created_at__lte=now - timedelta(hours=24)).exists()

    def test_purge_is_on_the_schedule(self, settings: Settings) -> None:
        tasks = [entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()]
        assert purge_idempotency_keys.name in tasks


class TestBrowser:
    ORIGIN = "http://localhost:5173"

    def test_other_origins_may_send_the_key_and_read_the_mark(
        self, client: Client, owner_client: APIClient
    ) -> None:
        asked = {
            "Origin": self.ORIGIN,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "idempotency-key",
        }
        preflight = client.options(ITEMS, headers=asked)
        assert "idempotency-key" in preflight["Access-Control-Allow-Headers"]
        answer = send(owner_client, headers={"Origin": self.ORIGIN})
        assert "Idempotent-Replayed" in answer["Access-Control-Expose-Headers"]
