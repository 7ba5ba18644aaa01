from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.openapi import refusal
from core.requests import opens_as_first_party
from core.throttles import AccessTokenThrottle, OneAccessTokenThrottle, forgive
from users.api.devices import device_of
from users.api.serializers import SalespersonSerializer, TokenPairSerializer
from users.api.throttles import SignInThrottle
from users.exceptions import EmailNotVerified, InvalidCredentialsError
from users.services import SalespersonService
from users.tokens import sign
from vendors.exceptions import AccessTokenNotValid, MemberTaken


class SalespersonLoginOrRegisterView(APIView):
    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []
    throttle_classes = [AccessTokenThrottle, OneAccessTokenThrottle, SignInThrottle]
    answer_is_secret = True

    @extend_schema(
        tags=["auth"],
        summary="Come in as a salesperson by a shop's token",
        description="Uses the token up and makes you a member of its shop with the role `sales`. "
        "A new address makes an account with this password; a known one needs its own. A refusal "
        "does not use the token up.",
        request=SalespersonSerializer,
        responses={
            200: OpenApiResponse(TokenPairSerializer, "You are in"),
            **refusal(400, AccessTokenNotValid.code, AccessTokenNotValid.detail),
            **refusal(401, InvalidCredentialsError.code, InvalidCredentialsError.detail),
            **refusal(403, EmailNotVerified.code, EmailNotVerified.detail),
            **refusal(409, MemberTaken.code, MemberTaken.detail),
        },
    )
    def post(self, request: Request) -> Response:
        serializer = SalespersonSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        grant = SalespersonService.come_in(**serializer.validated_data, **device_of(request))
        forgive(request)
        return Response(sign(grant, first_party=opens_as_first_party(request)))
