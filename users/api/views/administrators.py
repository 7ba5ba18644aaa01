from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.openapi import refusal
from core.throttles import AccountLoginThrottle, LoginThrottle, SignupThrottle
from users.api.devices import device_of
from users.api.serializers import (
    AdministratorSerializer,
    TokenPairSerializer,
    TokenRequestSerializer,
)
from users.exceptions import InvalidCredentialsError
from users.services import AdministratorService, SessionService
from users.tokens import sign


class AdminRegisterView(APIView):
    permission_classes = [AllowAny]
    throttle_classes = [SignupThrottle]

    @extend_schema(
        tags=["auth"],
        summary="Make an administrator",
        description="By an administrator, or the first one by who knows the server's "
        "`SETUP_SECRET`; everybody else is 403.",
        request=AdministratorSerializer,
        responses={
            201: AdministratorSerializer,
            **refusal(403, "permission_denied", "Access denied"),
        },
    )
    def post(self, request: Request) -> Response:
        serializer = AdministratorSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        user = AdministratorService.register(by=request.user, **serializer.validated_data)
        return Response(AdministratorSerializer(user).data, status=201)


class AdminLoginView(APIView):
    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []
    throttle_classes = [LoginThrottle, AccountLoginThrottle]

    @extend_schema(
        tags=["auth"],
        summary="Administrator login",
        description="As `auth/token/`, for administrators only.",
        request=TokenRequestSerializer,
        responses={
            200: OpenApiResponse(TokenPairSerializer, "Successful login"),
            **refusal(401, InvalidCredentialsError.code, InvalidCredentialsError.detail),
        },
    )
    def post(self, request: Request) -> Response:
        serializer = TokenRequestSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        grant = SessionService.sign_in(
            **serializer.validated_data, **device_of(request), administrator=True
        )
        return Response(sign(grant))
