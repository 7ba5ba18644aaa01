from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.openapi import refusal
from core.throttles import CheckEmailThrottle, CodeThrottle
from users.api.serializers import AddressSerializer, AvailabilitySerializer, EmailTokenSerializer
from users.exceptions import LinkNotValid
from users.selectors import is_address_free
from users.services import UserService


class EmailVerifyView(APIView):
    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []
    throttle_classes = [CodeThrottle]

    @extend_schema(
        tags=["auth"],
        summary="Confirm an address by the link from the mail",
        request=EmailTokenSerializer,
        responses={
            204: OpenApiResponse(description="It is confirmed."),
            **refusal(400, LinkNotValid.code, LinkNotValid.detail),
        },
    )
    def post(self, request: Request) -> Response:
        serializer = EmailTokenSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        UserService.verify_email(**serializer.validated_data)
        return Response(status=status.HTTP_204_NO_CONTENT)


class EmailResendView(APIView):
    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []
    throttle_classes = [CodeThrottle]

    @extend_schema(
        tags=["auth"],
        summary="Ask for the link that confirms an address, again",
        description="Without a token, for who may not sign in yet. The answer is the same whether "
        "anybody has the address.",
        request=AddressSerializer,
        responses={204: OpenApiResponse(description="If it is to be confirmed, a mail is coming.")},
    )
    def post(self, request: Request) -> Response:
        serializer = AddressSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        UserService.request_verification(**serializer.validated_data)
        return Response(status=status.HTTP_204_NO_CONTENT)


class CheckEmailView(APIView):
    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []
    throttle_classes = [CheckEmailThrottle]

    @extend_schema(
        tags=["auth"],
        summary="Is an address free?",
        request=AddressSerializer,
        responses=AvailabilitySerializer,
    )
    def post(self, request: Request) -> Response:
        serializer = AddressSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return Response({"available": is_address_free(**serializer.validated_data)})
