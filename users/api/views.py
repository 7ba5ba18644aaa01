from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import generics, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView
from rest_framework_simplejwt.tokens import RefreshToken
from rest_framework_simplejwt.views import TokenRefreshView as JWTRefreshView
from rest_framework_simplejwt.views import TokenVerifyView as JWTVerifyView

from core.openapi import refusal
from core.requests import caller
from core.throttles import LoginThrottle, SignupThrottle
from users.api.serializers import (
    MeSerializer,
    RegisterSerializer,
    TokenPairSerializer,
    TokenRefreshSerializer,
    TokenRequestSerializer,
    TokenVerifySerializer,
)
from users.exceptions import InvalidCredentialsError
from users.services import UserService

NOT_VALID = refusal(401, "token_not_valid", "Token is invalid")


@extend_schema(tags=["auth"])
class RegisterView(generics.CreateAPIView):
    """Register. Makes the account, its vendor and that vendor's default store."""

    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []
    throttle_classes = [SignupThrottle]
    serializer_class = RegisterSerializer

    def perform_create(self, serializer: BaseSerializer) -> None:
        serializer.instance = UserService.register(**serializer.validated_data)


class TokenView(APIView):
    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []
    throttle_classes = [LoginThrottle]

    @extend_schema(
        tags=["auth"],
        summary="User login",
        description="Authenticate user and return JWT tokens.",
        request=TokenRequestSerializer,
        responses={
            200: OpenApiResponse(TokenPairSerializer, "Successful login"),
            **refusal(401, InvalidCredentialsError.code, InvalidCredentialsError.detail),
        },
    )
    def post(self, request: Request) -> Response:
        serializer = TokenRequestSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        user = UserService.sign_in(**serializer.validated_data)
        refresh = RefreshToken.for_user(user)
        return Response({"access": str(refresh.access_token), "refresh": str(refresh)})


@extend_schema(
    tags=["auth"],
    summary="Trade a refresh token for the next pair, once",
    responses={200: TokenRefreshSerializer, **NOT_VALID},
)
class TokenRefreshView(JWTRefreshView):
    serializer_class = TokenRefreshSerializer


@extend_schema(
    tags=["auth"],
    summary="Is this token good?",
    request=TokenVerifySerializer,
    responses={
        200: OpenApiResponse(
            {"type": "object"}, "It is good.", examples=[OpenApiExample("Good", {})]
        ),
        **NOT_VALID,
    },
)
class TokenVerifyView(JWTVerifyView):
    """200 for a good token, 401 for any other."""


@extend_schema(tags=["auth"])
class MeView(APIView):
    @extend_schema(summary="Who you are", responses=MeSerializer)
    def get(self, request: Request) -> Response:
        return Response(MeSerializer(caller(request)).data)

    @extend_schema(summary="Change your profile", request=MeSerializer, responses=MeSerializer)
    def patch(self, request: Request) -> Response:
        serializer = MeSerializer(caller(request), data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        user = UserService.update_profile(user=caller(request), **serializer.validated_data)
        return Response(MeSerializer(user).data, status=status.HTTP_200_OK)
