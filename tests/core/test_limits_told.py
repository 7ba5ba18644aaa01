"""What callers are told of their limits, and who has higher ones."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as project
from django.core.cache import cache
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.core.limits import pass_time, served, set_rates
from tests.core.test_throttles import CALLS
from tests.factories import PASSWORD
from users.models import User

pytestmark = pytest.mark.django_db
ITEMS = "/api/v1/catalog/items/"
LIMITS = "/api/v1/rate-limits/"
REFRESH = "/api/v1/auth/token/refresh/"
OURS = project.CORS_ALLOWED_ORIGINS[0]
USER = '"user";q=1000;w=3600, "burst";q=60;w=60'
FIRST_PARTY = '"first_party";q=10000;w=3600, "first_party_burst";q=600;w=60'
DOORS = {
    "login": '"login";q=5;w=60, "account";q=5;w=60',
    "signup": '"signup";q=3;w=60',
    "code": '"code";q=3;w=60',
    "check_email": '"check_email";q=5;w=60',
}


@pytest.fixture(autouse=True)
def _limits_are_on(settings: Settings) -> None:
    settings.RATE_LIMIT_ENABLED = True


def standing(answer: Any) -> tuple[str, int, int]:
    """The tightest policy of an answer: its name, calls left, seconds until one more."""
    found = re.fullmatch(r'"(\w+)";r=(\d+);t=(\d+)', answer["RateLimit"])
    assert found, answer["RateLimit"]
    return found[1], int(found[2]), int(found[3])


def policy(name: str, quota: int, window: int, left: int | None = None) -> dict[str, Any]:
    remaining = quota if left is None else left
    return {"name": name, "quota": quota, "window": window, "remaining": remaining, "reset": 0}


def shown(client: APIClient, **extra: Any) -> list[dict[str, Any]]:
    answer = client.get(LIMITS, **extra)
    assert answer.status_code == 200
    policies: list[dict[str, Any]] = answer.json()["policies"]
    return policies


class TestHeaders:
    def test_answer_tells_all_policies_and_the_tightest(self, owner_client: APIClient) -> None:
        answers = [owner_client.get(ITEMS) for _ in range(3)]
        assert {answer["RateLimit-Policy"] for answer in answers} == {USER}
        assert [standing(answer)[:2] for answer in answers] == [
            ("burst", 59), ("burst", 58), ("burst", 57),
        ]  # fmt: skip
        assert all(0 < standing(answer)[2] <= 60 for answer in answers)

    def test_hour_is_told_when_it_is_the_tighter(
        self, owner_client: APIClient, settings: Settings
    ) -> None:
        set_rates(settings, user="2/hour")
        assert standing(owner_client.get(ITEMS))[:2] == ("user", 1)

    def test_refusal_tells_the_same_wait_three_times(
        self, owner_client: APIClient, settings: Settings
    ) -> None:
        set_rates(settings, burst="1/minute")
        owner_client.get(ITEMS)
        answer = owner_client.get(ITEMS)
        assert answer.status_code == 429
        assert standing(answer) == ("burst", 0, int(answer["Retry-After"]))
        assert f"in {answer['Retry-After']} second" in answer.json()["detail"]

    @pytest.mark.parametrize("scope", CALLS)
    def test_doors_tell_theirs(self, anonymous_client: APIClient, scope: str) -> None:
        address, body, rate = CALLS[scope]
        answer = anonymous_client.post(address, body)
        assert answer["RateLimit-Policy"] == DOORS[scope]
        assert standing(answer)[1] == rate - 1

    def test_pages_of_other_origins_may_read_them(self, owner_client: APIClient) -> None:
        answer = owner_client.get(ITEMS, HTTP_ORIGIN=OURS)
        exposed = {name.strip() for name in answer["Access-Control-Expose-Headers"].split(",")}
        assert {"RateLimit", "RateLimit-Policy", "Retry-After"} <= exposed

    def test_what_is_not_limited_tells_nothing(self, owner_client: APIClient) -> None:
        assert "RateLimit" not in owner_client.get("/health/")

    def test_redis_does_not_learn_who_calls(
        self, owner_client: APIClient, anonymous_client: APIClient
    ) -> None:
        owner_client.get(ITEMS)
        anonymous_client.post(*CALLS["login"][:2], REMOTE_ADDR="203.0.113.7")
        keys = cache.keys("limit:*")
        assert len(keys) == 5
        assert all(re.fullmatch(r"limit:(streak:)?\w+:[0-9a-f]{32}", key) for key in keys)


class TestShown:
    def test_nobody_sees_those_of_the_address(self, anonymous_client: APIClient) -> None:
        assert shown(anonymous_client) == [
            policy("anon", 100, 3600), policy("burst", 60, 60), policy("login", 5, 60),
            policy("signup", 3, 60), policy("code", 3, 60), policy("check_email", 5, 60),
            policy("access_token", 5, 60),
        ]  # fmt: skip

    def test_caller_sees_what_is_left_and_asking_costs_nothing(
        self, owner_client: APIClient
    ) -> None:
        assert served(owner_client, 3) == 3
        for _ in range(3):
            user, burst = shown(owner_client)[:2]
            assert 0 < burst.pop("reset") <= 60
            assert 0 < user.pop("reset") <= 3600
            assert (user["name"], user["remaining"]) == ("user", 997)
            assert (burst["name"], burst["remaining"]) == ("burst", 57)
        assert standing(owner_client.get(LIMITS))[:2] == ("burst", 57)

    def test_caller_without_a_call_left_still_sees_them(
        self, owner_client: APIClient, settings: Settings
    ) -> None:
        set_rates(settings, burst="1/minute")
        assert served(owner_client, 2) == 1
        assert [each["remaining"] for each in shown(owner_client)[:2]] == [999, 0]
        pass_time(60)
        assert shown(owner_client)[1]["remaining"] == 1

    def test_each_sees_the_own(self, owner_client: APIClient, stranger_client: APIClient) -> None:
        served(owner_client, 2)
        assert shown(stranger_client)[0] == policy("user", 1000, 3600)

    def test_wrong_token_is_401(self, anonymous_client: APIClient) -> None:
        assert anonymous_client.get(LIMITS, HTTP_AUTHORIZATION="Bearer x").status_code == 401

    @pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
    def test_it_is_only_read(self, owner_client: APIClient, method: str) -> None:
        assert getattr(owner_client, method)(LIMITS).status_code == 405

    def test_switched_off_is_told(self, anonymous_client: APIClient, settings: Settings) -> None:
        settings.RATE_LIMIT_ENABLED = False
        assert anonymous_client.get(LIMITS).json() == {"enabled": False, "policies": []}


class TestFirstParty:
    @pytest.fixture
    def sign_in_at(self, anonymous_client: APIClient, owner: User) -> Callable[..., dict[str, str]]:
        def tokens(**extra: str) -> dict[str, str]:
            body = {"email": owner.email, "password": PASSWORD}
            pair: dict[str, str] = anonymous_client.post(
                "/api/v1/auth/token/", body, **extra
            ).json()
            return pair

        return tokens

    def told(self, access: str, **extra: str) -> str:
        answer = APIClient().get(ITEMS, HTTP_AUTHORIZATION=f"Bearer {access}", **extra)
        assert answer.status_code == 200
        return str(answer["RateLimit-Policy"])

    def test_session_opened_in_our_front_end_has_its_own_rates(self, sign_in_at: Any) -> None:
        assert self.told(sign_in_at(HTTP_ORIGIN=OURS)["access"]) == FIRST_PARTY

    @pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", ""])
    def test_session_opened_elsewhere_has_not(self, sign_in_at: Any, origin: str) -> None:
        assert self.told(sign_in_at(HTTP_ORIGIN=origin)["access"]) == USER
        assert self.told(sign_in_at()["access"]) == USER

    def test_token_does_not_rise_by_an_origin_that_is_claimed_later(self, sign_in_at: Any) -> None:
        pair = sign_in_at()
        assert self.told(pair["access"], HTTP_ORIGIN=OURS) == USER
        body = {"refresh": pair["refresh"]}
        fresh = APIClient().post(REFRESH, body, HTTP_ORIGIN=OURS).json()
        assert self.told(fresh["access"]) == USER

    def test_session_keeps_them_when_it_goes_on(self, sign_in_at: Any) -> None:
        pair = sign_in_at(HTTP_ORIGIN=OURS)
        fresh = [APIClient().post(REFRESH, {"refresh": pair["refresh"]}).json() for _ in range(2)]
        assert fresh[0] == fresh[1]
        assert self.told(fresh[0]["access"]) == FIRST_PARTY
        body = {"current_password": PASSWORD, "new_password": "a-shelf-of-greener-bricks"}
        token = f"Bearer {fresh[0]['access']}"
        changed = APIClient().post(
            "/api/v1/auth/password/change/", body, HTTP_AUTHORIZATION=token
        )  # fmt: skip
        assert self.told(changed.json()["access"]) == FIRST_PARTY

    def test_programs_do_not_use_up_the_front_ends_calls(
        self, sign_in_at: Any, settings: Settings
    ) -> None:
        set_rates(settings, burst="1/minute")
        program, page = sign_in_at()["access"], sign_in_at(HTTP_ORIGIN=OURS)["access"]
        client = APIClient()
        assert served(client, 2, HTTP_AUTHORIZATION=f"Bearer {program}") == 1
        assert served(client, 2, HTTP_AUTHORIZATION=f"Bearer {page}") == 2

    def test_rates_are_settings(self, sign_in_at: Any, settings: Settings) -> None:
        set_rates(settings, first_party="70/hour", first_party_burst="7/minute")
        told = self.told(sign_in_at(HTTP_ORIGIN=OURS)["access"])
        assert told == '"first_party";q=70;w=3600, "first_party_burst";q=7;w=60'

    def test_signing_in_is_no_easier_for_it(self, anonymous_client: APIClient) -> None:
        address, body, rate = CALLS["login"]
        statuses = [
            anonymous_client.post(address, body, HTTP_ORIGIN=OURS).status_code
            for _ in range(rate + 1)
        ]
        assert statuses[-1] == 429
