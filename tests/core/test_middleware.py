"""What happens to every request: its id, its line in the log, its size, its origin."""

import json
import re
from typing import Any

import pytest
import structlog
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from django.conf import settings as project
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.handlers.base import BaseHandler
from django.test import Client
from rest_framework.test import APIClient

from core.middleware.pages import CallsMiddleware
from core.once import IdempotencyMiddleware
from inventory.models import Collectible
from omni_stock.asgi import application
from tests.core.conftest import Refusal
from users.models import User

pytestmark = pytest.mark.django_db
ITEMS = "/api/v1/catalog/items/"
LOGIN = "/api/v1/auth/token/"
VERIFY = "/api/v1/auth/token/verify/"
MOST = 10 * 1024 * 1024
OWN_ID = re.compile(r"[0-9a-f]{32}")


def lines_of(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    events: list[Any] = [record.msg for record in caplog.records if record.name == "request"]
    return events


def written_lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """As they leave the process."""
    style: Any = project.LOGGING["formatters"]["structured"]
    machine = structlog.processors.JSONRenderer()
    formatter = structlog.stdlib.ProcessorFormatter(
        processors=[*style["processors"][:-1], machine],
        foreign_pre_chain=style["foreign_pre_chain"],
    )
    return [formatter.format(record) for record in caplog.records]


class TestRequestId:
    @pytest.mark.parametrize("claimed", ["a", "0", "trace-7.b_C", "x" * 128])
    def test_sane_one_is_taken(
        self, client: Client, caplog: pytest.LogCaptureFixture, claimed: str
    ) -> None:
        answer = client.get("/health/", headers={"X-Request-ID": claimed})
        assert answer["X-Request-ID"] == claimed
        assert [line["request_id"] for line in lines_of(caplog)] == [claimed]

    @pytest.mark.parametrize(
        "claimed",
        ["", " ", "x" * 129, "a b", "a\tb", "a\r\nSet-Cookie: b=c", "a\n", "é", "٣", "a;b", "<b>",
         "\x1b[31m", "a\x00"],
    )  # fmt: skip
    def test_any_other_is_replaced(
        self, client: Client, caplog: pytest.LogCaptureFixture, claimed: str
    ) -> None:
        answer = client.get("/health/", headers={"X-Request-ID": claimed})
        assert OWN_ID.fullmatch(answer["X-Request-ID"])
        assert [line["request_id"] for line in lines_of(caplog)] == [answer["X-Request-ID"]]

    def test_every_answer_has_one_of_its_own(self, client: Client) -> None:
        addresses = ["/health/", "/nothing/", ITEMS, "/api/docs/", "/admin/", "/robots.txt", "/"]
        ids = [client.get(address)["X-Request-ID"] for address in addresses]
        assert len(set(ids)) == len(addresses)
        assert all(map(OWN_ID.fullmatch, ids))


class TestLogLine:
    def test_says_who_what_and_how_it_ended(
        self, owner_client: APIClient, owner: User, caplog: pytest.LogCaptureFixture
    ) -> None:
        answer = owner_client.get(ITEMS)
        [line] = lines_of(caplog)
        assert line.pop("ms") > 0
        assert line.pop("timestamp").endswith("Z")
        assert line == {
            "event": "request",
            "logger": "request",
            "level": "info",
            "method": "GET",
            "path": ITEMS,
            "status": 200,
            "user_id": owner.pk,
            "request_id": answer["X-Request-ID"],
        }

    @pytest.mark.parametrize("address", [f"{ITEMS}?search=s3cret", "/nothing/?token=s3cret"])
    def test_has_neither_query_nor_headers_nor_body(
        self, owner_client: APIClient, caplog: pytest.LogCaptureFixture, address: str
    ) -> None:
        token = owner_client._credentials["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
        owner_client.get(address)
        owner_client.get(address, HTTP_COOKIE="c=s3cret", HTTP_REFERER="/s3cret")
        owner_client.post(LOGIN, {"username": "ann", "password": "s3cret"})
        written = "".join(written_lines(caplog))
        assert written.count('"event": "request"') == 3
        for kept_back in ("s3cret", token, token.split(".")[2], "Bearer"):
            assert kept_back not in written

    def test_cannot_be_forged_by_an_address(
        self, client: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        client.get("/%0A%7B%22event%22:%22forged%22%7D%0D%0A%1B%5B31m")
        [line] = "".join(written_lines(caplog)).splitlines()
        assert json.loads(line)["path"] == '/\n{"event":"forged"}\r\n\x1b[31m'

    def test_names_the_user_of_a_session(
        self, client: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        staff = User.objects.create_superuser("staff", "staff@example.com", "long-enough-2")
        client.force_login(staff)
        client.get("/admin/")
        assert lines_of(caplog)[-1]["user_id"] == staff.pk

    def test_asks_the_database_for_nobody(
        self, client: Client, django_assert_num_queries: Any
    ) -> None:
        client.cookies["sessionid"] = "abcdefghijklmnopqrstuvwxyz012345"
        with django_assert_num_queries(0):
            assert client.get("/health/").status_code == 200


def test_calls_go_past_all_that_is_for_pages() -> None:
    handler = BaseHandler()
    handler.load_middleware()
    each: Any = handler._middleware_chain
    while not isinstance(each.__wrapped__, CallsMiddleware):
        each = each.__wrapped__.get_response
    assert isinstance(each.__wrapped__.for_pages.__wrapped__, SessionMiddleware)
    assert isinstance(each.__wrapped__.for_calls.__wrapped__, IdempotencyMiddleware)


class TestSize:
    def test_ten_megabytes_are_read(self, owner_client: APIClient) -> None:
        head, tail = b'{"name": "x", "attributes": {"a": "', b'"}}'
        body = head + b"a" * (MOST - len(head) - len(tail)) + tail
        answer = owner_client.generic("POST", ITEMS, body, content_type="application/json")
        [error] = answer.json()["errors"]
        assert (len(body), answer.status_code, error["code"]) == (MOST, 400, "too_large")

    def test_one_byte_more_is_413(self, owner_client: APIClient, assert_problem: Refusal) -> None:
        body = b'{"name": "x"}'.ljust(MOST + 1)
        answer = owner_client.generic("POST", ITEMS, body, content_type="application/json")
        assert_problem(answer, 413, "request_too_large", "Request too large")
        assert answer.json()["error"] == "Request too large"
        assert not Collectible.objects.exists()

    @pytest.mark.parametrize("address", ["/nothing/", LOGIN, "/admin/login/", "/health/"])
    def test_limit_holds_at_every_address(self, client: Client, address: str) -> None:
        answer = client.post(address, b"", "application/json", CONTENT_LENGTH=str(MOST + 1))
        assert answer.status_code == 413

    @pytest.mark.parametrize("length", ["", "abc", "²", "1e9", "0"])
    def test_length_that_is_none_means_no_body(self, owner_client: APIClient, length: str) -> None:
        answer = owner_client.post(ITEMS, {"name": "x"}, CONTENT_LENGTH=length)
        assert answer.json()["errors"][0]["code"] == "required"

    def test_length_of_any_size_is_413(self, owner_client: APIClient) -> None:
        assert owner_client.post(ITEMS, CONTENT_LENGTH="9" * 5000).status_code == 413

    @pytest.mark.parametrize(("size", "status"), [(0, 401), (MOST, 413)])
    def test_chunked_body_under_asgi_arrives_or_is_413(self, size: int, status: int) -> None:
        body = json.dumps({"token": "x" * (size or 1)}).encode()
        assert async_to_sync(post_in_chunks)(body) == status


async def post_in_chunks(body: bytes) -> int:
    """To a door that writes nothing: the thread behind it commits, and no test takes it back."""
    headers = {
        "host": "testserver",
        "content-type": "application/json",
        "transfer-encoding": "chunked",
    }
    scope = {
        "type": "http", "http_version": "1.1", "method": "POST", "path": VERIFY,
        "query_string": b"", "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
    }  # fmt: skip
    caller = ApplicationCommunicator(application, scope)
    half = len(body) // 2
    await caller.send_input({"type": "http.request", "body": body[:half], "more_body": True})
    await caller.send_input({"type": "http.request", "body": body[half:]})
    start = await caller.receive_output(timeout=10)
    status: int = start["status"]
    return status


WEB = ["https://omni-stock.vercel.app", "http://localhost:5173", "http://localhost:5174"]
FOREIGN = ["https://evil.example", "http://localhost:5175", "https://localhost:5173", "null",
           "https://omni-stock.vercel.app.evil.example"]  # fmt: skip

EXPOSED = {"Content-Disposition", "Content-Language", "Deprecation", "ETag", "Idempotent-Replayed",
           "Link", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "Sunset",
           "X-API-Version", "X-Request-ID"}  # fmt: skip
ALLOWED = {"authorization", "content-type", "content-digest", "idempotency-key", "if-match",
           "if-none-match", "x-request-id"}  # fmt: skip


class TestOrigins:
    @pytest.mark.parametrize("origin", WEB)
    def test_our_own_pages_may_call_with_credentials(self, client: Client, origin: str) -> None:
        answer = client.get(ITEMS, headers={"Origin": origin})
        assert answer["Access-Control-Allow-Origin"] == origin
        assert answer["Access-Control-Allow-Credentials"] == "true"
        assert set(answer["Access-Control-Expose-Headers"].split(", ")) == EXPOSED
        assert "origin" in answer["Vary"].lower()

    @pytest.mark.parametrize("origin", WEB)
    def test_our_own_pages_may_ask_before(self, client: Client, origin: str) -> None:
        headers = {
            "Origin": origin,
            "Access-Control-Request-Method": "PATCH",
            "Access-Control-Request-Headers": "authorization,content-type",
        }
        answer = client.options(f"{ITEMS}1/", headers=headers)
        assert (answer.status_code, answer["Access-Control-Allow-Origin"]) == (200, origin)
        assert "PATCH" in answer["Access-Control-Allow-Methods"]
        assert set(answer["Access-Control-Allow-Headers"].split(", ")) >= ALLOWED
        assert answer["Access-Control-Max-Age"] == "86400"
        assert answer["X-Request-ID"]

    @pytest.mark.parametrize("address", ["/admin/login/", "/", "/static/x.css", "/robots.txt"])
    def test_pages_are_for_nobody_else(self, client: Client, address: str) -> None:
        answer = client.get(address, headers={"Origin": WEB[0]})
        assert not [name for name in answer.headers if name.startswith("Access-Control")]

    @pytest.mark.parametrize("address", [ITEMS, "/media/x", "/health/", "/nothing/"])
    def test_refusals_reach_our_pages_where_the_api_is(self, client: Client, address: str) -> None:
        answer = client.get(address, headers={"Origin": WEB[0]})
        assert ("Access-Control-Allow-Origin" in answer) == (address != "/nothing/")

    @pytest.mark.parametrize("origin", FOREIGN)
    @pytest.mark.parametrize("method", ["get", "options"])
    def test_other_pages_may_not(self, client: Client, origin: str, method: str) -> None:
        headers = {"Origin": origin, "Access-Control-Request-Method": "GET"}
        answer = getattr(client, method)(ITEMS, headers=headers)
        assert not [name for name in answer.headers if name.startswith("Access-Control-Allow")]
