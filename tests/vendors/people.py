"""Everybody who can stand before a shop's door."""

from collections.abc import Callable
from typing import Any

from django.utils import timezone
from rest_framework.test import APIClient

from tests.factories import MemberFactory, UserFactory
from users.models import User
from vendors.models import Vendor

PEOPLE = ["stranger", "viewer", "sales", "manager", "admin", "owner"]


def person(vendor: Vendor, role: str) -> User:
    """Somebody with this role; a confirmed address, as who accepted an invitation has."""
    if role == "owner":
        return vendor.owner
    user: User = UserFactory(email_verified_at=timezone.now())
    if role != "stranger":
        MemberFactory(vendor=vendor, user=user, role=role)
    return user


def client_of(sign_in: Callable[[User], APIClient], vendor: Vendor, role: str) -> APIClient:
    return sign_in(person(vendor, role))


def refusal(answer: Any) -> tuple[int, str]:
    assert answer["Content-Type"] == "application/problem+json", answer.content
    return answer.status_code, answer.json()["code"]
