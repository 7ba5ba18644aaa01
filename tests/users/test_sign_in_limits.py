"""Guessing passwords gets slower and slower, and keeps no owner out."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.core.limits import pass_time
from tests.factories import PASSWORD, UserFactory
from users.models import User

pytestmark = pytest.mark.django_db
AUTH = "/api/v1/auth/"
LOGIN = f"{AUTH}token/"
HOME, ELSEWHERE = "203.0.113.7", "198.51.100.{}"


@pytest.fixture(autouse=True)
def _limits_are_on(settings: Settings) -> None:
    settings.RATE_LIMIT_ENABLED = True


@pytest.fixture
def ann(db: None) -> User:
    user: User = UserFactory(username="ann", email="ann@example.com", is_staff=True)
    return user


def attempt(password: str = PASSWORD[1:], name: Any = "ann", at: str = HOME) -> Any:
    body = {"username": name, "password": password}
    return APIClient().post(LOGIN, body, REMOTE_ADDR=at)


def guess(times: int, name: str = "ann", first: int = 0) -> list[int]:
    """Each from another address."""
    places = [ELSEWHERE.format(number) for number in range(first, first + times)]
    return [attempt(name=name, at=place).status_code for place in places]


class TestSlower:
    @pytest.mark.parametrize("name", ["ann", "nobody"])
    def test_each_failure_after_the_fifth_waits_longer(self, ann: User, name: str) -> None:
        assert guess(6, name) == [401] * 5 + [429]
        for number, seconds in enumerate([60, 120, 240, 480, 900, 900], 10):
            answer = attempt(name=name, at=ELSEWHERE.format(number))
            assert seconds - 30 < int(answer["Retry-After"]) <= seconds
            pass_time(seconds)
            assert guess(2, name, first=2 * number + 50) == [401, 429]

    def test_success_ends_it(self, ann: User) -> None:
        for round_number in range(3):
            assert guess(4, first=10 * round_number) == [401] * 4
            place = ELSEWHERE.format(100 + round_number)
            assert attempt(PASSWORD, at=place).status_code == 200
            ann.sessions.all().delete()  # else the place would be known
            pass_time(60)

    def test_day_without_an_attempt_ends_it(self, ann: User) -> None:
        guess(5)
        pass_time(86_400)
        assert guess(6) == [401] * 5 + [429]

    def test_success_does_not_lift_five_a_minute(self, ann: User) -> None:
        places = [ELSEWHERE.format(number) for number in range(6)]
        statuses = []
        for place in places:
            statuses.append(attempt(PASSWORD, at=place).status_code)
            ann.sessions.all().delete()
        assert statuses == [200] * 5 + [429]

    @pytest.mark.parametrize("spelling", ["ANN", " ann ", "aNN"])
    def test_spelling_is_no_way_round(self, ann: User, spelling: str) -> None:
        guess(5)
        assert guess(1, spelling, first=50) == [429]

    def test_name_may_stand_in_either_field(self, ann: User) -> None:
        guess(5)
        body = {"email": "ann", "password": "wrong"}
        assert APIClient().post(LOGIN, body, REMOTE_ADDR="198.51.100.60").status_code == 429

    @pytest.mark.parametrize("name", ["x" * 100_000, "\0", "", ["ann"], {"a": 1}])
    def test_name_that_is_none_is_refused_as_before(self, name: Any) -> None:
        assert attempt(name=name).status_code == 400

    def test_name_that_is_no_text_is_refused_as_before(self) -> None:
        body = b'{"username": "\\ud800", "password": "x"}'
        answer = APIClient().generic("POST", LOGIN, body, "application/json")
        assert answer.status_code == 400

    def test_address_has_five_a_minute_whatever_the_names(self) -> None:
        statuses = [attempt(name=f"name-{number}").status_code for number in range(6)]
        assert statuses == [401] * 5 + [429]
        assert attempt(name="another", at="198.51.100.1").status_code == 401


class TestOwner:
    @pytest.fixture
    def attacked(self, ann: User) -> User:
        """She has signed in at home; then strangers came, and keep on coming."""
        assert attempt(PASSWORD).status_code == 200
        pass_time(60)
        assert guess(6) == [401] * 5 + [429]
        return ann

    def test_gets_in_where_she_has_been_before(self, attacked: User) -> None:
        assert attempt(PASSWORD).status_code == 200
        assert attempt(PASSWORD, name="ANN@example.com").status_code == 200

    def test_waits_with_the_strangers_elsewhere(self, attacked: User) -> None:
        assert attempt(PASSWORD, at="192.0.2.1").status_code == 429
        pass_time(60)
        assert attempt(PASSWORD, at="192.0.2.1").status_code == 200

    def test_home_is_a_network_in_ipv6(self, ann: User) -> None:
        assert attempt(PASSWORD, at="2001:db8::1").status_code == 200
        pass_time(60)
        guess(6)
        assert attempt(PASSWORD, at="2001:db8::2").status_code == 200
        assert attempt(PASSWORD, at="2001:db8:0:1::2").status_code == 429

    def test_guessing_at_her_home_gets_slower_too(self, attacked: User) -> None:
        statuses = []
        for _ in range(3):
            statuses += [attempt().status_code for _ in range(3)]
            pass_time(61)
        assert statuses == [401] * 5 + [429] + [401] + [429] * 2

    def test_another_account_is_not_at_home_there(self, attacked: User) -> None:
        UserFactory(username="bob")
        guess(6, "bob", first=30)
        assert attempt(PASSWORD, name="bob").status_code == 429


class TestStaffDoor:
    def enter(self, password: str, at: str) -> int:
        body = {"username": "ann", "password": password}
        return Client(REMOTE_ADDR=at).post("/admin/login/", body).status_code

    def test_attempts_count_with_those_of_the_api(self, ann: User) -> None:
        guess(3)
        assert [self.enter("wrong", ELSEWHERE.format(n)) for n in (20, 21, 22)] == [200, 200, 429]

    def test_success_ends_the_streak(self, ann: User) -> None:
        guess(4)
        assert self.enter(PASSWORD, ELSEWHERE.format(20)) == 302
        pass_time(60)
        assert guess(5, first=30) == [401] * 5

    def test_name_that_no_text_can_hold_is_not_our_fault(self, ann: User) -> None:
        body = {"username": "an\0n", "password": "wrong"}
        assert Client().post("/admin/login/", body).status_code == 200

    def test_refusal_tells_when_to_come_back(self, ann: User) -> None:
        for number in range(6):
            body = {"username": "ann", "password": "wrong"}
            place = ELSEWHERE.format(number)
            answer = Client(REMOTE_ADDR=place).post("/admin/login/", body)
        assert answer.status_code == 429
        assert 0 < int(answer["Retry-After"]) <= 60
        assert answer["RateLimit-Policy"] == '"login";q=5;w=60, "account";q=5;w=60'


@pytest.mark.parametrize("spelling", [" " * 254 + "ann", "\t\r\nann\x0b", "\uff41nn"])
def test_no_way_to_write_a_name_is_counted_apart(ann: User, spelling: str) -> None:
    """What the doors take off, or read in another form, makes no other name of it."""
    assert guess(5) == [401] * 5
    assert guess(1, spelling, first=50) == [429]
    body = {"username": spelling, "password": PASSWORD}
    assert Client(REMOTE_ADDR="192.0.2.1").post("/admin/login/", body).status_code == 429


class TestWhoHoldsAToken:
    """Whoever it is: the password is not found out with it."""

    @pytest.fixture
    def token(self, ann: User) -> str:
        return str(attempt(PASSWORD).json()["access"])

    def tries(self, token: str, password: str, at: str) -> list[int]:
        """To change the password and to end the account."""
        client = APIClient(REMOTE_ADDR=at, HTTP_AUTHORIZATION=f"Bearer {token}")
        change = {"current_password": password, "new_password": "other-shelf-of-blue-bricks"}
        return [
            client.post(f"{AUTH}password/change/", change).status_code,
            client.delete(f"{AUTH}me/", {"password": password}).status_code,
        ]

    def test_is_limited_wherever_from(self, token: str) -> None:
        told = [self.tries(token, "wrong", ELSEWHERE.format(number)) for number in range(3)]
        assert told == [[400, 400], [400, 400], [400, 429]]
        pass_time(60)
        assert self.tries(token, "wrong", ELSEWHERE.format(9)) == [400, 429]

    def test_waits_no_longer_after_a_success(self, token: str) -> None:
        for number in range(2):
            assert self.tries(token, "wrong", ELSEWHERE.format(number)) == [400, 400]
        change = {"current_password": PASSWORD, "new_password": "other-shelf-of-blue-bricks"}
        client = APIClient(HTTP_AUTHORIZATION=f"Bearer {token}")
        pair = client.post(f"{AUTH}password/change/", change).json()
        pass_time(60)
        assert self.tries(pair["access"], "wrong", ELSEWHERE.format(9)) == [400, 400]

    def test_counts_as_any_call_besides(self, token: str) -> None:
        client = APIClient(HTTP_AUTHORIZATION=f"Bearer {token}")
        told = client.post(f"{AUTH}password/change/", {})["RateLimit-Policy"]
        assert [policy.split(";")[0] for policy in told.split(", ")] == [
            '"user"', '"burst"', '"login"', '"account"',
        ]  # fmt: skip
