"""Stock: levels, the ledger, lots and transfers to read; deeds to do. No deed is ever undone."""

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core.conditional import Conditional, Tagged
from core.openapi import refusal, refusals
from core.requests import caller, wordless
from inventory.api.filters import (
    MOMENT,
    LevelFilter,
    LotFilter,
    MovementFilter,
    TransferFilter,
    read_moment,
)
from inventory.api.serializers.stock import (
    AdjustSerializer,
    CorrectSerializer,
    LevelSerializer,
    LotSerializer,
    MovementSerializer,
    MovementsSerializer,
    ReceivedSerializer,
    ReceiveSerializer,
    SetSerializer,
    TransferRequestSerializer,
    TransferSerializer,
    WriteOffSerializer,
    said,
)
from inventory.api.views.lists import CatalogListMixin
from inventory.exceptions import (
    AlreadyCorrected,
    InsufficientStock,
    StaleQuantity,
    StoreClosed,
    TransferEnded,
)
from inventory.selectors import (
    get_levels_for_user,
    get_lots_for_user,
    get_movements_for_user,
    get_transfers_for_user,
)
from inventory.services import Line, Receipt, StockService, TransferService, store_of
from vendors.roles import Ability
from vendors.selectors import require_ability

# The item may be gone since it was looked at.
GONE = refusal(404, "not_found", "Not found.")
LACK = refusal(409, InsufficientStock.code, InsufficientStock.detail)
# So may the store.
CLOSED = refusals(StoreClosed)
LACK_OR_CLOSED = refusals(InsufficientStock, StoreClosed)
STALE_OR_CLOSED = refusals(StaleQuantity, StoreClosed)


@extend_schema(tags=["stock"])
@extend_schema_view(list=extend_schema(summary="What is in which store", parameters=MOMENT))
class LevelViewSet(CatalogListMixin, viewsets.GenericViewSet):
    serializer_class = LevelSerializer
    filterset_class = LevelFilter
    read_parameters = ("as_of", "known_at")
    ordering_fields: list[str] = []
    ordering = ["item_id", "store_id"]

    def get_queryset(self) -> Any:
        return get_levels_for_user(caller(self.request), moment=read_moment(self.request))


@extend_schema(tags=["stock"])
@extend_schema_view(
    list=extend_schema(summary="The ledger, newest first"),
    retrieve=extend_schema(summary="One movement"),
)
class MovementViewSet(Conditional, viewsets.ReadOnlyModelViewSet):
    serializer_class = MovementSerializer
    filterset_class = MovementFilter
    ordering_fields = ["occurred_at", "recorded_at"]
    ordering = ["-occurred_at"]
    lookup_value_converter = "int"

    def get_queryset(self) -> Any:
        return get_movements_for_user(caller(self.request))


@extend_schema(tags=["stock"])
@extend_schema_view(
    list=extend_schema(summary="Lots and what is left of them, newest first"),
    retrieve=extend_schema(summary="One lot"),
)
class LotViewSet(Conditional, viewsets.ReadOnlyModelViewSet):
    serializer_class = LotSerializer
    filterset_class = LotFilter
    ordering_fields = ["received_at"]
    ordering = ["-received_at"]
    lookup_value_converter = "int"

    def get_queryset(self) -> Any:
        return get_lots_for_user(caller(self.request))


@extend_schema(tags=["stock"])
@extend_schema_view(
    list=extend_schema(summary="Transfers between stores, newest first"),
    retrieve=extend_schema(summary="One transfer"),
)
class TransferViewSet(Conditional, viewsets.ReadOnlyModelViewSet):
    lock = staticmethod(TransferService.lock)
    serializer_class = TransferSerializer
    filterset_class = TransferFilter
    ordering_fields = ["created_at"]
    ordering = ["-created_at"]
    lookup_value_converter = "int"
    abilities = {"write": Ability.STOCK_WRITE}

    def get_queryset(self) -> Any:
        return get_transfers_for_user(caller(self.request))

    @extend_schema(
        summary="What was on its way has come",
        request=None,
        responses={
            200: TransferSerializer,
            **refusal(409, TransferEnded.code, TransferEnded.detail),
        },
    )
    @action(detail=True, methods=["post"], filter_backends=[])
    @wordless
    def receive(self, request: Request, pk: str) -> Response:
        transfer = TransferService.receive(transfer=self.get_object(), by=caller(request))
        return Response(self.get_serializer(transfer).data)


@extend_schema(tags=["stock"])
class StockViewSet(viewsets.GenericViewSet):
    """Each call is one deed of one item; the answer tells the movements it made."""

    abilities = {"write": Ability.STOCK_WRITE}
    pagination_class = None
    filter_backends: list[Any] = []

    @extend_schema(summary="Take goods in", responses={201: ReceivedSerializer, **CLOSED, **GONE})
    @action(detail=False, methods=["post"], serializer_class=ReceiveSerializer)
    def receive(self, request: Request) -> Response:
        values = self._said(request)
        receipt = Receipt(
            values["item"], values["store"], values["quantity"], values["unit_cost"],
            values.get("currency", ""),
        )  # fmt: skip
        [movement] = StockService.receive(
            receipts=[receipt],
            landed_costs=values.get("landed_costs", ()),
            by=caller(request),
            **said(values),
        )
        movement.lot.refresh_from_db()
        body = ReceivedSerializer({"movement": movement, "lot": movement.lot}).data
        return Response(body, status=status.HTTP_201_CREATED)

    @extend_schema(
        summary="Add or take units",
        responses={201: MovementsSerializer, **LACK_OR_CLOSED, **GONE},
    )
    @action(detail=False, methods=["post"], serializer_class=AdjustSerializer)
    def adjust(self, request: Request) -> Response:
        values = self._said(request)
        line = Line(values["item"], values["store"], values["delta"], values.get("lot"))
        return _done(
            StockService.adjust(
                line=line,
                reason=values["reason"],
                unit_cost=values.get("unit_cost", 0),
                by=caller(request),
                **said(values),
            )
        )

    @extend_schema(
        summary="Say what was counted",
        responses={201: MovementsSerializer, **STALE_OR_CLOSED, **GONE},
    )
    @action(detail=False, methods=["post"], serializer_class=SetSerializer)
    def set(self, request: Request) -> Response:
        values = self._said(request)
        return _done(
            StockService.set(
                item=values["item"],
                store=values["store"],
                quantity=values["quantity"],
                expected=values["expected"],
                by=caller(request),
                **said(values),
            )
        )

    @extend_schema(
        summary="Send units to another store",
        responses={201: TransferSerializer, **LACK_OR_CLOSED, **GONE},
    )
    @action(detail=False, methods=["post"], serializer_class=TransferRequestSerializer)
    def transfer(self, request: Request) -> Response:
        values = self._said(request)
        transfer = TransferService.send(
            line=Line(values["item"], values["from_store"], values["quantity"]),
            to_store=values["to_store"],
            in_transit=values["in_transit"],
            reference=values.get("reference", ""),
            by=caller(request),
        )
        return _made(TransferSerializer(transfer))

    @extend_schema(
        summary="Take units out for good", responses={201: MovementsSerializer, **LACK, **GONE}
    )
    @action(
        detail=False, methods=["post"], url_path="write-off", serializer_class=WriteOffSerializer
    )
    def write_off(self, request: Request) -> Response:
        values = self._said(request)
        line = Line(values["item"], values["store"], values["quantity"], values.get("lot"))
        return _done(
            StockService.write_off(
                line=line, reason=values["reason"], by=caller(request), **said(values)
            )
        )

    @extend_schema(
        summary="Take back a movement that should not have been",
        responses={
            201: MovementSerializer,
            **GONE,
            **refusals(AlreadyCorrected, StoreClosed),
        },
    )
    @action(detail=False, methods=["post"], serializer_class=CorrectSerializer)
    def correct(self, request: Request) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        movement = serializer.validated_data["movement"]
        require_ability(caller(request), [movement.vendor_id], Ability.STOCK_WRITE)
        counter = StockService.correct(
            movement=movement, note=serializer.validated_data.get("note", ""), by=caller(request)
        )
        return _made(MovementSerializer(counter))

    def _said(self, request: Request) -> dict[str, Any]:
        """The valid body, once the caller's role has been asked for; `store` is where they work."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        values: dict[str, Any] = serializer.validated_data
        vendor = values["item"].vendor
        require_ability(caller(request), [vendor.pk], Ability.STOCK_WRITE)
        if not {"store", "from_store"} & values.keys():
            values["store"] = store_of(vendor, caller(request))
        return values


def _made(shown: Tagged) -> Response:
    """What the deed has made has an address, where it has this tag."""
    headers = {"ETag": shown.entity_tag}
    return Response(shown.data, status=status.HTTP_201_CREATED, headers=headers)


def _done(movements: list[Any]) -> Response:
    body = MovementsSerializer({"movements": movements}).data
    return Response(body, status=status.HTTP_201_CREATED)
