from collections.abc import Iterable
from typing import Any

from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from drf_spectacular.utils import extend_schema_view as describe
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from core.conditional import Conditional
from core.exceptions import InUse, InvalidInput
from core.filters import TextSearchFilter
from core.openapi import REHEARSED, STALE_PLAN, refusal
from core.pagination import PAGINATION
from core.renderers import CSVRenderer, JSONLinesRenderer, XLSXRenderer
from core.requests import (
    REHEARSAL,
    caller,
    parameters_of,
    read_terms,
    refuse_unknown,
    wordless,
)
from core.serializers import IdsSerializer
from core.tabular import jsonl_chunks, xlsx_file
from inventory.api.filters import MOMENT, CollectibleFilter, read_moment
from inventory.api.serializers import (
    BulkDeletedSerializer,
    BulkRestoredSerializer,
    BulkUpdatedSerializer,
    BulkUpdateSerializer,
    CollectibleSerializer,
)
from inventory.api.serializers.stock import StockAvailabilitySerializer
from inventory.api.views.lists import CatalogListMixin
from inventory.exceptions import SkuTaken
from inventory.selectors import (
    EXPORT_COLUMNS,
    EXPORT_HEADER,
    NOW,
    SCOPE,
    ItemQuestion,
    ask_for_items,
    count_matches,
    find_shown_item,
    get_availability,
    get_collectible,
    get_collectibles_for_user,
    items_at,
    read_shown_items,
    require_may_change,
    stream_csv,
    stream_export,
)
from inventory.services import CollectibleService, ExportService
from vendors.roles import Ability
from vendors.selectors import choose_vendor

TAKEN = refusal(409, SkuTaken.code, SkuTaken.detail)
PROMISED = refusal(409, InUse.code, InUse.detail)
# Of the deleted, `?is_deleted=true`, where your role in no shop allows to bring them back.
FORBIDDEN = refusal(403, "permission_denied", "Access denied")


@extend_schema(tags=["catalog"])
@describe(
    list=extend_schema(
        summary="Your items",
        description="Newest first unless told otherwise. `as_of` and `known_at` answer `quantity`, "
        "`available` and `value` of then; filters and ordering go by the present.",
        parameters=MOMENT,
        responses={200: CollectibleSerializer(many=True), **FORBIDDEN},
    ),
    create=extend_schema(summary="Add an item", responses={201: CollectibleSerializer, **TAKEN}),
    retrieve=extend_schema(summary="One item", parameters=MOMENT),
    update=extend_schema(
        summary="Replace an item's details", responses={200: CollectibleSerializer, **TAKEN}
    ),
    partial_update=extend_schema(
        summary="Change an item's details", responses={200: CollectibleSerializer, **TAKEN}
    ),
    destroy=extend_schema(
        summary="Delete an item; it can be restored", responses={204: None, **PROMISED}
    ),
)
class CollectibleViewSet(Conditional, CatalogListMixin, viewsets.ModelViewSet):
    serializer_class = CollectibleSerializer
    lock = staticmethod(CollectibleService.lock)
    find = staticmethod(find_shown_item)
    read_rows = staticmethod(read_shown_items)
    filterset_class = CollectibleFilter
    search_fields = ["name", "sku", "description"]
    ordering_fields = ["name", "created_at", "updated_at", "value", "quantity", "sku"]
    ordering = ["-created_at"]
    lookup_value_converter = "int"
    abilities = {"write": Ability.CATALOG_WRITE}
    extra_parameters: tuple[str, ...] = ()
    read_parameters = ("as_of", "known_at")

    def get_queryset(self) -> Any:
        deleted = self.action in {"restore", "bulk_restore"}
        items = get_collectibles_for_user(caller(self.request), {"is_deleted": deleted}, self.scope)
        moment = read_moment(self.request) if self.action in {"list", "retrieve"} else NOW
        return items_at(items.with_details(), moment) if moment else items

    @property
    def reads_beside(self) -> str:
        """One item is found without all shops of the caller, unless more is asked of it."""
        if self.action in {"update", "partial_update", "destroy"}:
            return SCOPE if self.request.query_params else ""
        return "" if self.action in {"retrieve", "create"} else SCOPE

    def get_question(self) -> ItemQuestion | None:
        """Of all items, or of a category, or by words, pages are turned in the same shops."""
        turning = {"ordering", *PAGINATION[self.request.version].parameters}
        asked = parameters_of(self.request, turning)
        if asked.keys() - {"category", "search"}:
            return None
        text, [*_, category] = TextSearchFilter.read_text(self.request), asked.get("category", [""])
        return ask_for_items(caller(self.request), self.scope, text, category)

    def count_of(self, rows: Any) -> int:
        """Of words and categories it is kept, whatever else of the items changes."""
        if rows.match is None:
            return super().count_of(rows)
        return count_matches(self.scope, rows.match)

    def perform_create(self, serializer: BaseSerializer) -> None:
        values = serializer.validated_data
        vendor = choose_vendor(
            caller(self.request), values.pop("vendor", None), Ability.CATALOG_WRITE
        )
        serializer.instance = CollectibleService.create(
            vendor=vendor, by=caller(self.request), **values
        )

    def perform_update(self, serializer: Any) -> None:
        changes = {k: v for k, v in serializer.validated_data.items() if k != "vendor"}
        serializer.instance = CollectibleService.update(
            collectible=serializer.instance, by=caller(self.request), **changes
        )

    def perform_destroy(self, instance: Any) -> None:
        CollectibleService.delete(collectible=instance, by=caller(self.request))

    @extend_schema(
        summary="Bring back a deleted item",
        request=None,
        responses={200: CollectibleSerializer, **TAKEN},
    )
    @action(detail=True, methods=["post"], filter_backends=[])
    @wordless
    def restore(self, request: Request, pk: str) -> Response:
        item = CollectibleService.restore(collectible=self.get_object(), by=caller(request))
        return Response(self.get_serializer(item).data)

    @extend_schema(
        summary="Change many items at once",
        parameters=REHEARSED,
        request=BulkUpdateSerializer,
        responses={200: BulkUpdatedSerializer, **STALE_PLAN},
    )
    @action(
        detail=False,
        methods=["post"],
        serializer_class=BulkUpdateSerializer,
        extra_parameters=REHEARSAL,
    )
    def bulk_update(self, request: Request) -> Response:
        outcome = CollectibleService.bulk_update(
            items=self.get_queryset(), by=caller(request), **self._selected(request)
        )
        return Response(BulkUpdatedSerializer(outcome).data)

    @extend_schema(
        summary="Delete many items at once",
        parameters=REHEARSED,
        responses={200: BulkDeletedSerializer, **STALE_PLAN},
    )
    @action(
        detail=False,
        methods=["post"],
        serializer_class=IdsSerializer,
        extra_parameters=REHEARSAL,
    )
    def bulk_delete(self, request: Request) -> Response:
        outcome = CollectibleService.bulk_delete(
            items=self.get_queryset(), by=caller(request), **self._selected(request)
        )
        return Response(BulkDeletedSerializer(outcome).data)

    @extend_schema(
        summary="Bring back many deleted items",
        parameters=REHEARSED,
        responses={200: BulkRestoredSerializer, **STALE_PLAN},
    )
    @action(
        detail=False,
        methods=["post"],
        serializer_class=IdsSerializer,
        extra_parameters=REHEARSAL,
    )
    def bulk_restore(self, request: Request) -> Response:
        outcome = CollectibleService.bulk_restore(
            items=self.get_queryset(), by=caller(request), **self._selected(request)
        )
        return Response(BulkRestoredSerializer(outcome).data)

    @extend_schema(
        summary="All items that the filters let through, as a file",
        parameters=[
            OpenApiParameter(
                "columns",
                OpenApiTypes.STR,
                description=f"More columns, comma-separated: {', '.join([*EXPORT_COLUMNS][5:])}.",
                examples=[OpenApiExample("Two more", "Condition,Description")],
            ),
            OpenApiParameter("format", OpenApiTypes.STR, enum=["csv", "xlsx", "jsonl"]),
        ],
        responses={
            (200, "text/csv"): OpenApiResponse(
                OpenApiTypes.STR,
                "`Name,SKU,Category,Value,Quantity`, streamed.",
                examples=[
                    OpenApiExample(
                        "CSV",
                        "Name,SKU,Category,Value,Quantity\r\n"
                        "Millennium Falcon,75192-1,Star Wars,849.99,2\r\n",
                    )
                ],
            ),
            (200, XLSXRenderer.media_type): OpenApiTypes.BINARY,
            (200, JSONLinesRenderer.media_type): OpenApiTypes.STR,
            **FORBIDDEN,
        },
    )
    @action(
        detail=False,
        renderer_classes=[CSVRenderer, XLSXRenderer, JSONLinesRenderer],
        pagination_class=None,
        extra_parameters=("columns",),
        read_parameters=(),
    )
    def export(self, request: Request) -> StreamingHttpResponse:
        columns = [*EXPORT_HEADER, *_more_columns(request)]
        items = self.filter_queryset(self.get_queryset())
        renderer = request.accepted_renderer
        rows = stream_export(items, columns)
        content: Iterable[bytes]
        match renderer.format:
            case "xlsx":
                content = xlsx_file(columns, rows)
            case "jsonl":
                content = jsonl_chunks([_key(column) for column in columns], rows)
            case _:
                content = stream_csv(items, columns)
        if request.method != "HEAD":
            ExportService.record(
                items=items, kind=renderer.format, filters=_filters(request), by=caller(request)
            )
        return StreamingHttpResponse(
            content,
            content_type=renderer.media_type,
            headers={
                "Content-Disposition": f'attachment; filename="inventory.{renderer.format}"',
                "Cache-Control": "private, no-store",
            },
        )

    @extend_schema(
        summary="How many can be promised now, and where", responses=StockAvailabilitySerializer
    )
    @action(detail=True, filter_backends=[])
    def availability(self, request: Request, pk: str) -> Response:
        """Read from the stock itself, and never to be kept."""
        refuse_unknown(request, ())
        availability = get_availability(get_collectible(caller(request), int(pk)))
        headers = {"Cache-Control": "no-store"}
        return Response(StockAvailabilitySerializer(availability).data, headers=headers)

    def _selected(self, request: Request) -> dict[str, Any]:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        ids = serializer.validated_data["ids"]
        require_may_change(caller(request), self.get_queryset(), ids)
        values = dict(serializer.validated_data)
        versions = values.pop("versions")
        return {**values, "terms": read_terms(request, request.data, versions=versions)}


def _filters(request: Request) -> set[str]:
    """What narrows the export; `format`, `columns` and caches' `_` do not."""
    named = {name for name, value in request.query_params.items() if value and name[0] != "_"}
    return named & {*CollectibleFilter.base_filters, "search"}


def _more_columns(request: Request) -> list[str]:
    named = [name.strip() for name in request.query_params.get("columns", "").split(",")]
    known = {_key(column): column for column in EXPORT_COLUMNS}
    if unknown := [name for name in named if name and _key(name) not in known]:
        text = _("There is no column %(names)s.") % {"names": ", ".join(unknown)}
        raise InvalidInput.of("columns", text, "unknown")
    more = dict.fromkeys(known[_key(name)] for name in named if name)
    return [column for column in more if column not in EXPORT_HEADER]


def _key(column: str) -> str:
    """`Low stock threshold` → `low_stock_threshold`."""
    return column.lower().replace(" ", "_")
