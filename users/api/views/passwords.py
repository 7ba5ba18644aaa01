from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.openapi import refusal
from core.requests import caller, is_first_party
from core.throttles import CodeThrottle, forgive
from users.api.devices import session_of
from users.api.serializers import (
    AddressSerializer,
    PasswordChangeSerializer,
    PasswordResetSerializer,
    TokenPairSerializer,
)
from users.api.throttles import password_throttles
from users.exceptions import LinkNotValid
from users.services import PasswordService
from users.tokens import sign

BAD_LINK = refusal(400, LinkNotValid.code, LinkNotValid.detail)


class PasswordChangeView(APIView):
    answer_is_secret = True

    def get_throttles(self) -> list[Any]:
        return [*super().get_throttles(), *password_throttles()]

    @extend_schema(
        tags=["auth"],
        summary="Change your password",
        description="This session goes on with the new pair; all others end.",
        request=PasswordChangeSerializer,
        responses=TokenPairSerializer,
    )
    def post(self, request: Request) -> Response:
        serializer = PasswordChangeSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        grant = PasswordService.change(
            user=caller(request), session_id=session_of(request), **serializer.validated_data
        )
        forgive(request)
        return Response(sign(grant, first_party=is_first_party(request)))


class PasswordResetView(APIView):
    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []
    throttle_classes = [CodeThrottle]

    @extend_schema(
        tags=["auth"],
        summary="Ask for a link that sets a new password",
        description="The answer is the same, after the same time, whether anybody has the address.",
        request=AddressSerializer,
        responses={204: OpenApiResponse(description="If somebody has it, a mail is on its way.")},
    )
    def post(self, request: Request) -> Response:
        serializer = AddressSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        PasswordService.request_reset(**serializer.validated_data)
        return Response(status=status.HTTP_204_NO_CONTENT)


class PasswordResetConfirmView(APIView):
    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []
    throttle_classes = [CodeThrottle]

    @extend_schema(
        tags=["auth"],
        summary="Set a new password by the link from the mail",
        description="Ends all sessions. A password that is too weak does not use the link up.",
        request=PasswordResetSerializer,
        responses={204: OpenApiResponse(description="It is set: sign in with it."), **BAD_LINK},
    )
    def post(self, request: Request) -> Response:
        serializer = PasswordResetSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        PasswordService.reset(**serializer.validated_data)
        return Response(status=status.HTTP_204_NO_CONTENT)
