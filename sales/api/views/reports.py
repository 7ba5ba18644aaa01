from collections.abc import Iterator, Sequence
from typing import Any, cast

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import viewsets
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from core.pagination import PAGINATION, VersionedPagination
from core.renderers import CSVRenderer
from core.requests import caller, read_query
from core.tabular import csv_chunks
from inventory.selectors import Moment
from sales.api.serializers import SalesReportQuerySerializer, SalesRowSerializer
from sales.api.serializers.reports import TOTAL
from sales.enums import ReportBy
from sales.selectors import Period, SalesReport, get_sales_report
from sales.services import ReportService

_FIGURES = [
    "units", "returned", "orders", "revenue", "refunds", "cost", "fees", "postage", "profit",
    "margin", "uncosted_units",
]  # fmt: skip


class ReportPagination(VersionedPagination):
    """Pages of rows, and beside them what all of them come to."""

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        envelope = super().get_paginated_response_schema(schema)
        beside = {
            "by": {"type": "string", "enum": ReportBy.values, "example": "item"},
            "currency": {"type": "string", "example": "USD"},
            "total": {"$ref": "#/components/schemas/SalesRow", "example": TOTAL},
            "others": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Currencies of sales that are not in the figures.",
                "example": ["EUR"],
            },
        }
        return {
            **envelope,
            "required": [*envelope["required"], *beside],
            "properties": {**envelope["properties"], **beside},
        }


class SalesReportViewSet(viewsets.GenericViewSet):
    serializer_class = SalesRowSerializer
    pagination_class = ReportPagination
    filter_backends = []
    renderer_classes = [JSONRenderer, CSVRenderer]

    @extend_schema(
        tags=["sales"],
        summary="What selling brought",
        description="By day, the first one first; by anything else what brought most first. In "
        "one currency, with the total of all rows. `format=csv` gives all rows as a file.",
        parameters=[
            SalesReportQuerySerializer,
            OpenApiParameter("format", OpenApiTypes.STR, enum=["json", "csv"]),
        ],
        responses={
            (200, "application/json"): SalesRowSerializer(many=True),
            (200, "text/csv"): OpenApiResponse(
                OpenApiTypes.STR,
                "All rows, streamed.",
                examples=[
                    OpenApiExample(
                        "By channel",
                        "Channel,Units,Returned,Orders,Revenue,Refunds,Cost,Fees,Postage,Profit,"
                        "Margin,Uncosted units,Currency\r\n"
                        "eBay,3,1,4,2549.97,849.99,1800.00,331.50,45.00,373.47,14.65,0,USD\r\n",
                    )
                ],
            ),
        },
    )
    def list(self, request: Request) -> Response | StreamingHttpResponse:
        asked = read_query(request, SalesReportQuerySerializer, self._paging(request))
        report = get_sales_report(
            caller(request),
            asked["by"],
            vendor_id=asked.get("vendor"),
            currency=asked.get("currency", ""),
            period=Period(
                since=asked.get("since"),
                until=asked.get("until"),
                moment=Moment(as_of=asked.get("as_of"), known_at=asked.get("known_at")),
            ),
        )
        if request.accepted_renderer.format == CSVRenderer.format:
            return self._file(request, report)
        rows = self.get_serializer(self.paginate_queryset(cast("Sequence[Any]", report)), many=True)
        response = self.get_paginated_response(rows.data)
        response.data |= {
            "by": report.by,
            "currency": report.currency,
            "total": self.get_serializer(report.total).data,
            "others": report.others,
        }
        return response

    def _paging(self, request: Request) -> frozenset[str]:
        parameters: frozenset[str] = PAGINATION[request.version].parameters
        return parameters if request.accepted_renderer.format == "json" else frozenset()

    def _file(self, request: Request, report: SalesReport) -> StreamingHttpResponse:
        if request.method != "HEAD":
            ReportService.record_export(
                vendor_ids=report.vendor_ids, per=report.by, kind="csv", by=caller(request)
            )
        about = ["SKU", "Name"] if report.by == ReportBy.ITEM else [report.by.capitalize()]
        header = [*about, *(name.capitalize().replace("_", " ") for name in _FIGURES), "Currency"]
        return StreamingHttpResponse(
            csv_chunks(header, _cells(report)),
            content_type=CSVRenderer.media_type,
            headers={
                "Content-Disposition": f'attachment; filename="sales-by-{report.by}.csv"',
                "Cache-Control": "private, no-store",
            },
        )


def _cells(report: SalesReport) -> Iterator[list[Any]]:
    for row in report:
        about = [row.sku, row.name] if report.by == ReportBy.ITEM else [row.name]
        yield [*about, *(getattr(row, name) for name in _FIGURES), report.currency]
