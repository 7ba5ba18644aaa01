"""The headers that restrict browsers, on every answer, and what Mozilla's Observatory would say."""

import re
from collections.abc import Iterator
from functools import partial
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver
from pytest_django import Settings
from rest_framework.test import APIClient

from core.middleware.headers import DATA_POLICY, FIXED
from tests.flows.world import patterns

pytestmark = pytest.mark.django_db
ITEMS = "/api/v1/catalog/items/"
YEAR = 31_536_000
METHODS = ["get", "head", "options", "post", "put", "patch", "delete", "trace"]


def routes() -> list[str]:
    """Every address, its parameters filled with something."""
    found = [path for path, _entry in patterns(get_resolver().url_patterns)]
    plain = [re.sub(r"\(\?P<[^>]+>[^)]*\)", "x", path).replace("\\", "") for path in found]
    return ["/" + re.sub(r"<[^>]+>", "1", path).strip("^$") for path in plain]


def require_all(answer: Any) -> None:
    told = answer.headers
    assert {name: told.get(name) for name in FIXED} == FIXED
    assert "default-src 'none'" in told["Content-Security-Policy"]
    assert "unsafe" not in told["Content-Security-Policy"]
    assert told["Cross-Origin-Resource-Policy"] in {"same-origin", "cross-origin"}
    assert told["Cache-Control"]
    assert told["X-Request-ID"]


@pytest.fixture
def in_production(settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = YEAR
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    settings.SECURE_HSTS_PRELOAD = True
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True


class TestEveryRoute:
    def test_has_all_headers_by_every_method(self, owner_client: APIClient) -> None:
        addresses = [*routes(), "/nothing/", "/static/admin/css/base.css"]
        assert len(addresses) > 80
        assert {"/", ITEMS, f"{ITEMS}1/", "/media/x", "/health/", "/admin/login/"} <= set(addresses)
        for address in addresses:
            for method in METHODS:
                require_all(owner_client.generic(method.upper(), address))

    def test_has_them_for_a_stranger(self, client: Client) -> None:
        for address in routes():
            require_all(client.get(address))


def refusals(
    client: Client, settings: Settings, *, secure: bool = False
) -> Iterator[tuple[int, Any]]:
    """Answers made by middlewares, by Django's handlers, and by views."""
    client.raise_request_exception = False
    send = partial(client.generic, secure=secure)
    yield 400, send("GET", ITEMS, headers={"host": "evil.example"})
    yield 401, send("GET", ITEMS)
    yield 404, send("GET", "/nothing/")
    yield 405, send("POST", "/health/")
    yield 413, send("POST", ITEMS, CONTENT_LENGTH="99999999")
    yield 415, send("POST", ITEMS, b"x", HTTP_CONTENT_ENCODING="br")
    settings.ROOT_URLCONF = "tests.core.test_problems_raised"
    yield 500, send("GET", "/page/")


def test_refusals_have_them_too(client: Client, settings: Settings) -> None:
    for status, answer in refusals(client, settings):
        assert answer.status_code == status
        require_all(answer)
        assert answer["Content-Security-Policy"] == DATA_POLICY


def test_preflights_and_redirects_have_them(client: Client, in_production: None) -> None:
    asked = {"Origin": "http://localhost:5173", "Access-Control-Request-Method": "GET"}
    require_all(client.options(ITEMS, headers=asked, secure=True))
    answer = client.get(ITEMS)
    assert (answer.status_code, answer["Location"]) == (301, f"https://testserver{ITEMS}")
    require_all(answer)


class TestTransport:
    def test_is_told_on_secure_lines_only(self, client: Client, in_production: None) -> None:
        header = "Strict-Transport-Security"
        told = client.get("/health/", secure=True)[header]
        assert told == f"max-age={YEAR}; includeSubDomains; preload"
        assert header not in client.get("/health/")
        assert client.get(ITEMS, secure=True, headers={"host": "evil.example"})[header] == told

    def test_preload_is_a_setting(
        self, client: Client, settings: Settings, in_production: None
    ) -> None:
        settings.SECURE_HSTS_PRELOAD = False
        told = client.get("/health/", secure=True)["Strict-Transport-Security"]
        assert told == f"max-age={YEAR}; includeSubDomains"

    def test_zero_seconds_say_nothing(self, client: Client) -> None:
        assert "Strict-Transport-Security" not in client.get("/health/", secure=True)


@pytest.mark.parametrize(
    ("address", "readers"),
    [("/media/items/1/x.webp", "cross-origin"), (ITEMS, "same-origin"), ("/", "same-origin"),
     ("/mediathek/", "same-origin")],
)  # fmt: skip
def test_only_pictures_are_shown_by_pages_of_others(
    client: Client, address: str, readers: str
) -> None:
    assert client.get(address)["Cross-Origin-Resource-Policy"] == readers


def score(answer: Any, plain: Any) -> int:
    """The Observatory's table: bonuses count for who is at 90 without them."""
    told, csp = answer.headers, answer.headers.get("Content-Security-Policy", "")
    policy = {name: rest for name, _, rest in (p.strip().partition(" ") for p in csp.split(";"))}
    hsts = re.search(r"max-age=(\d+)", told.get("Strict-Transport-Security", ""))
    cookies = SimpleCookie(answer.cookies)
    secure = all(c["secure"] and c["httponly"] and c["samesite"] for c in cookies.values())
    open_to_all = told.get("Access-Control-Allow-Origin") == "*"
    penalties = {
        "no policy": -25 if not csp else 0,
        "inline scripts": -20 if "unsafe" in policy.get("script-src", "") else 0,
        "frames": -20 if "X-Frame-Options" not in told and "frame-ancestors" not in policy else 0,
        "transport": -20 if not hsts or int(hsts[1]) < YEAR / 2 else 0,
        "sniffing": -5 if told.get("X-Content-Type-Options") != "nosniff" else 0,
        "cookies": -40 if not secure else 0,
        "CORS": -50 if open_to_all else 0,
        "plain HTTP": -20 if plain.get("Location", "")[:8] != "https://" else 0,
    }
    bonuses = {
        "policy": 10 if policy.get("default-src") == "'none'" and "unsafe" not in csp else 0,
        "frames": 5 if "frame-ancestors" in policy else 0,
        "referrer": 5 if told.get("Referrer-Policy") in {"same-origin", "no-referrer"} else 0,
        "resources": 10 if told.get("Cross-Origin-Resource-Policy") == "same-origin" else 0,
        "opener": 10 if told.get("Cross-Origin-Opener-Policy") == "same-origin" else 0,
        "embedder": 10 if told.get("Cross-Origin-Embedder-Policy") == "require-corp" else 0,
        "cookies": 5 if cookies and secure else 0,
    }
    base = 100 + sum(penalties.values())
    return base + sum(bonuses.values()) if base >= 90 else base


class TestObservatory:
    def test_gives_the_api_the_best_mark(
        self, owner_client: APIClient, in_production: None
    ) -> None:
        plain = owner_client.get(ITEMS)
        answer = owner_client.get(ITEMS, secure=True)
        assert (answer.status_code, score(answer, plain)) == (200, 150)

    def test_gives_it_to_every_refusal(
        self, client: Client, settings: Settings, in_production: None
    ) -> None:
        plain = client.get(ITEMS)
        for status, answer in refusals(client, settings, secure=True):
            assert (answer.status_code, score(answer, plain)) == (status, 150)

    def test_gives_it_to_who_asked_too_often(
        self, owner_client: APIClient, settings: Settings, in_production: None
    ) -> None:
        settings.RATE_LIMIT_ENABLED = True
        rates = {**settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], "burst": "1/minute"}
        settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}
        for _ in range(2):
            answer = owner_client.get(ITEMS, secure=True)
        assert (answer.status_code, score(answer, owner_client.get(ITEMS))) == (429, 150)

    @pytest.mark.parametrize(
        ("address", "mark"),
        [("/admin/login/", 155), ("/api/docs/", 155), ("/api/redoc/", 150), ("/", 150),
         ("/api/docs/errors/", 150)],
    )  # fmt: skip
    def test_gives_pages_as_much(
        self, client: Client, in_production: None, address: str, mark: int
    ) -> None:
        plain = client.get(address)
        assert score(client.get(address, secure=True), plain) == mark

    def test_would_see_what_is_missing(self, client: Client) -> None:
        """The table takes marks away: here for plain HTTP and for no strict transport."""
        assert score(client.get("/health/"), client.get("/health/")) == 60
