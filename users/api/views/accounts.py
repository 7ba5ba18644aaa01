from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from core.conditional import Conditional
from core.requests import caller
from core.throttles import SignupThrottle
from users.api.serializers import MeSerializer, ProfileSerializer, RegisterSerializer
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


class _OwnAccountView(Conditional, generics.GenericAPIView):
    serializer_class: Any = MeSerializer
    lock = staticmethod(UserService.lock)

    def get_object(self) -> Any:
        return self.judged(caller(self.request))


class ProfileCompleteView(_OwnAccountView):
    @extend_schema(
        tags=["auth"],
        summary="Complete your profile",
        description="Sets what is given, as `PATCH auth/me/` does, and refuses as long as "
        "`first_name`, `last_name` or `birthdate` would be missing.",
        request=ProfileSerializer,
        responses=MeSerializer,
    )
    def post(self, request: Request) -> Response:
        user = self.get_object()
        serializer = ProfileSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        user = UserService.complete_profile(user=user, **serializer.validated_data)
        return Response(MeSerializer(user).data)


@extend_schema(tags=["auth"])
class MeView(_OwnAccountView):
    @extend_schema(summary="Who you are", responses=MeSerializer)
    def get(self, request: Request) -> Response:
        return self.shown(self.get_object())

    @extend_schema(summary="Change your profile", request=MeSerializer, responses=MeSerializer)
    def patch(self, request: Request) -> Response:
        user = self.get_object()
        serializer = self.get_serializer(user, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        user = UserService.update_profile(user=user, **serializer.validated_data)
        return Response(MeSerializer(user).data)
