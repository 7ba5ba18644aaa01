from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.openapi import refusal
from core.throttles import SignupThrottle
from users.api.serializers import (
    AdministratorSerializer,
)
from users.api.views.tokens import TokenView
from users.services import AdministratorService


class AdminRegisterView(APIView):
    permission_classes = [AllowAny]
    throttle_classes = [SignupThrottle]
    answer_is_about = "user"

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


@extend_schema_view(
    post=extend_schema(
        summary="Administrator login",
        description="As `auth/token/`, for administrators only: everybody else is 401.",
    )
)
class AdminLoginView(TokenView):
    administrator = True
