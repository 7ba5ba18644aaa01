from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from core.conditional import Conditional
from core.openapi import refusal, refusals
from core.requests import caller, wordless
from sales.api.filters import CustomerFilter, CustomerOrderFilter
from sales.api.serializers import CustomerSerializer, OrderSerializer
from sales.exceptions import CustomerErased
from sales.selectors import get_customers_for_user, get_orders_of
from sales.services import CustomerService
from vendors.roles import Ability
from vendors.selectors import choose_vendor

# Of the deleted, `?is_deleted=true`, where your role in no shop allows to bring them back.
FORBIDDEN = refusal(403, "permission_denied", "Access denied")


@extend_schema(tags=["sales"])
@extend_schema_view(
    list=extend_schema(
        summary="Your customers",
        description="By name unless told otherwise. `search` looks into `name`, `email` and "
        "`phone`.",
        responses={200: CustomerSerializer(many=True), **FORBIDDEN},
    ),
    create=extend_schema(summary="Add a customer"),
    retrieve=extend_schema(summary="One customer"),
    update=extend_schema(summary="Replace a customer's details"),
    partial_update=extend_schema(summary="Change a customer's details"),
    destroy=extend_schema(summary="Delete a customer; what they bought stays"),
)
class CustomerViewSet(Conditional, viewsets.ModelViewSet):
    serializer_class: Any = CustomerSerializer
    lock = staticmethod(CustomerService.lock)
    filterset_class: Any = CustomerFilter
    search_fields = ["name", "email", "phone"]
    ordering_fields = ["name", "created_at", "total_spent", "orders_count", "last_order_at"]
    ordering = ["name"]
    lookup_value_converter = "int"
    answer_is_about = "customer"
    abilities = {"write": Ability.CUSTOMERS_WRITE, "erase": Ability.SETTINGS_MANAGE}

    def get_queryset(self) -> Any:
        deleted = {"restore": True, "erase": None}.get(self.action, False)
        return get_customers_for_user(caller(self.request), {"is_deleted": deleted})

    def perform_create(self, serializer: BaseSerializer) -> None:
        values = serializer.validated_data
        by = caller(self.request)
        vendor = choose_vendor(by, values.pop("vendor", None), Ability.CUSTOMERS_WRITE)
        serializer.instance = CustomerService.create(vendor=vendor, by=by, **values)

    def perform_update(self, serializer: Any) -> None:
        changes = {k: v for k, v in serializer.validated_data.items() if k != "vendor"}
        serializer.instance = CustomerService.update(
            customer=serializer.instance, by=caller(self.request), **changes
        )

    def perform_destroy(self, instance: Any) -> None:
        CustomerService.delete(customer=instance, by=caller(self.request))

    @extend_schema(
        summary="Forget who a customer is, for good; what they bought stays",
        request=None,
        responses={204: None},
    )
    @action(detail=True, methods=["post"], filter_backends=[])
    @wordless
    def erase(self, request: Request, pk: str) -> Response:
        """Living or deleted; by the shop's owner and administrators."""
        CustomerService.erase(customer=self.get_object(), by=caller(request))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="Bring back a deleted customer",
        request=None,
        responses={200: CustomerSerializer, **refusals(CustomerErased)},
    )
    @action(detail=True, methods=["post"], filter_backends=[])
    @wordless
    def restore(self, request: Request, pk: str) -> Response:
        customer = CustomerService.restore(customer=self.get_object(), by=caller(request))
        return Response(self.get_serializer(customer).data)

    @extend_schema(
        summary="What a customer ordered, in any status, the newest first",
        responses=OrderSerializer(many=True),
    )
    @action(
        detail=True,
        serializer_class=OrderSerializer,
        filterset_class=CustomerOrderFilter,
        search_fields=["number"],
        ordering_fields=["created_at", "placed_at", "total"],
        ordering=["-created_at"],
    )
    def orders(self, request: Request, pk: str) -> Response:
        orders = self.filter_queryset(get_orders_of(caller(request), int(pk)))
        page = self.paginate_queryset(orders)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)
