from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.conditional import Conditional
from core.openapi import REHEARSED, STALE_PLAN
from core.parsers import StrictMultiPartParser
from core.requests import REHEARSAL, caller, read_flag
from inventory.api.filters import ImportJobFilter, ImportRowFilter
from inventory.api.serializers import (
    ImportJobSerializer,
    ImportRequestSerializer,
    ImportRowSerializer,
)
from inventory.selectors import get_import, get_import_rows, get_imports_for_user
from inventory.services import ImportService
from vendors.roles import Ability
from vendors.selectors import choose_vendor


@extend_schema(tags=["imports"])
@extend_schema_view(
    list=extend_schema(summary="Your imports, newest first"),
    retrieve=extend_schema(summary="How far an import is, and what it did"),
)
class ImportViewSet(
    Conditional, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet
):
    serializer_class = ImportJobSerializer
    filterset_class: Any = ImportJobFilter
    ordering_fields = ["created_at"]
    ordering = ["-created_at"]
    lookup_value_converter = "int"
    abilities = {"write": Ability.CATALOG_WRITE}
    parser_classes = [StrictMultiPartParser]
    extra_parameters = REHEARSAL

    def get_queryset(self) -> QuerySet:
        return get_imports_for_user(caller(self.request))

    @extend_schema(
        summary="Import a table of items",
        description="The worker does it; follow `GET catalog/imports/{id}/`. Rows are matched by "
        "SKU: known ones are updated, others created. One bad row never stops a good one.",
        parameters=REHEARSED,
        request={"multipart/form-data": ImportRequestSerializer},
        responses={202: ImportJobSerializer, **STALE_PLAN},
    )
    def create(self, request: Request) -> Response:
        serializer = ImportRequestSerializer(data=request.data, context={"request": request})
        serializer.is_valid(raise_exception=True)
        values = serializer.validated_data
        vendor = choose_vendor(caller(request), values.pop("vendor", None), Ability.CATALOG_WRITE)
        values["dry_run"] = read_flag(request, "dry_run")
        values["plan"] = request.query_params.get("plan", "")
        job = ImportService.submit(vendor=vendor, by=caller(request), **values)
        return Response(self.get_serializer(job).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(summary="What became of every row", responses=ImportRowSerializer(many=True))
    @action(
        detail=True,
        serializer_class=ImportRowSerializer,
        filterset_class=ImportRowFilter,
        ordering_fields=["line"],
        ordering=["line"],
    )
    def rows(self, request: Request, pk: str) -> Response:
        rows = self.filter_queryset(get_import_rows(get_import(caller(request), int(pk))))
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)
