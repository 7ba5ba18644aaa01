from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import generics, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from core.conditional import Conditional
from core.exceptions import ImageRefused
from core.openapi import refusal
from core.parsers import StrictMultiPartParser
from core.requests import caller
from core.throttles import SignupThrottle
from users.api.serializers import (
    AccountDeletionSerializer,
    AvatarSerializer,
    MeSerializer,
    ProfileSerializer,
    RegisterSerializer,
)
from users.api.throttles import password_throttles
from users.exceptions import OwnsVendors
from users.services import AccountService, AvatarService, UserService


@extend_schema(tags=["auth"])
class RegisterView(generics.CreateAPIView):
    """Register. Makes the account, its vendor and that vendor's default store."""

    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []
    throttle_classes = [SignupThrottle]
    serializer_class = RegisterSerializer
    answer_is_about = "user"

    def perform_create(self, serializer: BaseSerializer) -> None:
        serializer.instance = UserService.register(**serializer.validated_data)


class _OwnAccountView(Conditional, generics.GenericAPIView):
    serializer_class: Any = MeSerializer
    filter_backends: list[Any] = []
    answer_is_about = "user"
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
    deletes_with = AccountDeletionSerializer

    def get_throttles(self) -> list[Any]:
        more = password_throttles() if self.request.method == "DELETE" else []
        return [*super().get_throttles(), *more]

    @extend_schema(summary="Who you are", responses=MeSerializer)
    def get(self, request: Request) -> Response:
        return self.shown(self.get_object())

    @extend_schema(
        summary="Delete your account",
        description="Ends all sessions and memberships, and forgets who you are: name, address, "
        "telephone number, birthday, picture. What you did in shops stays, without you; the "
        "address may register again. It cannot be undone.",
        responses={
            204: OpenApiResponse(description="It is deleted."),
            **refusal(409, OwnsVendors.code, OwnsVendors.detail),
        },
    )
    def delete(self, request: Request) -> Response:
        user = self.get_object()
        serializer = AccountDeletionSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        AccountService.delete_own(user=user, **serializer.validated_data)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(summary="Change your profile", request=MeSerializer, responses=MeSerializer)
    def patch(self, request: Request) -> Response:
        user = self.get_object()
        serializer = self.get_serializer(user, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        user = UserService.update_profile(user=user, **serializer.validated_data)
        return Response(MeSerializer(user).data)


class AvatarView(_OwnAccountView):
    parser_classes = [StrictMultiPartParser]

    @extend_schema(
        tags=["auth"],
        summary="Set your avatar",
        description="JPEG, PNG or WebP, up to 2 MB and 40 megapixels. The middle of it is kept, as "
        "a WebP of at most 256 pixels a side, upright and freed of all metadata; the one before is "
        "deleted.",
        request={"multipart/form-data": AvatarSerializer},
        responses={
            200: MeSerializer,
            **refusal(400, ImageRefused.code, "This is not a JPEG, PNG or WebP picture."),
        },
    )
    def put(self, request: Request) -> Response:
        user = self.get_object()
        serializer = AvatarSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        user = AvatarService.put(user=user, **serializer.validated_data)
        return Response(MeSerializer(user).data)

    @extend_schema(
        tags=["auth"],
        summary="Remove your avatar",
        responses={204: OpenApiResponse(description="You have none.")},
    )
    def delete(self, request: Request) -> Response:
        AvatarService.remove(user=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)
