"""Tokens as they travel: grants signed to JWTs, and JWTs read back to what they claim.

HS256 with the key that `kid` names. The first of `JWT_SIGNING_KEYS` signs and all of them verify,
so that a key can be replaced without signing anybody out.
"""

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from types import MappingProxyType
from typing import Any, TypedDict

import jwt
from django.conf import settings
from django.utils.crypto import salted_hmac
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken as JWTAccessToken
from rest_framework_simplejwt.tokens import Token, UntypedToken

from core.requests import FIRST_PARTY
from users.exceptions import TokenNotValid
from users.services import Grant

ALGORITHM = "HS256"


class Pair(TypedDict):
    access: str
    refresh: str


@dataclass(frozen=True)
class Claims:
    kind: str
    user_id: int
    session_id: int
    version: int
    jti: uuid.UUID
    first_party: bool


class KeyRing(TokenBackend):
    """simplejwt's backend with several keys; a token without a known `kid` is not ours."""

    def __init__(self, keys: dict[str, str]) -> None:
        self.kid, first = next(iter(keys.items()))
        super().__init__(
            ALGORITHM,
            first,
            audience=api_settings.AUDIENCE,
            issuer=api_settings.ISSUER,
            leeway=api_settings.LEEWAY,
        )
        self.keys = {kid: self._prepare_key(key) for kid, key in keys.items()}
        self.known: dict[bytes, AccessToken] = {}

    def encode(self, payload: dict[str, Any]) -> str:
        claims = {**payload, "iss": self.issuer, "aud": self.audience}
        return jwt.encode(claims, self.prepared_signing_key, ALGORITHM, headers={"kid": self.kid})

    def get_verifying_key(self, token: Any) -> Any:
        try:
            return self.keys[jwt.get_unverified_header(token)["kid"]]
        except (jwt.InvalidTokenError, KeyError, TypeError) as error:
            raise TokenBackendError("Token is invalid") from error

    def decode_late(self, token: str) -> dict[str, Any]:
        """As `decode`, but what has expired since may still be read."""
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self.get_verifying_key(token),
                algorithms=[ALGORITHM],
                audience=self.audience,
                issuer=self.issuer,
                leeway=self.get_leeway(),
                options={"verify_exp": False},
            )
        except jwt.InvalidTokenError as error:
            raise TokenBackendError("Token is invalid") from error
        return claims


def key_ring() -> KeyRing:
    return _ring(tuple(settings.JWT_SIGNING_KEYS.items()) or _derived(settings.SECRET_KEY))


@cache
def _ring(keys: tuple[tuple[str, str], ...]) -> KeyRing:
    return KeyRing(dict(keys))


@cache
def _derived(secret: str) -> tuple[tuple[str, str], ...]:
    """The one key of who has named none."""
    key = salted_hmac("users.tokens", "signing key", secret=secret, algorithm="sha256")
    return (("default", key.hexdigest()),)


class _OnKeyRing(Token):
    def get_token_backend(self) -> KeyRing:
        return key_ring()


class AccessToken(_OnKeyRing, JWTAccessToken):
    """Goes with every call, and is remembered from one to the next: so nobody can change it."""

    def __init__(self, token: Any) -> None:
        super().__init__(token)
        self.payload: Any = MappingProxyType(self.payload)

    @cached_property
    def claims(self) -> Claims:
        return _claims(self.payload)


class AnyToken(_OnKeyRing, UntypedToken):
    """Of either kind: signed by us and not expired."""


def sign(grant: Grant, *, first_party: bool = False) -> Pair:
    """The pair of tokens of a grant: byte for byte the same whenever it is asked for.

    `first_party`: the session was opened from a front end of ours, which has rates of its own.
    """
    marks = {FIRST_PARTY: True} if first_party else {}
    # The two must not share an id, and the second must follow from the first.
    second = hashlib.sha256(f"access {grant.jti}".encode()).hexdigest()[:32]
    access_ends = grant.issued_at + api_settings.ACCESS_TOKEN_LIFETIME
    return {
        "access": _sign(grant, "access", second, min(access_ends, grant.expires_at), marks),
        "refresh": _sign(grant, "refresh", grant.jti.hex, grant.expires_at, marks),
    }


def _sign(grant: Grant, kind: str, jti: str, expires_at: datetime, marks: dict[str, bool]) -> str:
    claims = {
        api_settings.TOKEN_TYPE_CLAIM: kind,
        "exp": int(expires_at.timestamp()),
        "iat": int(grant.issued_at.timestamp()),
        "jti": jti,
        "user_id": str(grant.user_id),
        "sid": grant.session_id,
        "ver": grant.version,
        **marks,
    }
    return key_ring().encode(claims)


def read(raw: str) -> Claims:
    """What a token of either kind says; raises `TokenNotValid`."""
    try:
        return _claims(AnyToken(raw).payload)  # type: ignore[arg-type]
    except TokenError as error:
        raise TokenNotValid from error


def read_refresh(raw: str, *, late: bool = False) -> Claims:
    """What a refresh token says, on request also one that has expired; raises `TokenNotValid`."""
    claims = _claims(_late(raw)) if late else read(raw)
    if claims.kind != "refresh":
        raise TokenNotValid
    return claims


def _late(raw: str) -> dict[str, Any]:
    try:
        return key_ring().decode_late(raw)
    except TokenBackendError as error:
        raise TokenNotValid from error


def _claims(payload: dict[str, Any]) -> Claims:
    try:
        return Claims(
            kind=str(payload[api_settings.TOKEN_TYPE_CLAIM]),
            user_id=int(payload["user_id"]),
            session_id=int(payload["sid"]),
            version=int(payload["ver"]),
            jti=uuid.UUID(payload["jti"]),
            first_party=payload.get(FIRST_PARTY) is True,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise TokenNotValid from error
