"""What a token must be to be believed: our key, our names, its kind, its time."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine
from django.utils import timezone
from pydantic import ValidationError
from rest_framework.test import APIClient

from omni_stock.settings.environment import Environment
from tests.conftest import pair_for
from users.models import User
from users.tokens import Pair, key_ring

pytestmark = pytest.mark.django_db
ME = "/api/v1/auth/me/"
REFRESH = "/api/v1/auth/token/refresh/"
LOGOUT = "/api/v1/auth/logout/"
OLD, NEW = "old-key-" * 5, "new-key-" * 5


@pytest.fixture
def pair(owner: User) -> Pair:
    return pair_for(owner)


def use(token: str) -> int:
    answer = APIClient(HTTP_AUTHORIZATION=f"Bearer {token}").get(ME)
    assert answer.status_code == 200 or answer.json()["code"] == "token_not_valid"
    return answer.status_code


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def signed(claims: dict[str, Any], key: str = "", kid: str | None = "default") -> str:
    """Signed by our own key unless another is given."""
    ours = key_ring().signing_key
    return jwt.encode(claims, key or ours, "HS256", headers={"kid": kid} if kid else {})


def by_hand(header: dict[str, Any], claims: dict[str, Any], signature: str = "") -> str:
    parts = (json.dumps(part).encode() for part in (header, claims))
    first, second = (base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
    return f"{first}.{second}.{signature}"


def test_says_who_for_whom_and_by_which_key(pair: Pair, owner: User) -> None:
    header, claims = jwt.get_unverified_header(pair["access"]), claims_of(pair["access"])
    assert header == {"alg": "HS256", "typ": "JWT", "kid": "default"}
    assert claims["exp"] - claims["iat"] == 15 * 60
    assert len({claims["jti"], claims_of(pair["refresh"])["jti"]}) == 2
    assert {name: claims[name] for name in ("token_type", "iss", "aud", "user_id", "ver")} == {
        "token_type": "access",
        "iss": "omni-stock",
        "aud": "omni-stock-api",
        "user_id": str(owner.pk),
        "ver": 1,
    }


def test_says_nothing_of_the_person(pair: Pair) -> None:
    known = {"token_type", "exp", "iat", "jti", "user_id", "sid", "ver", "iss", "aud"}
    assert set(claims_of(pair["access"])) == set(claims_of(pair["refresh"])) == known


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "somebody-else"},
        {"aud": "another-api"},
        {"token_type": "refresh"},
        {"token_type": "sliding"},
        {"exp": 1},
        {"user_id": "1 OR 1=1"},
        {"sid": None},
        {"jti": "x"},
    ],
)
def test_with_another_claim_is_refused(pair: Pair, change: dict[str, Any]) -> None:
    claims = claims_of(pair["access"])
    assert use(signed(claims)) == 200
    assert use(signed({**claims, **change})) == 401


@pytest.mark.parametrize(
    "name", ["iss", "aud", "token_type", "exp", "user_id", "sid", "ver", "jti"]
)
def test_without_a_claim_is_refused(pair: Pair, name: str) -> None:
    claims = claims_of(pair["access"])
    del claims[name]
    assert use(signed(claims)) == 401


@pytest.mark.parametrize(
    "forge",
    [
        lambda claims: by_hand({"alg": "none", "typ": "JWT", "kid": "default"}, claims),
        lambda claims: by_hand({"alg": "None", "kid": "default"}, claims, "AAAA"),
        lambda claims: by_hand({"alg": "RS256", "kid": "default"}, claims, "AAAA"),
        lambda claims: by_hand({"alg": "HS256", "kid": ["default"]}, claims, "AAAA"),
        lambda claims: jwt.encode(
            claims, key_ring().signing_key, "HS512", headers={"kid": "default"}
        ),
        lambda claims: signed(claims, key="x" * 40),
        lambda claims: signed(claims, kid="unknown"),
        lambda claims: signed(claims, kid=None),
        lambda claims: signed(claims, key=" " * 32, kid=""),
    ],
)
def test_of_another_algorithm_or_key_is_refused(
    pair: Pair, forge: Callable[[dict[str, Any]], str]
) -> None:
    token = forge(claims_of(pair["access"]))
    assert use(token) == 401
    for path in (REFRESH, LOGOUT):
        assert APIClient().post(path, {"refresh": token}).status_code == 401


def test_lives_fifteen_minutes_and_a_little_for_slow_clocks(pair: Pair) -> None:
    with time_machine.travel(timezone.now() + timedelta(minutes=15, seconds=3), tick=False):
        assert use(pair["access"]) == 200
    with time_machine.travel(timezone.now() + timedelta(minutes=15, seconds=11), tick=False):
        assert use(pair["access"]) == 401


def test_that_has_expired_still_logs_out(pair: Pair) -> None:
    with time_machine.travel(timezone.now() + timedelta(days=8), tick=False):
        assert APIClient().post(REFRESH, {"refresh": pair["refresh"]}).status_code == 401
        assert APIClient().post(LOGOUT, {"refresh": pair["refresh"]}).status_code == 204


def test_key_is_replaced_without_signing_anybody_out(owner: User, settings: Any) -> None:
    settings.JWT_SIGNING_KEYS = {"2026": OLD}
    before = pair_for(owner)
    settings.JWT_SIGNING_KEYS = {"2026": OLD, "2027": NEW}  # every node knows the new one
    assert jwt.get_unverified_header(pair_for(owner)["access"])["kid"] == "2026"
    settings.JWT_SIGNING_KEYS = {"2027": NEW, "2026": OLD}  # it signs
    assert use(before["access"]) == 200
    after = APIClient().post(REFRESH, {"refresh": before["refresh"]}).json()
    assert jwt.get_unverified_header(after["refresh"])["kid"] == "2027"
    settings.JWT_SIGNING_KEYS = {"2027": NEW}  # the old one is gone
    assert use(after["access"]) == 200
    assert use(before["access"]) == 401


def test_keys_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_SIGNING_KEYS", f"2027:{NEW}, 2026:{OLD}:with:colons")
    environment = Environment()
    assert environment.signing_keys() == {"2027": NEW, "2026": f"{OLD}:with:colons"}
    assert NEW not in repr(environment)


@pytest.mark.parametrize("value", ["short:secret", f":{NEW}", NEW, f"2027:{NEW},2026:short"])
def test_weak_keys_stop_the_start_and_are_not_shown(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("JWT_SIGNING_KEYS", value)
    with pytest.raises(ValidationError, match="32 bytes") as refused:
        Environment()
    assert NEW not in str(refused.value)
