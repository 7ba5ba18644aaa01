from drf_spectacular.utils import extend_schema
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from core.requests import caller
from dashboard.api.serializers import DashboardSummarySerializer, SummaryQuerySerializer
from dashboard.selectors import get_dashboard_summary


@extend_schema(
    tags=["dashboard"],
    summary="What it all comes to",
    parameters=[SummaryQuerySerializer],
    responses=DashboardSummarySerializer,
)
@api_view(["GET"])
def dashboard_summary(request: Request) -> Response:
    """Figures over all your vendors, or one: `?vendor=`."""
    # As lists do: `format` is the renderers' affair, `_=1700000000` that of caches in between.
    given = request.query_params.items()
    named = {name: text for name, text in given if name != "format" and name[:1] != "_"}
    query = SummaryQuerySerializer(data=named)
    query.is_valid(raise_exception=True)
    summary = get_dashboard_summary(caller(request), query.validated_data.get("vendor"))
    return Response(DashboardSummarySerializer(summary).data, headers={"Cache-Control": "private"})
