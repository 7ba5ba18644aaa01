"""Orders, from the draft to what came back of them. Each verb answers the whole order."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from core.conditional import Conditional
from core.openapi import refusals
from core.requests import caller, wordless
from inventory.exceptions import InsufficientStock, StoreClosed
from inventory.services import store_of
from sales.api.filters import OrderFilter
from sales.api.serializers import (
    CancelSerializer,
    FulfilSerializer,
    GiveBackSerializer,
    OrderSerializer,
)
from sales.exceptions import (
    EmptyOrder,
    ExceedsOrder,
    InvalidTransition,
    ItemDeleted,
    OrderExpired,
    RefundExceedsPaid,
    ReturnExceedsLine,
)
from sales.selectors import fill_order, get_orders_for_user
from sales.services import OrderService, wanted_of
from vendors.roles import Ability
from vendors.selectors import choose_vendor

OUT_OF_TURN = refusals(InvalidTransition)


def answers(*more: type[Any]) -> dict[Any, Any]:
    """The whole order, or that it is not the verb's turn, or more reasons why not."""
    return {200: OrderSerializer, **refusals(InvalidTransition, *more)}


@extend_schema(tags=["sales"])
@extend_schema_view(
    list=extend_schema(summary="The orders of your shops"),
    create=extend_schema(
        summary="Draft an order", description="A draft holds no stock and has no number."
    ),
    retrieve=extend_schema(summary="One order"),
    update=extend_schema(summary="Rewrite a draft", responses=answers()),
    partial_update=extend_schema(
        summary="Change a draft, or what may always be said",
        description="Of what is no draft `channel`, `fees`, `postage`, `notes`, `is_gift`, "
        "`gift_message` and `preferred_delivery_date` can change.",
        responses=answers(),
    ),
    destroy=extend_schema(summary="Throw a draft away", responses={204: None, **OUT_OF_TURN}),
)
class OrderViewSet(Conditional, viewsets.ModelViewSet):
    serializer_class: Any = OrderSerializer
    lock = staticmethod(OrderService.lock)
    filterset_class = OrderFilter
    search_fields = ["number", "customer__name", "customer__email"]
    ordering_fields = ["created_at", "placed_at", "total"]
    ordering = ["-created_at"]
    lookup_value_converter = "int"
    abilities = {"write": Ability.SALES_WRITE}

    def get_queryset(self) -> Any:
        return get_orders_for_user(caller(self.request))

    def perform_create(self, serializer: BaseSerializer) -> None:
        values, by = serializer.validated_data, caller(self.request)
        vendor = choose_vendor(by, values.pop("vendor", None), Ability.SALES_WRITE)
        lines = wanted_of(values.pop("lines"), vendor_id=vendor.pk, by=by)
        store = values.pop("store", None) or store_of(vendor, by)
        order = OrderService.create(vendor=vendor, store=store, lines=lines, by=by, **values)
        serializer.instance = fill_order(order)

    def perform_update(self, serializer: Any) -> None:
        order, by = serializer.instance, caller(self.request)
        changes = {k: v for k, v in serializer.validated_data.items() if k != "vendor"}
        if "lines" in changes:
            lines, vendor_id = changes["lines"], order.vendor_id
            changes["lines"] = wanted_of(lines, vendor_id=vendor_id, by=by, order=order)
        serializer.instance = fill_order(OrderService.update(order=order, by=by, **changes))

    def perform_destroy(self, instance: Any) -> None:
        OrderService.delete(order=instance, by=caller(self.request))

    @extend_schema(
        summary="Hold the stock, and give the order its number",
        request=None,
        responses=answers(EmptyOrder, ItemDeleted, InsufficientStock),
    )
    @action(detail=True, methods=["post"], filter_backends=[])
    @wordless
    def place(self, request: Request, pk: str) -> Response:
        """For as long as the shop's settings say: until `expires_at` somebody confirms it."""
        return self._done(OrderService.place, self.get_object())

    @extend_schema(summary="It is paid, or will be", request=None, responses=answers(OrderExpired))
    @action(detail=True, methods=["post"], filter_backends=[])
    @wordless
    def confirm(self, request: Request, pk: str) -> Response:
        return self._done(OrderService.confirm, self.get_object())

    @extend_schema(
        summary="Send all that is left, or a part",
        responses=answers(ExceedsOrder, InsufficientStock),
    )
    @action(detail=True, methods=["post"], filter_backends=[], serializer_class=FulfilSerializer)
    def fulfil(self, request: Request, pk: str) -> Response:
        """Units leave the stock. With the last of them the order is fulfilled."""
        order = self.get_object()
        said = self._said(order)
        return self._done(OrderService.fulfil, order, units=said.pop("lines", None), **said)

    @extend_schema(summary="The customer has it and has paid", request=None, responses=answers())
    @action(detail=True, methods=["post"], filter_backends=[])
    @wordless
    def complete(self, request: Request, pk: str) -> Response:
        return self._done(OrderService.complete, self.get_object())

    @extend_schema(summary="Give back what the order holds", responses=answers())
    @action(detail=True, methods=["post"], filter_backends=[], serializer_class=CancelSerializer)
    def cancel(self, request: Request, pk: str) -> Response:
        """While units are with the customer only the rest is given up (`cancelled` of the lines):
        the order is then fulfilled with what went, or returned where all of that is back and some
        of the money was kept."""
        order = self.get_object()
        return self._done(OrderService.cancel, order, **self._said(order))

    @extend_schema(
        summary="Units come back, and money goes back",
        responses=answers(ReturnExceedsLine, RefundExceedsPaid, StoreClosed),
    )
    @action(
        detail=True,
        methods=["post"],
        filter_backends=[],
        serializer_class=GiveBackSerializer,
        url_path="return",
        url_name="return",
    )
    def give_back(self, request: Request, pk: str) -> Response:
        """When all have come back the order is returned."""
        order = self.get_object()
        said = self._said(order)
        return self._done(OrderService.take_back, order, returns=said.pop("lines"), **said)

    def _said(self, order: Any) -> dict[str, Any]:
        serializer = self.get_serializer(order, data=self.request.data)
        serializer.is_valid(raise_exception=True)
        said: dict[str, Any] = serializer.validated_data
        return said

    def _done(self, verb: Callable[..., Any], order: Any, **said: Any) -> Response:
        row = verb(order=order, by=caller(self.request), **said)
        return Response(self.representation(fill_order(row)).data)
