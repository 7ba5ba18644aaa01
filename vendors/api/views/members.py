from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from core.conditional import Conditional
from core.exceptions import ForbiddenError
from core.openapi import refusal
from core.requests import caller, wordless
from core.throttles import InviteThrottle
from vendors.api.filters import MemberFilter
from vendors.api.serializers import (
    ChosenSerializer,
    InviteSerializer,
    MemberChangesSerializer,
    MemberSerializer,
    VendorSelectSerializer,
)
from vendors.api.views.chosen import chosen
from vendors.exceptions import AddressNotConfirmed, MemberTaken, NotInvited, OwnMembership
from vendors.roles import Ability
from vendors.selectors import choose_vendor, get_invites_for_user, get_members_for_user
from vendors.services import InviteService, MemberService, VendorService

CHANGED: dict[Any, Any] = {
    200: MemberChangesSerializer,
    **refusal(409, OwnMembership.code, OwnMembership.detail),
}
TAKEN = refusal(409, MemberTaken.code, MemberTaken.detail)
ANSWERS: dict[Any, Any] = {
    200: InviteSerializer,
    **refusal(403, AddressNotConfirmed.code, AddressNotConfirmed.detail),
    **refusal(409, NotInvited.code, NotInvited.detail),
}


@extend_schema(tags=["vendors"])
@extend_schema_view(
    list=extend_schema(
        summary="Who works in your shops",
        description="All members and invitations where you manage them, elsewhere yourself alone. "
        "The owner is the shop's `owner`, not a member.",
    ),
    create=extend_schema(
        summary="Invite somebody by e-mail", responses={201: MemberSerializer, **TAKEN}
    ),
    retrieve=extend_schema(summary="One member"),
    update=extend_schema(summary="Replace a member's role and title", responses=CHANGED),
    partial_update=extend_schema(
        summary="Change a member's role or title, or pause the member", responses=CHANGED
    ),
    destroy=extend_schema(
        summary="Remove a member, withdraw an invitation, or leave",
        description="Your own membership in whatever role; others where your role allows "
        "`members.manage`. Access to the shop ends with the next call.",
        responses={204: None, **refusal(403, ForbiddenError.code, ForbiddenError.detail)},
    ),
)
class MemberViewSet(
    Conditional,
    mixins.CreateModelMixin,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet,
):
    serializer_class = MemberSerializer
    lock = staticmethod(MemberService.lock)
    filterset_class: Any = MemberFilter
    search_fields = ["email", "title"]
    ordering_fields = ["email", "role", "created_at"]
    ordering = ["id"]
    lookup_value_converter = "int"
    answer_is_about = "member"
    # Whether somebody goes or sends another away, the service tells apart.
    abilities = {"write": Ability.MEMBERS_MANAGE, "destroy": None, "select": None}

    def get_queryset(self) -> Any:
        return get_members_for_user(caller(self.request))

    def get_serializer_class(self) -> Any:
        actions = {
            "update": MemberChangesSerializer,
            "partial_update": MemberChangesSerializer,
            "select": VendorSelectSerializer,
        }
        return actions.get(self.action, MemberSerializer)

    def get_throttles(self) -> list[Any]:
        mails = [InviteThrottle()] if self.action == "create" else []
        return [*super().get_throttles(), *mails]

    def perform_create(self, serializer: BaseSerializer) -> None:
        values = serializer.validated_data
        by = caller(self.request)
        vendor = choose_vendor(by, values.pop("vendor", None), Ability.MEMBERS_MANAGE)
        serializer.instance = MemberService.invite(vendor=vendor, by=by, **values)

    def perform_update(self, serializer: Any) -> None:
        changes = serializer.validated_data
        MemberService.update(member=serializer.instance, by=caller(self.request), **changes)
        serializer.instance = self.get_object()

    def perform_destroy(self, instance: Any) -> None:
        MemberService.remove(member=instance, by=caller(self.request))

    @extend_schema(summary="Choose the shop, and the store, to work in", responses=ChosenSerializer)
    @action(
        detail=False,
        methods=["post"],
        filter_backends=[],
        pagination_class=None,
        answer_is_about=None,
    )
    def select(self, request: Request) -> Response:
        """What you make without naming a shop goes there."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        VendorService.select(by=caller(request), **serializer.validated_data)
        return chosen(caller(request), serializer.validated_data["vendor"])


@extend_schema(tags=["vendors"])
@extend_schema_view(
    list=extend_schema(summary="Invitations that wait for your answer"),
    retrieve=extend_schema(summary="One invitation"),
)
class InviteViewSet(Conditional, mixins.ListModelMixin, viewsets.GenericViewSet):
    serializer_class = InviteSerializer
    lock = staticmethod(MemberService.lock)
    ordering_fields = ["created_at"]
    ordering = ["id"]
    lookup_value_converter = "int"
    answer_is_about = "member"

    def get_queryset(self) -> Any:
        return get_invites_for_user(caller(self.request))

    @extend_schema(summary="Accept an invitation", request=None, responses=ANSWERS)
    @action(detail=True, methods=["post"], filter_backends=[])
    @wordless
    def accept(self, request: Request, pk: int) -> Response:
        invite = InviteService.accept(invite=self.get_object(), by=caller(request))
        return Response(self.get_serializer(invite).data)

    @extend_schema(summary="Decline an invitation", request=None, responses=ANSWERS)
    @action(detail=True, methods=["post"], filter_backends=[])
    @wordless
    def decline(self, request: Request, pk: int) -> Response:
        invite = InviteService.decline(invite=self.get_object(), by=caller(request))
        return Response(self.get_serializer(invite).data)
