from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from core.conditional import Conditional
from core.requests import caller
from vendors.api.filters import AccessTokenFilter
from vendors.api.serializers import AccessTokenSerializer, NewAccessTokenSerializer
from vendors.roles import Ability
from vendors.selectors import choose_vendor, get_access_tokens_for_user
from vendors.services import AccessTokenService


@extend_schema(tags=["vendors"])
@extend_schema_view(
    list=extend_schema(
        summary="Sign-up tokens of the shops where you manage them",
        description="Used and expired ones too. `prefix` is what a token begins with; the rest of "
        "it was told when it was made, and is kept nowhere.",
    ),
    retrieve=extend_schema(summary="One sign-up token"),
    destroy=extend_schema(summary="Revoke a sign-up token"),
)
class AccessTokenViewSet(
    Conditional,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet,
):
    lock = staticmethod(AccessTokenService.lock)
    serializer_class = AccessTokenSerializer
    filterset_class: Any = AccessTokenFilter
    search_fields = ["notes"]
    ordering_fields = ["created_at", "expires_at", "used_at"]
    ordering = ["-created_at"]
    lookup_value_converter = "int"
    abilities = {"write": Ability.TOKENS_MANAGE}
    answer_is_secret = True

    def get_queryset(self) -> Any:
        return get_access_tokens_for_user(caller(self.request))

    @extend_schema(
        summary="Make a sign-up token for a salesperson",
        description="Who has it comes in once, by `auth/salesperson/`, with the role `sales`. "
        "The answer alone holds the whole token.",
        responses={201: NewAccessTokenSerializer},
    )
    def create(self, request: Request) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        values, by = serializer.validated_data, caller(request)
        vendor = choose_vendor(by, values.pop("vendor", None), Ability.TOKENS_MANAGE)
        row, code = AccessTokenService.issue(vendor=vendor, by=by, **values)
        made = self.representation(row)
        headers = {"Cache-Control": "no-store", "ETag": made.entity_tag}
        return Response({**made.data, "token": code}, status=201, headers=headers)

    def perform_destroy(self, instance: Any) -> None:
        AccessTokenService.revoke(token=instance, by=caller(self.request))
