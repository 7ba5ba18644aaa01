from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import generics, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.conditional import Conditional
from core.openapi import refusal
from core.requests import caller, wordless
from users.api.serializers import RefreshSerializer, SessionSerializer
from users.exceptions import TokenNotValid
from users.selectors import get_sessions_for_user
from users.services import SessionService
from users.tokens import read_refresh


class LogoutView(APIView):
    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []

    @extend_schema(
        tags=["auth"],
        summary="Log out",
        description="Ends the session of the refresh token with all its tokens, at once. A token "
        "that has expired or was used before will do, and a second time is 204 too.",
        request=RefreshSerializer,
        responses={
            204: OpenApiResponse(description="The session has ended."),
            **refusal(401, TokenNotValid.code, TokenNotValid.detail),
        },
    )
    def post(self, request: Request) -> Response:
        serializer = RefreshSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        token = read_refresh(serializer.validated_data["refresh"], late=True)
        SessionService.log_out(user_id=token.user_id, session_id=token.session_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class LogoutAllView(APIView):
    @extend_schema(
        tags=["auth"],
        summary="Log out everywhere",
        description="Ends all your sessions, this one too.",
        request=None,
        responses={204: OpenApiResponse(description="All sessions have ended.")},
    )
    @wordless
    def post(self, request: Request) -> Response:
        SessionService.end_all(user=caller(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(tags=["auth"], summary="Where you are signed in")
class SessionsView(generics.ListAPIView):
    serializer_class = SessionSerializer
    ordering_fields = ["last_used_at", "created_at"]
    ordering = ["-last_used_at"]

    def get_queryset(self) -> QuerySet:
        return get_sessions_for_user(caller(self.request))


@extend_schema(tags=["auth"])
@extend_schema_view(get=extend_schema(summary="One of the places where you are signed in"))
class SessionView(Conditional, generics.RetrieveAPIView):
    serializer_class = SessionSerializer
    lock = staticmethod(SessionService.lock)
    filter_backends: list[Any] = []

    def get_queryset(self) -> QuerySet:
        return get_sessions_for_user(caller(self.request))

    @extend_schema(
        summary="End one of your sessions",
        responses={204: OpenApiResponse(description="It has ended, and so has its access.")},
    )
    def delete(self, request: Request, pk: int) -> Response:
        SessionService.end(user=caller(request), session_id=self.get_object().pk)
        return Response(status=status.HTTP_204_NO_CONTENT)
