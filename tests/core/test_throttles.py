"""How many calls are served, to whom, and when the next one is."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import include, path
from pytest_django import Settings
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient
from rest_framework.views import APIView

from omni_stock.urls import urlpatterns as real_addresses
from tests.core.conftest import Refusal
from tests.core.limits import pass_time, served, set_rates
from tests.factories import PASSWORD
from users.models import User

pytestmark = pytest.mark.django_db
ITEMS = "/api/v1/catalog/items/"
LOGIN = "/api/v1/auth/token/"
SIGN_UP = "/api/v1/auth/register/"
CALLS = {
    "login": (LOGIN, {"username": "ann", "password": "wrong"}, 5),
    "signup": (SIGN_UP, {"email": "no address"}, 3),
    "code": ("/api/v1/auth/password/reset/", {"email": "ann@example.com"}, 3),
    "check_email": ("/api/v1/auth/register/check-email/", {"email": "ann@example.com"}, 5),
}


class PublicView(APIView):
    """What anybody may read; the API itself has only doors with rates of their own."""

    permission_classes = [AllowAny]

    def get(self, request: Request) -> Response:
        return Response({})


urlpatterns = [path("public/", PublicView.as_view()), path("", include(real_addresses))]


@pytest.fixture(autouse=True)
def _limits_are_on(settings: Settings) -> None:
    settings.RATE_LIMIT_ENABLED = True
    settings.ROOT_URLCONF = __name__


def log_in(client: APIClient, password: str = PASSWORD[1:], name: str = "ann", **extra: Any) -> Any:
    return client.post(LOGIN, {"username": name, "password": password}, **extra)


def sign_up(client: APIClient, number: int, **extra: Any) -> Any:
    body = {"email": f"new{number}@example.com", "password": PASSWORD}
    return client.post(SIGN_UP, body, **extra)


class TestSignedIn:
    def test_last_of_100_calls_in_a_row_is_429(
        self, owner_client: APIClient, assert_problem: Refusal
    ) -> None:
        assert served(owner_client, 99) == 60
        answer = owner_client.get(ITEMS)
        wait = answer["Retry-After"]
        assert 0 < int(wait) <= 60
        detail = f"Request was throttled. Expected available in {wait} seconds."
        assert_problem(answer, 429, "throttled", detail)

    def test_place_is_free_when_the_first_call_is_a_minute_old(
        self, owner_client: APIClient
    ) -> None:
        served(owner_client, 1)
        pass_time(20)
        assert served(owner_client, 60) == 59
        assert int(owner_client.get(ITEMS)["Retry-After"]) <= 40
        pass_time(40)
        assert served(owner_client, 2) == 1

    def test_hour_has_its_own_limit(
        self, owner: User, sign_in: Callable[[User], APIClient], settings: Settings
    ) -> None:
        set_rates(settings, user="70/hour")
        assert served(sign_in(owner), 60) == 60
        pass_time(60)
        assert served(sign_in(owner), 11) == 10
        pass_time(60)
        assert served(sign_in(owner), 1) == 0
        pass_time(3600)
        assert served(sign_in(owner), 1) == 1

    def test_one_users_calls_are_not_anothers(
        self, owner_client: APIClient, stranger_client: APIClient, settings: Settings
    ) -> None:
        set_rates(settings, burst="3/minute")
        assert served(owner_client, 4) == 3
        assert served(stranger_client, 4) == 3

    def test_another_address_is_no_fresh_start(
        self, owner_client: APIClient, settings: Settings
    ) -> None:
        set_rates(settings, burst="3/minute")
        assert served(owner_client, 3) == 3
        assert served(owner_client, 1, REMOTE_ADDR="10.9.9.9") == 0

    def test_refused_calls_count_under_no_limit(
        self, owner_client: APIClient, settings: Settings
    ) -> None:
        set_rates(settings, burst="3/minute", user="6/hour")
        assert served(owner_client, 9) == 3
        pass_time(60)
        assert served(owner_client, 9) == 3


class TestAnybody:
    def test_address_has_60_calls_a_minute_and_100_an_hour(
        self, anonymous_client: APIClient
    ) -> None:
        assert served(anonymous_client, 60, "/public/") == 60
        pass_time(60)
        assert served(anonymous_client, 60, "/public/") == 40
        answer = anonymous_client.get("/public/")
        assert answer.status_code == 429
        assert 60 < int(answer["Retry-After"]) <= 3540
        assert served(anonymous_client, 1, "/public/", REMOTE_ADDR="10.9.9.9") == 1

    def test_signing_in_is_another_count(
        self, anonymous_client: APIClient, owner_client: APIClient, settings: Settings
    ) -> None:
        set_rates(settings, anon="2/hour", user="2/hour")
        assert served(anonymous_client, 3, "/public/") == 2
        assert served(owner_client, 3, "/public/") == 2


class TestDoors:
    @pytest.mark.parametrize("scope", CALLS)
    def test_door_closes_after_so_many_calls_and_opens_after_a_minute(
        self, anonymous_client: APIClient, scope: str
    ) -> None:
        address, body, rate = CALLS[scope]
        statuses = [anonymous_client.post(address, body).status_code for _ in range(rate + 1)]
        assert 429 not in statuses[:-1]
        assert statuses[-1] == 429
        pass_time(60)
        assert anonymous_client.post(address, body).status_code == statuses[0]

    def test_fourth_account_within_a_minute_is_429(self, anonymous_client: APIClient) -> None:
        statuses = [sign_up(anonymous_client, n).status_code for n in range(4)]
        assert statuses == [201, 201, 201, 429]
        assert User.objects.count() == 3

    def test_tries_at_one_door_do_not_close_another(self, anonymous_client: APIClient) -> None:
        for _ in range(6):
            log_in(anonymous_client)
        assert sign_up(anonymous_client, 1).status_code == 201


class TestSettings:
    def test_switched_off_means_none(
        self, owner_client: APIClient, anonymous_client: APIClient, settings: Settings
    ) -> None:
        settings.RATE_LIMIT_ENABLED = False
        assert served(owner_client, 70) == 70
        assert "RateLimit" not in owner_client.get(ITEMS)
        assert {log_in(anonymous_client).status_code for _ in range(10)} == {401}
        assert {sign_up(anonymous_client, n).status_code for n in range(10)} == {201}

    def test_rates_are_read_when_they_are_used(
        self, owner_client: APIClient, settings: Settings
    ) -> None:
        set_rates(settings, burst="2/minute")
        assert served(owner_client, 3) == 2
        set_rates(settings, burst="5/minute")
        assert served(owner_client, 4) == 3
        set_rates(settings, burst="2/minute")
        assert served(owner_client, 1) == 0

    @pytest.mark.parametrize("address", ["/health/", "/health/ready/", "/robots.txt"])
    def test_probes_are_never_refused(self, anonymous_client: APIClient, address: str) -> None:
        statuses = {anonymous_client.get(address).status_code for _ in range(70)}
        assert statuses <= {200, 503}
