"""Tokens are taken apart once, and are good no longer for that."""

import time
from typing import Any

import pytest
from rest_framework_simplejwt.exceptions import TokenBackendError

from users.tokens import MOST_REMEMBERED, KeyRing

KEYS = {"now": "k" * 32, "before": "l" * 32}


def signed(ring: KeyRing, seconds: float, **more: Any) -> str:
    return ring.encode({"exp": int(time.time() + seconds), **more})


def test_what_is_remembered_is_what_was_read_and_nobody_can_change_it() -> None:
    ring = KeyRing(KEYS)
    token = signed(ring, 60, user_id="7")
    first = ring.decode(token)
    first["user_id"] = "8"
    assert ring.decode(token)["user_id"] == "7"
    assert ring.decode(token) == KeyRing(KEYS).decode(token)


def test_remembered_token_expires_as_any_other() -> None:
    ring = KeyRing(KEYS)
    token = signed(ring, -ring.get_leeway().total_seconds() + 1)
    assert ring.decode(token)
    time.sleep(2)
    with pytest.raises(TokenBackendError):
        ring.decode(token)


def test_ring_without_the_key_does_not_know_the_token() -> None:
    token = signed(KeyRing(KEYS), 60)
    with pytest.raises(TokenBackendError):
        KeyRing({"other": "m" * 32}).decode(token)


def test_not_more_are_remembered_than_there_is_room_for() -> None:
    ring = KeyRing(KEYS)
    first = signed(ring, 60, user_id="0")
    for number in range(MOST_REMEMBERED + 5):
        ring.decode(signed(ring, 60, user_id=str(number)))
    assert len(ring._good) <= MOST_REMEMBERED
    assert ring.decode(first)["user_id"] == "0"
