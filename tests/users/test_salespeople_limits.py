"""What trying at the salesperson's door costs, and how often one may."""

from typing import Any

import pytest
from django.contrib.auth import hashers
from rest_framework.test import APIClient

from tests.core.limits import pass_time
from tests.factories import PASSWORD, UserFactory
from tests.users.door import BOB, come, issue
from tests.vendors.people import refusal
from users.models import User
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
TOKEN = "/api/v1/auth/token/"


class CountingHasher(hashers.MD5PasswordHasher):
    algorithm = "counting"
    made: list[str] = []

    def encode(self, password: str, salt: str) -> str:
        self.made.append(password)
        return super().encode(password, salt)


class TestCost:
    """No answer comes sooner because the address is unknown: each waits for a hash."""

    @pytest.fixture(autouse=True)
    def _counted(self, settings: Any) -> None:
        settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]

    @pytest.mark.parametrize("good", [True, False])
    @pytest.mark.parametrize("email", [BOB, "known@example.com"])
    def test_of_a_refusal_is_one_hash(self, code: str, email: str, good: bool) -> None:
        UserFactory(email="known@example.com")
        CountingHasher.made.clear()
        answer = come(code if good else "0123456789", email, "short")
        assert answer.status_code in {400, 401}
        assert CountingHasher.made == ["short"]

    def test_is_counted(self) -> None:
        """Else the test above would count nothing."""
        CountingHasher.made.clear()
        assert hashers.get_hasher().algorithm == "counting"
        hashers.make_password("x")
        assert CountingHasher.made == ["x"]


class TestLimits:
    @pytest.fixture(autouse=True)
    def _on(self, settings: Any) -> None:
        settings.RATE_LIMIT_ENABLED = True

    def test_are_five_a_minute_per_address(self, code: str) -> None:
        statuses = [come(f"{n:010}", f"{n}@example.com").status_code for n in range(7)]
        assert statuses == [400] * 5 + [429] * 2
        assert come(code).status_code == 429
        assert come(code, REMOTE_ADDR="10.9.9.9").status_code == 200

    def test_are_five_a_minute_per_token_however_it_is_typed(self, code: str) -> None:
        """Who has a token must not try passwords with it from many addresses."""
        names = [UserFactory().email for _ in range(7)]
        statuses = [
            come(code.lower() if n % 2 else f"{code[:5]}-{code[5:]}", email, "wrong",
                 REMOTE_ADDR=f"10.0.0.{n}").status_code
            for n, email in enumerate(names)
        ]  # fmt: skip
        assert statuses == [401] * 5 + [429] * 2

    def test_are_shared_per_name_with_the_common_door(self, vendor: Vendor, stranger: User) -> None:
        codes = [issue(vendor) for _ in range(3)]
        statuses = [
            come(codes[n % 3], stranger.email, "wrong", REMOTE_ADDR=f"10.0.0.{n}").status_code
            for n in range(5)
        ]
        assert statuses == [401] * 5
        body = {"email": stranger.email, "password": PASSWORD}
        elsewhere = {"REMOTE_ADDR": "10.9.9.9"}
        answer = APIClient().post(TOKEN, body, **elsewhere)
        assert refusal(answer) == (429, "throttled")
        pass_time(61)
        assert APIClient().post(TOKEN, body, **elsewhere).status_code == 200
