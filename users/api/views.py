from typing import Any

from django.contrib.auth.models import update_last_login
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
from users.services import UserService


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
        responses={200: OpenApiResponse(TokenPairSerializer, "Successful login")},
    )
    def post(self, request: Request) -> Response:
        serializer = TokenRequestSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        user = UserService.authenticate(**serializer.validated_data)
        update_last_login(type(user), user)
        refresh = RefreshToken.for_user(user)
        return Response({"access": str(refresh.access_token), "refresh": str(refresh)})


@extend_schema(tags=["auth"], summary="Trade a refresh token for the next pair, once")
class TokenRefreshView(JWTRefreshView):
    throttle_classes = [LoginThrottle]
    _serializer_class = ""
    serializer_class = TokenRefreshSerializer


@extend_schema(
    tags=["auth"],
    summary="Is this token good?",
    request=TokenVerifySerializer,
    responses={
        200: OpenApiResponse(
            {"type": "object"}, "It is good; otherwise 401.", examples=[OpenApiExample("Good", {})]
        )
    },
)
class TokenVerifyView(JWTVerifyView):
    throttle_classes = [LoginThrottle]


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
