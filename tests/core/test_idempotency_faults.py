"""`Idempotency-Key` where something goes wrong, or may not be told twice."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.db import connection, transaction
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import include, path
from pytest_django import Settings
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient
from rest_framework.views import APIView

from core.audit import log_audit
from core.exceptions import ConflictError
from core.models import AuditLog, IdempotencyKey
from core.pictures import Picture, stored
from omni_stock.settings.storages import on_disk
from omni_stock.urls import urlpatterns as real_addresses
from tests.conftest import pair_for
from tests.core.conftest import Refusal
from tests.core.test_idempotency import send
from tests.factories import PASSWORD, UserFactory, VendorFactory
from tests.races import alike
from users.models import Session, User
from vendors.models import Vendor

NEW_PASSWORD = "a-shelf-of-greener-bricks"
KEPT = "The request was carried out before; its answer is secret and was not kept."


class WorkView(APIView):
    """Writes an audit row and then does what the body says; `fails` counts the times it cannot."""

    permission_classes = [AllowAny]
    fails: ClassVar[int] = 0
    told: ClassVar[list[str]] = []

    def post(self, request: Request) -> HttpResponseBase:
        log_audit("security", None, "worked")
        transaction.on_commit(lambda: self.told.append("committed"))
        body: Any = request.data
        end = body["end"]
        if WorkView.fails > 0:
            WorkView.fails -= 1
            end = "crash"
        answer: HttpResponseBase = getattr(self, end)()
        return answer

    def fine(self) -> Response:
        headers = {"Location": "/here/", "ETag": '"7"', "Cache-Control": "no-cache"}
        return Response({"said": "é"}, status=202, headers=headers)

    def crash(self) -> Response:
        raise RuntimeError

    def picture(self) -> Response:
        with stored(User().avatar, Picture(b"", "webp", 1, 1)), transaction.atomic():
            return self.fine()

    def picture_and_crash(self) -> Response:
        self.picture()
        raise RuntimeError

    def unavailable(self) -> Response:
        return Response({}, status=503)

    def refuse(self) -> Response:
        raise ConflictError

    def refuse_by_answer(self) -> Response:
        return Response({}, status=409)

    def divide(self) -> Response:
        """An error that Django does not see on its way out of its own `atomic`."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")
        return self.fine()

    def dangle(self) -> Response:
        Vendor.objects.update(owner_id=0)
        return self.fine()

    def stream(self) -> StreamingHttpResponse:
        return StreamingHttpResponse(iter(["a", "b"]))

    def timeout(self) -> Response:
        with connection.cursor() as cursor:
            cursor.execute("SHOW lock_timeout")
            return Response(cursor.fetchone()[0])


urlpatterns = [path("work/", WorkView.as_view()), path("", include(real_addresses))]


@pytest.fixture(autouse=True)
def _work_has_an_address(settings: Settings) -> Iterator[None]:
    settings.ROOT_URLCONF = __name__
    WorkView.told.clear()
    yield
    WorkView.fails = 0


def work(end: str, key: str = "k") -> Any:
    return send(APIClient(), {"end": end}, key, "/work/")


def worked() -> int:
    return AuditLog.objects.filter(action="worked").count()


@pytest.mark.django_db
class TestWork:
    def test_headers_of_the_view_come_again(self) -> None:
        first, second = work("fine"), work("fine")
        assert second.content == first.content == '{"said":"é"}'.encode()
        for name in ("Content-Type", "Location", "ETag", "Allow", "Vary"):
            assert first[name] == second[name], name
        assert (second.status_code, worked()) == (202, 1)

    @pytest.mark.parametrize(("end", "status"), [("crash", 500), ("unavailable", 503)])
    def test_what_fails_on_our_side_leaves_nothing_and_may_be_tried_again(
        self, end: str, status: int
    ) -> None:
        assert work(end).status_code == status
        assert (worked(), IdempotencyKey.objects.count()) == (0, 0)
        assert work("fine").status_code == 202

    @pytest.mark.parametrize(
        ("end", "why"), [("picture_and_crash", "the view"), ("picture", "the key's row")]
    )
    def test_file_goes_with_the_work(
        self, end: str, why: str, settings: Settings, tmp_path: Path
    ) -> None:
        settings.STORAGES = {**settings.STORAGES, "default": on_disk(tmp_path)}
        if why == "the key's row":
            with connection.cursor() as cursor:
                cursor.execute("ALTER TABLE core_idempotencykey ADD CHECK (path <> '/work/')")
        assert work(end).status_code == 500
        assert [file for file in tmp_path.rglob("*") if file.is_file()] == []

    def test_file_of_work_that_is_done_stays(self, settings: Settings, tmp_path: Path) -> None:
        settings.STORAGES = {**settings.STORAGES, "default": on_disk(tmp_path)}
        assert [work("picture").status_code for _ in "ab"] == [202, 202]
        assert len([file for file in tmp_path.rglob("*") if file.is_file()]) == 1

    @pytest.mark.parametrize("end", ["refuse", "refuse_by_answer"])
    def test_refusal_leaves_what_it_leaves_without_a_key(self, end: str) -> None:
        assert [work(end).status_code for _ in "ab"] == [409, 409]
        assert (worked(), IdempotencyKey.objects.count()) == (2, 0)

    def test_streamed_answer_is_given_once(self) -> None:
        first, second = work("stream"), work("stream")
        assert b"".join(first.streaming_content) == b"ab"
        assert (second.status_code, second.json()["code"]) == (409, "answer_not_kept")
        assert worked() == 1

    def test_work_itself_may_wait_for_locks_as_long_as_ever(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SHOW lock_timeout")
            usual = cursor.fetchone()[0]
        assert work("timeout").json() == usual


@pytest.mark.django_db(transaction=True)
class TestCommit:
    def test_hooks_run_once_and_after_the_commit(self) -> None:
        for _ in range(3):
            work("fine")
        assert WorkView.told == ["committed"]

    @pytest.mark.parametrize("end", ["crash", "divide", "dangle"])
    def test_no_hook_runs_for_what_was_rolled_back(self, end: str) -> None:
        VendorFactory()
        status = 400 if end == "divide" else 500
        assert [work(end).status_code for _ in "ab"] == [status, status]
        assert (WorkView.told, worked(), IdempotencyKey.objects.count()) == ([], 0, 0)

    def test_when_the_first_of_twenty_fails_another_does_it(self) -> None:
        WorkView.fails = 1
        statuses = [answer.status_code for answer in alike(20, lambda: work("fine"))]
        assert sorted(statuses) == [202] * 19 + [500]
        assert (worked(), IdempotencyKey.objects.count()) == (1, 1)


@pytest.mark.django_db
class TestSecrets:
    def call(self, client: APIClient, name: str, user: User) -> Any:
        where = f"/api/v1/auth/{name}/"
        match name:
            case "token/refresh":
                body = {"refresh": client.tokens["refresh"]}
            case "password/change":
                body = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
            case _:
                body = {"username": user.username, "password": PASSWORD}
        return send(client, body, where=where)

    @pytest.mark.parametrize("name", ["token", "token/refresh", "admin/login", "password/change"])
    def test_tokens_are_given_once_and_kept_nowhere(
        self, name: str, sign_in: Any, assert_problem: Refusal
    ) -> None:
        user = UserFactory(is_admin=True)
        client = sign_in(user)
        first = self.call(client, name, user)
        assert first.status_code == 200, first.content
        before = list(Session.objects.order_by("pk").values())
        if name == "password/change":
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {first.json()['access']}")
        assert_problem(self.call(client, name, user), 409, "answer_not_kept", KEPT)
        assert list(Session.objects.order_by("pk").values()) == before
        row = IdempotencyKey.objects.values().get()
        assert (row["status"], row["headers"], row["body"]) == (200, {}, None)
        for secret in (*first.json().values(), client.tokens["refresh"], PASSWORD, NEW_PASSWORD):
            assert secret not in str(row)

    def test_reused_refresh_token_ends_the_session_though_it_is_refused(self) -> None:
        pair = pair_for(UserFactory())
        where, client = "/api/v1/auth/token/refresh/", APIClient()
        fresh = client.post(where, {"refresh": pair["refresh"]}).json()
        client.post(where, {"refresh": fresh["refresh"]})
        answer = send(client, {"refresh": pair["refresh"]}, where=where)
        assert (answer.status_code, answer.json()["code"]) == (401, "session_ended")
        assert Session.objects.get().revoked_at is not None

    def test_words_cannot_be_tried_out_on_what_is_kept(
        self, anonymous_client: APIClient, settings: Settings
    ) -> None:
        """Who has the table and not the server's key has nothing to compare a guess with."""
        body = {"email": "ann@example.com", "password": PASSWORD}
        where = "/api/v1/auth/register/"
        assert send(anonymous_client, body, where=where).status_code == 201
        settings.SECRET_KEY = "another-key-that-is-long-enough-for-hs256"
        assert send(anonymous_client, body, where=where).status_code == 422
