from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, viewsets
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from core.requests import caller
from dashboard.api.filters import AuditLogFilter
from dashboard.api.serializers import (
    AuditLogSerializer,
    DashboardSummarySerializer,
    SummaryQuerySerializer,
)
from dashboard.selectors import get_audit_logs_for_user, get_dashboard_summary


@extend_schema(
    tags=["dashboard"],
    summary="What it all comes to",
    parameters=[SummaryQuerySerializer],
    responses=DashboardSummarySerializer,
)
@api_view(["GET", "HEAD"])
def dashboard_summary(request: Request) -> Response:
    """Figures over all your vendors, or one: `?vendor=`."""
    # As lists do: `format` is the renderers' affair, `_=1700000000` that of caches in between.
    given = request.query_params.items()
    named = {name: text for name, text in given if name != "format" and name[:1] != "_"}
    query = SummaryQuerySerializer(data=named)
    query.is_valid(raise_exception=True)
    summary = get_dashboard_summary(caller(request), query.validated_data.get("vendor"))
    return Response(DashboardSummarySerializer(summary).data)


@extend_schema(tags=["audit"])
@extend_schema_view(
    list=extend_schema(
        summary="Who did what, when, from where",
        description="Newest first. What was done in your shops, and what you did to your account; "
        "staff of the platform see all. Entries are never changed nor deleted. `search` looks into "
        "`action`.",
    )
)
class AuditLogViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    serializer_class = AuditLogSerializer
    filterset_class: Any = AuditLogFilter
    search_fields = ["action"]
    ordering_fields = ["timestamp"]
    ordering = ["-timestamp"]

    def get_queryset(self) -> QuerySet:
        return get_audit_logs_for_user(caller(self.request))

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = super().list(request, *args, **kwargs)
        response["Cache-Control"] = "private, no-store"
        return response
