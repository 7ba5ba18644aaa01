"""Before the salesperson's door."""

from typing import Any

from rest_framework.test import APIClient

from tests.factories import PASSWORD
from vendors.models import Vendor
from vendors.services import AccessTokenService

PATH = "/api/v1/auth/salesperson/"
BOB = "bob@example.com"


def issue(vendor: Vendor) -> str:
    _row, code = AccessTokenService.issue(vendor=vendor, by=vendor.owner)
    return code


def come(code: str, email: str = BOB, password: str = PASSWORD, **headers: Any) -> Any:
    body = {"access_token": code, "email": email, "password": password}
    return APIClient().post(PATH, body, **headers)


def inside(answer: Any) -> APIClient:
    """The door has let somebody in: a client of theirs."""
    assert answer.status_code == 200, answer.content
    assert set(answer.json()) == {"access", "refresh"}
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {answer.json()['access']}")
