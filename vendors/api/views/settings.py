from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from core.conditional import Conditional
from core.openapi import refusal
from core.requests import caller, refuse_unknown
from vendors.api.serializers import SettingsChangesSerializer, SettingsSerializer, WhoseSerializer
from vendors.enums import SettingsScope
from vendors.roles import Ability
from vendors.selectors import SettingsSheet, get_settings_for_user
from vendors.services import SettingsService

_SAID: dict[str, Any] = {
    "tags": ["vendors"],
    "parameters": [WhoseSerializer],
    "responses": {
        200: SettingsSerializer,
        **refusal(403, "permission_denied", "Access denied"),
        **refusal(404, "not_found", "Not found."),
    },
}


class SystemSettingsView(Conditional, generics.GenericAPIView):
    serializer_class = SettingsSerializer
    lock = staticmethod(SettingsService.lock)
    abilities = {"write": Ability.SETTINGS_MANAGE}

    def get_object(self) -> SettingsSheet:
        """Of the shop that the address names, else of the one the caller works in."""
        sheet = get_settings_for_user(caller(self.request), **_whose(self.request))
        if sheet.vendor_id is not None:
            self.check_object_permissions(self.request, sheet)
        return self.judged(sheet)

    @extend_schema(summary="What is settled for a shop, or for the platform", **_SAID)
    def get(self, request: Request) -> Response:
        return self.shown(self.get_object())

    @extend_schema(
        summary="Settle all", request=SettingsChangesSerializer,
        description="What is left out or null is inherited again; a shop's `currency` and "
        "`require_if_match` are its own and stay when they are left out.", **_SAID,
    )  # fmt: skip
    def put(self, request: Request) -> Response:
        return self._settle(request, partial=False)

    @extend_schema(
        summary="Settle what is named", request=SettingsChangesSerializer,
        description="Null is inherited again.", **_SAID,
    )  # fmt: skip
    def patch(self, request: Request) -> Response:
        return self._settle(request, partial=True)

    def _settle(self, request: Request, *, partial: bool) -> Response:
        sheet = self.get_object()
        serializer = SettingsChangesSerializer(
            data=request.data, partial=partial, context={"sheet": sheet}
        )
        serializer.is_valid(raise_exception=True)
        after = SettingsService.update(
            vendor_id=sheet.vendor_id, by=caller(request), **serializer.validated_data
        )
        return Response(self.representation(after).data)


def _whose(request: Request) -> dict[str, Any]:
    refuse_unknown(request, ("vendor", "scope"))
    serializer = WhoseSerializer(data=request.query_params.dict())
    serializer.is_valid(raise_exception=True)
    named = serializer.validated_data
    platform = named.get("scope") == SettingsScope.PLATFORM
    return {"vendor_id": named.get("vendor"), "platform": platform}
