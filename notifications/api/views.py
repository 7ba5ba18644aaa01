from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics, mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.conditional import Conditional
from core.exceptions import ForbiddenError
from core.openapi import refusal
from core.requests import caller, wordless
from notifications.api.filters import NotificationFilter
from notifications.api.serializers import (
    AnnouncedSerializer,
    AnnouncementSerializer,
    ChoicesSerializer,
    NotificationSerializer,
    PreferencesSerializer,
    ReadSerializer,
    UnreadSerializer,
)
from notifications.selectors import (
    PreferenceSheet,
    count_unread,
    get_notifications_for_user,
    get_preferences,
)
from notifications.services import AnnouncementService, NotificationService, PreferenceService
from users.selectors import require_administrator

ANNOUNCED: dict[Any, Any] = {
    201: AnnouncedSerializer,
    **refusal(403, ForbiddenError.code, ForbiddenError.detail),
}
UNPAGED: dict[str, Any] = {"detail": False, "filter_backends": [], "pagination_class": None}


@extend_schema(tags=["notifications"])
@extend_schema_view(
    list=extend_schema(
        summary="What you were told, newest first",
        description="In your language of then. Read ones stay for 90 days, others for a year.",
    ),
    retrieve=extend_schema(summary="One notification"),
)
class NotificationViewSet(
    Conditional, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet
):
    serializer_class = NotificationSerializer
    lock = staticmethod(NotificationService.lock)
    filterset_class: Any = NotificationFilter
    ordering_fields = ["created_at"]
    ordering = ["-created_at"]
    lookup_value_converter = "int"

    def get_queryset(self) -> QuerySet:
        return get_notifications_for_user(caller(self.request))

    @extend_schema(
        summary="Announce something to many",
        description="For administrators of the platform alone.",
        request=AnnouncementSerializer,
        responses=ANNOUNCED,
    )
    def create(self, request: Request) -> Response:
        require_administrator(caller(request))
        serializer = AnnouncementSerializer(data=request.data, context={"request": request})
        serializer.is_valid(raise_exception=True)
        made = AnnouncementService.make(by=caller(request), **serializer.validated_data)
        return Response(AnnouncedSerializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(summary="You have read it", request=None, responses=NotificationSerializer)
    @action(detail=True, methods=["post"], filter_backends=[])
    @wordless
    def read(self, request: Request, pk: int) -> Response:
        """A second time changes nothing."""
        row = NotificationService.read(notification=self.get_object())
        return Response(self.get_serializer(row).data)

    @extend_schema(summary="You have read them all", request=None, responses=ReadSerializer)
    @action(methods=["post"], url_path="read-all", **UNPAGED)
    @wordless
    def read_all(self, request: Request) -> Response:
        read = NotificationService.read_all(user=caller(request))
        return Response(ReadSerializer({"read": read}).data)

    @extend_schema(summary="How many you have not read", responses=UnreadSerializer)
    @action(url_path="unread-count", **UNPAGED)
    def unread_count(self, request: Request) -> Response:
        return Response(UnreadSerializer({"unread": count_unread(caller(request))}).data)


@extend_schema(tags=["notifications"], request=ChoicesSerializer, responses=PreferencesSerializer)
class PreferencesView(Conditional, generics.GenericAPIView):
    serializer_class = PreferencesSerializer
    filter_backends: list[Any] = []
    lock = staticmethod(PreferenceService.lock)

    def get_object(self) -> PreferenceSheet:
        return self.judged(get_preferences(caller(self.request).pk))

    @extend_schema(summary="What you want to be told, and how")
    def get(self, request: Request) -> Response:
        return self.shown(self.get_object())

    @extend_schema(summary="Choose all of it; what is not named is as by default")
    def put(self, request: Request) -> Response:
        return self._choose(request, anew=True)

    @extend_schema(summary="Choose some of it")
    def patch(self, request: Request) -> Response:
        return self._choose(request, anew=False)

    def _choose(self, request: Request, *, anew: bool) -> Response:
        user = caller(request)
        self.get_object()
        serializer = ChoicesSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        choices = serializer.validated_data["preferences"]
        PreferenceService.choose(user=user, choices=choices, anew=anew)
        return Response(self.representation(get_preferences(user.pk)).data)
