"""The SPA, as a browser runs it: over a socket, from another origin, asking before it sends."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.client import HTTPConnection
from threading import Barrier
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db.models import F
from pytest_django.live_server_helper import LiveServer

from users.models import Session

pytestmark = pytest.mark.django_db(transaction=True)
SPA = "http://localhost:5173"
API = "/api/v1"
# What a browser sends without asking, and what it shows a script without being told to.
SIMPLE_METHODS = {"GET", "HEAD", "POST"}
SHOWN = {"cache-control", "content-language", "content-length", "content-type", "expires"}
ANN = {"email": "ann@example.com", "password": "shelf-of-blue-bricks"}


class Blocked(Exception):
    """A browser would have kept this from the script."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: Any


def listed(answer: Answer, header: str) -> set[str]:
    text = answer.headers.get(f"access-control-{header}", "")
    return {each.strip().lower() for each in text.split(",")}


@dataclass
class Tab:
    """`fetch(..., {credentials: "include"})` in one tab, with the tokens it knows."""

    server: str
    origin: str = SPA
    pair: dict[str, str] = field(default_factory=dict)

    def fetch(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        if body is not None:
            headers["Content-Type"] = "application/json"
        asked = {name.lower() for name in headers}
        if asked or method not in SIMPLE_METHODS:
            self._ask_first(method, path, asked)
        answer = self._send(method, path, headers, None if body is None else json.dumps(body))
        self._require_allowed(answer)
        readable = SHOWN | listed(answer, "expose-headers")
        shown = {name: value for name, value in answer.headers.items() if name in readable}
        return Answer(answer.status, shown, json.loads(answer.body) if answer.body else None)

    def call(self, method: str, path: str, body: Any = None) -> Answer:
        """With the access token."""
        return self.fetch(method, path, body, Authorization=f"Bearer {self.pair['access']}")

    def _ask_first(self, method: str, path: str, headers: set[str]) -> None:
        wanted = {
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": ",".join(sorted(headers)),
        }
        answer = self._send("OPTIONS", path, wanted, None)
        self._require_allowed(answer)
        allowed = method in SIMPLE_METHODS or method.lower() in listed(answer, "allow-methods")
        if not 200 <= answer.status < 300 or not allowed:
            raise Blocked(f"{method} {path}: {answer.status}")
        if refused := headers - listed(answer, "allow-headers"):
            raise Blocked(f"{refused} {path}")

    def _require_allowed(self, answer: Answer) -> None:
        """`*` is not enough for who sends credentials."""
        told = answer.headers
        if told.get("access-control-allow-origin") != self.origin:
            raise Blocked(f"not for {self.origin}")
        if told.get("access-control-allow-credentials") != "true":
            raise Blocked("not with credentials")

    def _send(self, method: str, path: str, headers: dict[str, str], body: str | None) -> Answer:
        line = HTTPConnection(urlsplit(self.server).netloc, timeout=30)
        try:
            line.request(method, API + path, body, {"Origin": self.origin, **headers})
            answer = line.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, told, answer.read().decode())
        finally:
            line.close()


@pytest.fixture
def tab(live_server: LiveServer) -> Tab:
    """Signed in, in the account that was just made."""
    tab = Tab(live_server.url)
    assert tab.fetch("POST", "/auth/register/", ANN).status == 201
    tab.pair = tab.fetch("POST", "/auth/token/", ANN).body
    return tab


def same_moment(*calls: Callable[[], Answer]) -> list[Answer]:
    gate = Barrier(len(calls), timeout=30)

    def run(call: Callable[[], Answer]) -> Answer:
        gate.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def outcome(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.body["code"]


def test_from_the_first_page_to_the_last(live_server: LiveServer) -> None:
    tab = Tab(live_server.url)
    taken = tab.fetch("POST", "/auth/register/check-email/", {"email": ANN["email"]})
    assert taken.body == {"available": True}
    made = tab.fetch("POST", "/auth/register/", {**ANN, "company_name": "Brick & Card"})
    assert (made.status, set(made.body)) == (201, {"id", "username", "email"})
    tab.pair = tab.fetch("POST", "/auth/token/", ANN).body
    me = tab.call("GET", "/auth/me/").body
    assert (me["id"], me["active_vendor"]["name"]) == (made.body["id"], "Brick & Card")
    assert tab.call("PATCH", "/auth/me/", {"first_name": "Ann"}).body["first_name"] == "Ann"
    item = tab.call("POST", "/catalog/items/", {"name": "Café Corner"})
    assert (item.status, item.body["vendor"]) == (201, me["active_vendor"]["id"])
    assert tab.call("DELETE", f"/catalog/items/{item.body['id']}/").status == 204
    first = tab.pair
    tab.pair = tab.fetch("POST", "/auth/token/refresh/", {"refresh": first["refresh"]}).body
    assert tab.call("GET", "/auth/sessions/").body["count"] == 1
    assert tab.fetch("POST", "/auth/logout/", {"refresh": tab.pair["refresh"]}).status == 204
    for pair in (first, tab.pair):
        tab.pair = pair
        assert outcome(tab.call("GET", "/auth/me/")) == (401, "session_ended")


def test_two_tabs_that_refresh_at_the_same_moment_both_go_on(tab: Tab) -> None:
    other = replace(tab)
    body = {"refresh": tab.pair["refresh"]}
    first, second = same_moment(
        *[
            lambda each=each: each.fetch("POST", "/auth/token/refresh/", body)
            for each in (tab, other)
        ]
    )
    assert (first.status, second.status) == (200, 200)
    assert first.body == second.body
    tab.pair = other.pair = first.body
    for each in (tab, other):
        assert each.call("GET", "/auth/me/").status == 200
    assert Session.objects.get().revoked_at is None


def test_who_comes_with_the_old_token_after_the_grace_ends_it_for_both(tab: Tab) -> None:
    thief = replace(tab)
    body = {"refresh": thief.pair["refresh"]}
    tab.pair = tab.fetch("POST", "/auth/token/refresh/", body).body
    assert tab.call("GET", "/auth/me/").status == 200
    Session.objects.update(last_used_at=F("last_used_at") - timedelta(seconds=31))
    assert outcome(thief.fetch("POST", "/auth/token/refresh/", body)) == (401, "session_ended")
    for each in (tab, thief):
        assert outcome(each.call("GET", "/auth/me/")) == (401, "session_ended")
    again = tab.fetch("POST", "/auth/token/refresh/", {"refresh": tab.pair["refresh"]})
    assert outcome(again) == (401, "session_ended")
    tab.pair = tab.fetch("POST", "/auth/token/", ANN).body
    assert tab.call("GET", "/auth/me/").status == 200


def test_script_can_read_what_a_refusal_says(tab: Tab, settings: Any) -> None:
    settings.RATE_LIMIT_ENABLED = True
    wrong = {**ANN, "password": "not-the-one"}
    answers = [tab.fetch("POST", "/auth/token/", wrong) for _ in range(6)]
    assert [answer.status for answer in answers] == [401] * 5 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0
    for answer in [*answers, tab.call("GET", "/catalog/items/0/"), tab.call("GET", "/nowhere/")]:
        assert answer.headers["x-request-id"] == answer.body["request_id"]


def test_script_may_name_its_request(tab: Tab) -> None:
    answer = tab.fetch("GET", "/auth/me/", **{"X-Request-ID": "from-the-spa"})
    assert (answer.status, answer.body["request_id"]) == (401, "from-the-spa")


@pytest.mark.parametrize("origin", ["http://localhost:5174", "https://omni-stock.vercel.app"])
def test_other_front_ends_of_ours_are_served(live_server: LiveServer, origin: str) -> None:
    asked = Tab(live_server.url, origin).fetch(
        "POST", "/auth/register/check-email/", {"email": ANN["email"]}
    )
    assert asked.body == {"available": True}


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "http://localhost:5175", "https://omni-stock.vercel.app.evil.example",
     "http://omni-stock.vercel.app", "null"],
)  # fmt: skip
def test_other_sites_are_not(tab: Tab, origin: str) -> None:
    tab.origin = origin
    with pytest.raises(Blocked):
        tab.call("GET", "/auth/me/")
    with pytest.raises(Blocked):
        tab.fetch("GET", "/auth/me/")
