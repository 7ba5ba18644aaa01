from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from core.conditional import Conditional
from core.exceptions import InUse, NotFoundError
from core.openapi import refusal
from core.requests import caller
from vendors.api.filters import VendorFilter
from vendors.api.serializers import TransferSerializer, VendorSerializer
from vendors.roles import Ability
from vendors.selectors import get_active_vendor, get_vendors_for_user
from vendors.services import VendorService


@extend_schema(tags=["vendors"])
@extend_schema_view(
    list=extend_schema(summary="Your shops"),
    create=extend_schema(summary="Open a shop, with its default store"),
    retrieve=extend_schema(summary="One shop"),
    update=extend_schema(summary="Replace a shop's details"),
    partial_update=extend_schema(summary="Change a shop's details"),
    destroy=extend_schema(
        summary="Close a shop and hide all that belongs to it",
        responses={204: None, **refusal(409, InUse.code, InUse.detail)},
    ),
)
class VendorViewSet(Conditional, viewsets.ModelViewSet):
    serializer_class = VendorSerializer
    lock = staticmethod(VendorService.lock)
    filterset_class = VendorFilter
    search_fields = ["name"]
    ordering_fields = ["name", "created_at"]
    ordering = ["name"]
    lookup_value_converter = "int"
    answer_is_about = "vendor"
    abilities = {
        "write": Ability.SETTINGS_MANAGE,
        "create": None,
        "destroy": Ability.VENDOR_DELETE,
        "transfer": Ability.VENDOR_TRANSFER,
    }

    def get_queryset(self) -> Any:
        return get_vendors_for_user(caller(self.request))

    def perform_create(self, serializer: BaseSerializer) -> None:
        serializer.instance = VendorService.create(
            owner=caller(self.request), **serializer.validated_data
        )

    def perform_update(self, serializer: Any) -> None:
        serializer.instance = VendorService.update(
            vendor=serializer.instance, by=caller(self.request), **serializer.validated_data
        )

    def perform_destroy(self, instance: Any) -> None:
        VendorService.delete(vendor=instance, by=caller(self.request))

    @extend_schema(
        summary="The shop you work in",
        responses={200: VendorSerializer, **refusal(404, "not_found", "Not found.")},
    )
    @action(detail=False, pagination_class=None, filter_backends=[])
    def me(self, request: Request) -> Response:
        vendor = get_active_vendor(caller(request))
        if vendor is None:
            raise NotFoundError
        return self.shown(vendor)

    @extend_schema(
        summary="Give the shop to one of its members",
        description="You become an administrator of it. Only the owner can do this.",
        responses=VendorSerializer,
    )
    @action(detail=True, methods=["post"], serializer_class=TransferSerializer, filter_backends=[])
    def transfer(self, request: Request, pk: int) -> Response:
        vendor = self.get_object()
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        given = VendorService.transfer(
            vendor=vendor, user_id=serializer.validated_data["user"], by=caller(request)
        )
        return Response(VendorSerializer(given).data)
