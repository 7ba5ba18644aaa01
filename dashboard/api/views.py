from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, viewsets
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from core.caching import kept
from core.requests import caller, read_query
from dashboard.api.filters import AuditLogFilter
from dashboard.api.serializers import (
    AuditLogSerializer,
    DashboardSummarySerializer,
    SummaryQuerySerializer,
    ValuationFiguresSerializer,
    ValuationQuerySerializer,
)
from dashboard.selectors import (
    get_audit_logs_for_user,
    get_dashboard_summary,
    get_past_summary,
    get_valuation,
)
from inventory.selectors import Moment, get_catalog_state


@extend_schema(
    tags=["dashboard"],
    summary="What it all comes to",
    parameters=[SummaryQuerySerializer],
    responses=DashboardSummarySerializer,
)
@api_view(["GET", "HEAD"])
def dashboard_summary(request: Request) -> Response:
    """Figures over all your vendors, or one: `?vendor=`."""
    query = read_query(request, SummaryQuerySerializer)
    moment = Moment(as_of=query.get("as_of"), known_at=query.get("known_at"))
    if moment:
        summary = get_past_summary(caller(request), query.get("vendor"), moment)
        return Response(DashboardSummarySerializer(summary).data)
    state = get_catalog_state(caller(request), query.get("vendor"))
    return Response(
        kept(
            "summary",
            [state.vendor_ids, state.version, state.items_this_month],
            make=lambda: DashboardSummarySerializer(get_dashboard_summary(state)).data,
        )
    )


@extend_schema(
    tags=["dashboard"],
    summary="What the stock cost and is worth, now or at any time",
    parameters=[ValuationQuerySerializer],
    responses=ValuationFiguresSerializer,
)
@api_view(["GET", "HEAD"])
def dashboard_valuation(request: Request) -> Response:
    """In one currency; `history` is a series for charts, by the month, and ends with `as_of`."""
    query = read_query(request, ValuationQuerySerializer)
    moment = Moment(as_of=query.get("as_of"), known_at=query.get("known_at"))
    figures = get_valuation(
        caller(request),
        vendor_id=query.get("vendor"),
        currency=query.get("currency", ""),
        moment=moment,
        months=query["months"],
    )
    return Response(ValuationFiguresSerializer(figures).data)


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
