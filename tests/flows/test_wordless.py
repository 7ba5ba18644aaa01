"""Verbs that need no body: what one says is refused by name, and nothing has happened."""

import re
from collections.abc import Callable

import pytest
from django.urls import resolve
from django.utils import timezone
from rest_framework.test import APIClient

from tests.contract import published
from tests.flows.world import World, rows
from users.models import User

pytestmark = pytest.mark.django_db
WORDLESS = [
    "customer-erase", "customer-restore", "logout-all", "notification-read",
    "notification-read-all", "order-complete", "order-confirm", "order-place", "product-restore",
    "stock-transfer-receive", "vendor-invite-accept", "vendor-invite-decline",
]  # fmt: skip


def test_these_are_all_of_them() -> None:
    found = [
        resolve(re.sub(r"{\w+}", "1", path)).url_name
        for path, methods in published("v1")["paths"].items()
        if path.startswith("/api/v1/") and "requestBody" not in methods.get("post", {"requestBody"})
    ]
    assert sorted(map(str, found)) == WORDLESS


@pytest.mark.parametrize("route", WORDLESS)
def test_body_is_not_lost_without_a_word(route: str, sign_in: Callable[[User], APIClient]) -> None:
    world = World()
    User.objects.update(email_verified_at=timezone.now())
    owner = sign_in(world.owner)
    address, before = world.address(route), rows()
    answer = owner.post(address, {"quantity": 3})
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["field"], error["code"]) == (400, "quantity", "unknown_field")
    assert rows() == before
    assert owner.post(address, {}).status_code < 300
