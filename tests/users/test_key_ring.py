"""Tokens are taken apart once, and are good no longer for that."""

import time
from typing import Any

import pytest
from pytest_django import Settings
from rest_framework_simplejwt.exceptions import InvalidToken

from users.authentication import MOST_REMEMBERED, SessionJWTAuthentication
from users.tokens import AccessToken, key_ring

KEYS = {"now": "k" * 32, "before": "l" * 32}


@pytest.fixture(autouse=True)
def keys(settings: Settings) -> None:
    settings.JWT_SIGNING_KEYS = KEYS
    key_ring().known.clear()


def signed(seconds: float, **more: Any) -> bytes:
    claims = {"token_type": "access", "jti": "j", "exp": int(time.time() + seconds), **more}
    return key_ring().encode(claims).encode()


def taken_apart(token: bytes) -> AccessToken:
    return SessionJWTAuthentication().get_validated_token(token)


def test_what_is_remembered_is_what_was_read_and_nobody_can_change_it() -> None:
    token = signed(60, user_id="7")
    first = taken_apart(token)
    with pytest.raises(TypeError):
        first["user_id"] = "8"
    assert taken_apart(token) is first
    key_ring().known.clear()
    assert taken_apart(token).payload == first.payload
    assert first.payload["user_id"] == "7"


def test_remembered_token_expires_as_any_other() -> None:
    token = signed(-key_ring().get_leeway().total_seconds() + 1)
    assert taken_apart(token)
    time.sleep(2)
    with pytest.raises(InvalidToken):
        taken_apart(token)


def test_ring_without_the_key_does_not_know_the_token(settings: Settings) -> None:
    token = signed(60)
    assert taken_apart(token)
    settings.JWT_SIGNING_KEYS = {"other": "m" * 32}
    with pytest.raises(InvalidToken):
        taken_apart(token)


def test_not_more_are_remembered_than_there_is_room_for() -> None:
    first = signed(60, user_id="0")
    for number in range(MOST_REMEMBERED + 5):
        taken_apart(signed(60, user_id=str(number)))
    assert len(key_ring().known) <= MOST_REMEMBERED
    assert taken_apart(first)["user_id"] == "0"
