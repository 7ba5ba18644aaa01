"""Who calls: the holder of an access token whose session lives."""

import time
from functools import partial
from typing import Any

from drf_spectacular.contrib.rest_framework_simplejwt import SimpleJWTScheme
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.tokens import Token

from core.exceptions import AuthenticationError
from core.memory import recall
from users.models import User
from users.selectors import get_caller
from users.tokens import AccessToken, key_ring

MOST_REMEMBERED = 2000


class SessionJWTAuthentication(JWTAuthentication):
    """simplejwt's, and access ends with the session, the password, the role or the account.

    It asks the database with one query; who only reads is remembered for as long as the database
    does not say that account or session changed. What a view `reads_beside` is asked for in the
    same query (`users.selectors.read_beside`).
    """

    beside = ""
    only_reads = False

    def __init__(self) -> None:
        """simplejwt's looks for the model of users at every call, which `get_caller` knows."""

    def authenticate(self, request: Request) -> tuple[User, Token] | None:  # type: ignore[override]
        view = (request.parser_context or {}).get("view")
        self.beside = getattr(view, "reads_beside", "")
        self.only_reads = request.method in SAFE_METHODS
        return super().authenticate(request)  # type: ignore[return-value]

    def get_validated_token(self, raw_token: bytes) -> AccessToken:
        """simplejwt's; what was good a moment ago is not taken apart again until it expires.

        What a token says never changes. Whether its holder is still let in, `get_caller` knows.
        """
        take_apart: Any = partial(super().get_validated_token, raw_token)
        token: AccessToken = recall(key_ring().known, raw_token, take_apart, MOST_REMEMBERED)
        if token["exp"] <= time.time():
            token = take_apart()
        return token

    def get_user(self, validated_token: AccessToken) -> User:  # type: ignore[override]
        try:
            claims = validated_token.claims
            token = claims.user_id, claims.session_id, claims.version
            user = get_caller(*token, self.beside, may_be_remembered=self.only_reads)
        except AuthenticationError as error:
            raise AuthenticationFailed(str(error.detail), error.code) from error
        return user


class SessionJWTScheme(SimpleJWTScheme):
    """Tells drf-spectacular that this class is the same kind of door."""

    target_class = "users.authentication.SessionJWTAuthentication"
    name = "jwtAuth"
