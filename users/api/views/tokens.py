from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.openapi import refusal
from core.requests import opens_as_first_party
from core.throttles import LoginThrottle, forgive
from users.api.devices import device_of
from users.api.serializers import (
    RefreshSerializer,
    TokenPairSerializer,
    TokenRequestSerializer,
    TokenVerifySerializer,
)
from users.api.throttles import SignInThrottle
from users.exceptions import EmailNotVerified, InvalidCredentialsError, TokenNotValid
from users.selectors import get_signed_in
from users.services import SessionService
from users.tokens import read, read_refresh, sign

NOT_VALID = refusal(401, TokenNotValid.code, TokenNotValid.detail)


class TokenView(APIView):
    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []
    throttle_classes = [LoginThrottle, SignInThrottle]
    answer_is_secret = True
    administrator = False

    @extend_schema(
        tags=["auth"],
        summary="User login",
        description="Authenticate user and return JWT tokens.",
        request=TokenRequestSerializer,
        responses={
            200: OpenApiResponse(TokenPairSerializer, "Successful login"),
            **refusal(401, InvalidCredentialsError.code, InvalidCredentialsError.detail),
            **refusal(403, EmailNotVerified.code, EmailNotVerified.detail),
        },
    )
    def post(self, request: Request) -> Response:
        serializer = TokenRequestSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        grant = SessionService.sign_in(
            **serializer.validated_data,
            **device_of(request),
            administrator=self.administrator,
        )
        forgive(request)
        return Response(sign(grant, first_party=opens_as_first_party(request)))


class TokenRefreshView(APIView):
    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []
    answer_is_secret = True

    @extend_schema(
        tags=["auth"],
        summary="Trade a refresh token for the next pair, once",
        description="Within 30 seconds, and until the new one is used, a second call with the old "
        "token gets the same pair again. Later it ends the session: somebody else may hold it.",
        request=RefreshSerializer,
        responses={200: TokenPairSerializer, **NOT_VALID},
    )
    def post(self, request: Request) -> Response:
        serializer = RefreshSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        token = read_refresh(serializer.validated_data["refresh"])
        grant = SessionService.refresh(
            user_id=token.user_id,
            session_id=token.session_id,
            version=token.version,
            jti=token.jti,
        )
        return Response(sign(grant, first_party=token.first_party))


class TokenVerifyView(APIView):
    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []

    @extend_schema(
        tags=["auth"],
        summary="Is this token good?",
        description="200 for an access token that may be used now and for a refresh token that "
        "has not been used; 401 for any other.",
        request=TokenVerifySerializer,
        responses={
            200: OpenApiResponse(
                {"type": "object"}, "It is good.", examples=[OpenApiExample("Good", {})]
            ),
            **NOT_VALID,
        },
    )
    def post(self, request: Request) -> Response:
        serializer = TokenVerifySerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        token = read(serializer.validated_data["token"])
        jti = get_signed_in(token.user_id, token.session_id, token.version)
        if token.kind == "refresh" and token.jti != jti:
            raise TokenNotValid
        return Response({})
