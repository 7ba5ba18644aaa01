"""How many calls are served, to whom, and when the next one is."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.urls import include, path
from pytest_django import Settings
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient
from rest_framework.views import APIView

from omni_stock.urls import urlpatterns as real_addresses
from tests.core.conftest import Refusal
from tests.factories import PASSWORD
from users.models import User

pytestmark = pytest.mark.django_db
ITEMS = "/api/v1/catalog/items/"
LOGIN = "/api/v1/auth/token/"
SIGN_UP = "/api/v1/auth/register/"
Clock = time_machine.Traveller


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


@pytest.fixture
def clock() -> Iterator[Clock]:
    with time_machine.travel(datetime.now(UTC), tick=False) as traveller:
        yield traveller


@pytest.fixture
def set_rates(settings: Settings) -> Callable[..., None]:
    def set_them(**rates: str) -> None:
        old = settings.REST_FRAMEWORK
        rates = {**old["DEFAULT_THROTTLE_RATES"], **rates}
        settings.REST_FRAMEWORK = {**old, "DEFAULT_THROTTLE_RATES": rates}

    return set_them


def served(client: APIClient, calls: int, address: str = ITEMS, **extra: Any) -> int:
    """How many of so many calls in a row were not refused for their number."""
    return [client.get(address, **extra).status_code for _ in range(calls)].count(200)


def log_in(client: APIClient, password: str = PASSWORD[1:], name: str = "ann", **extra: Any) -> Any:
    return client.post(LOGIN, {"username": name, "password": password}, **extra)


def sign_up(client: APIClient, number: int, **extra: Any) -> Any:
    body = {"email": f"new{number}@example.com", "password": PASSWORD}
    return client.post(SIGN_UP, body, **extra)


class TestSignedIn:
    def test_last_of_100_calls_in_a_row_is_429(
        self, clock: Clock, owner_client: APIClient, assert_problem: Refusal
    ) -> None:
        assert served(owner_client, 99) == 60
        answer = owner_client.get(ITEMS)
        detail = "Request was throttled. Expected available in 60 seconds."
        assert_problem(answer, 429, "throttled", detail)
        assert answer["Retry-After"] == "60"

    def test_retry_after_is_true(self, clock: Clock, owner_client: APIClient) -> None:
        served(owner_client, 1)
        clock.shift(20)
        served(owner_client, 59)
        wait = int(owner_client.get(ITEMS)["Retry-After"])
        assert wait == 40
        clock.shift(wait - 1)
        assert served(owner_client, 1) == 0
        clock.shift(1)
        assert served(owner_client, 2) == 1

    def test_hour_has_its_own_limit(
        self,
        clock: Clock,
        owner: User,
        sign_in: Callable[[User], APIClient],
        set_rates: Callable[..., None],
    ) -> None:
        set_rates(user="70/hour")
        assert served(sign_in(owner), 60) == 60
        clock.shift(61)
        assert served(sign_in(owner), 11) == 10
        clock.shift(61)
        assert served(sign_in(owner), 1) == 0
        clock.shift(timedelta(hours=1))
        assert served(sign_in(owner), 1) == 1

    def test_one_users_calls_are_not_anothers(
        self, clock: Clock, owner_client: APIClient, stranger_client: APIClient
    ) -> None:
        assert served(owner_client, 61) == 60
        assert served(stranger_client, 61) == 60

    def test_another_address_is_no_fresh_start(self, clock: Clock, owner_client: APIClient) -> None:
        assert served(owner_client, 60) == 60
        assert served(owner_client, 1, REMOTE_ADDR="10.9.9.9") == 0

    def test_refused_calls_do_not_put_off_the_next_one(
        self, clock: Clock, owner_client: APIClient
    ) -> None:
        served(owner_client, 90)
        clock.shift(60)
        assert served(owner_client, 1) == 1


class TestAnybody:
    def test_address_has_60_calls_a_minute_and_100_an_hour(
        self, clock: Clock, anonymous_client: APIClient
    ) -> None:
        assert served(anonymous_client, 60, "/public/") == 60
        clock.shift(60)
        assert served(anonymous_client, 60, "/public/") == 40
        answer = anonymous_client.get("/public/")
        assert (answer.status_code, answer["Retry-After"]) == (429, str(3600 - 60))
        assert served(anonymous_client, 1, "/public/", REMOTE_ADDR="10.9.9.9") == 1

    @pytest.mark.parametrize("header", ["203.0.113.{}", "203.0.113.{}, 10.0.0.1", "x{}", ""])
    def test_forwarded_for_is_not_believed(
        self, clock: Clock, anonymous_client: APIClient, header: str
    ) -> None:
        statuses = [
            log_in(anonymous_client, HTTP_X_FORWARDED_FOR=header.format(n)).status_code
            for n in range(8)
        ]
        assert statuses == [401] * 5 + [429] * 3

    def test_forwarded_for_of_our_own_proxy_is_believed(
        self, clock: Clock, anonymous_client: APIClient, settings: Settings
    ) -> None:
        settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": 1}
        for _ in range(5):
            log_in(anonymous_client, HTTP_X_FORWARDED_FOR="1.1.1.1, 203.0.113.7")
        claims = ["2.2.2.2, 203.0.113.7", "203.0.113.7", "203.0.113.8"]
        statuses = [
            log_in(anonymous_client, name="bob", HTTP_X_FORWARDED_FOR=claim).status_code
            for claim in claims
        ]
        assert statuses == [429, 429, 401]


class TestDoors:
    def test_sixth_log_in_within_a_minute_is_429_even_with_the_right_password(
        self, clock: Clock, anonymous_client: APIClient, owner: User, assert_problem: Refusal
    ) -> None:
        User.objects.filter(pk=owner.pk).update(username="ann")
        assert [log_in(anonymous_client).status_code for _ in range(5)] == [401] * 5
        answer = log_in(anonymous_client, PASSWORD)
        detail = "Request was throttled. Expected available in 60 seconds."
        assert_problem(answer, 429, "throttled", detail)
        elsewhere = {"REMOTE_ADDR": "10.9.9.9"}
        assert log_in(anonymous_client, PASSWORD, **elsewhere).status_code == 429
        assert log_in(anonymous_client, name="bob", **elsewhere).status_code == 401
        clock.shift(60)
        assert log_in(anonymous_client, PASSWORD).status_code == 200

    def test_fourth_account_within_a_minute_is_429(
        self, clock: Clock, anonymous_client: APIClient
    ) -> None:
        statuses = [sign_up(anonymous_client, n).status_code for n in range(4)]
        assert statuses == [201, 201, 201, 429]
        assert User.objects.count() == 3
        clock.shift(60)
        assert sign_up(anonymous_client, 4).status_code == 201

    def test_tries_at_one_door_do_not_close_another(
        self, clock: Clock, anonymous_client: APIClient
    ) -> None:
        for _ in range(6):
            log_in(anonymous_client)
        assert sign_up(anonymous_client, 1).status_code == 201


class TestSettings:
    def test_switched_off_means_none(
        self, owner_client: APIClient, anonymous_client: APIClient, settings: Settings
    ) -> None:
        settings.RATE_LIMIT_ENABLED = False
        assert served(owner_client, 100) == 100
        assert {log_in(anonymous_client).status_code for _ in range(10)} == {401}
        assert {sign_up(anonymous_client, n).status_code for n in range(10)} == {201}

    def test_rates_are_read_when_they_are_used(
        self, clock: Clock, owner_client: APIClient, set_rates: Callable[..., None]
    ) -> None:
        set_rates(burst="2/minute")
        assert served(owner_client, 3) == 2
        set_rates(burst="5/minute")
        assert served(owner_client, 4) == 3

    @pytest.mark.parametrize("address", ["/health/", "/health/ready/", "/robots.txt"])
    def test_probes_are_never_refused(self, anonymous_client: APIClient, address: str) -> None:
        statuses = {anonymous_client.get(address).status_code for _ in range(70)}
        assert statuses <= {200, 503}
