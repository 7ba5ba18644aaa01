from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from core.conditional import Conditional
from core.openapi import refusal
from core.requests import caller
from vendors.api.filters import StoreFilter
from vendors.api.serializers import ChosenSerializer, StoreSelectSerializer, StoreSerializer
from vendors.api.views.chosen import chosen
from vendors.exceptions import DefaultStoreNeeded
from vendors.roles import Ability
from vendors.selectors import choose_vendor, get_stores_for_user
from vendors.services import StoreService, VendorService

NEEDED = refusal(409, DefaultStoreNeeded.code, DefaultStoreNeeded.detail)


@extend_schema(tags=["vendors"])
@extend_schema_view(
    list=extend_schema(summary="The stores of your shops"),
    create=extend_schema(summary="Open a store", responses={201: StoreSerializer, **NEEDED}),
    retrieve=extend_schema(summary="One store"),
    update=extend_schema(
        summary="Replace a store's details", responses={200: StoreSerializer, **NEEDED}
    ),
    partial_update=extend_schema(
        summary="Change a store's details, or make it the default one",
        responses={200: StoreSerializer, **NEEDED},
    ),
    destroy=extend_schema(summary="Close a store", responses={204: None, **NEEDED}),
)
class StoreViewSet(Conditional, viewsets.ModelViewSet):
    serializer_class = StoreSerializer
    lock = staticmethod(StoreService.lock)
    filterset_class: Any = StoreFilter
    search_fields = ["name"]
    ordering_fields = ["name", "created_at"]
    ordering = ["name"]
    lookup_value_converter = "int"
    answer_is_about = "store"
    abilities = {"write": Ability.STORES_MANAGE, "select": None}

    def get_queryset(self) -> Any:
        return get_stores_for_user(caller(self.request))

    def perform_create(self, serializer: BaseSerializer) -> None:
        values = serializer.validated_data
        by = caller(self.request)
        vendor = choose_vendor(by, values.pop("vendor", None), Ability.STORES_MANAGE)
        serializer.instance = StoreService.create(vendor=vendor, by=by, **values)

    def perform_update(self, serializer: Any) -> None:
        changes = {k: v for k, v in serializer.validated_data.items() if k != "vendor"}
        serializer.instance = StoreService.update(
            store=serializer.instance, by=caller(self.request), **changes
        )

    def perform_destroy(self, instance: Any) -> None:
        StoreService.delete(store=instance, by=caller(self.request))

    @extend_schema(summary="Choose the store to work in", responses=ChosenSerializer)
    @action(
        detail=False,
        methods=["post"],
        serializer_class=StoreSelectSerializer,
        filter_backends=[],
        pagination_class=None,
        answer_is_about=None,
    )
    def select(self, request: Request) -> Response:
        """Its shop becomes the one you work in."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        store = serializer.validated_data["store"]
        VendorService.select(vendor=store.vendor, store=store, by=caller(request))
        return chosen(caller(request), store.vendor)
