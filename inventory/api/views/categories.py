from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import viewsets
from rest_framework.serializers import BaseSerializer

from core.conditional import Conditional
from core.openapi import refusal
from core.requests import caller
from inventory.api.filters import CategoryFilter
from inventory.api.serializers import CategorySerializer
from inventory.api.views.lists import CatalogListMixin
from inventory.exceptions import CategoryTaken
from inventory.selectors import get_categories_for_user
from inventory.services import CategoryService
from vendors.roles import Ability
from vendors.selectors import choose_vendor

TAKEN = refusal(409, CategoryTaken.code, CategoryTaken.detail)


@extend_schema(tags=["catalog"])
@extend_schema_view(
    list=extend_schema(summary="Your categories"),
    create=extend_schema(summary="Make a category", responses={201: CategorySerializer, **TAKEN}),
    retrieve=extend_schema(summary="One category"),
    update=extend_schema(
        summary="Rename or move a category", responses={200: CategorySerializer, **TAKEN}
    ),
    partial_update=extend_schema(
        summary="Rename or move a category", responses={200: CategorySerializer, **TAKEN}
    ),
    destroy=extend_schema(summary="Delete a category; its items and branches move up"),
)
class CategoryViewSet(Conditional, CatalogListMixin, viewsets.ModelViewSet):
    serializer_class = CategorySerializer
    lock = staticmethod(CategoryService.lock)
    filterset_class = CategoryFilter
    search_fields = ["name"]
    ordering_fields = ["name", "created_at", "item_count"]
    ordering = ["name"]
    lookup_value_converter = "int"
    abilities = {"write": Ability.CATALOG_WRITE}

    def get_queryset(self) -> Any:
        return get_categories_for_user(caller(self.request), self.scope)

    def perform_create(self, serializer: BaseSerializer) -> None:
        values = serializer.validated_data
        vendor = choose_vendor(
            caller(self.request), values.pop("vendor", None), Ability.CATALOG_WRITE
        )
        serializer.instance = CategoryService.create(
            vendor=vendor, by=caller(self.request), **values
        )

    def perform_update(self, serializer: Any) -> None:
        changes = {k: v for k, v in serializer.validated_data.items() if k != "vendor"}
        serializer.instance = CategoryService.update(
            category=serializer.instance, by=caller(self.request), **changes
        )

    def perform_destroy(self, instance: Any) -> None:
        CategoryService.delete(category=instance, by=caller(self.request))
