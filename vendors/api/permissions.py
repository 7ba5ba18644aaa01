"""Whether the caller's role allows a call, by the one matrix in `vendors.roles`."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import SAFE_METHODS, IsAuthenticated
from rest_framework.request import Request

from core.audit import vendor_of
from core.exceptions import PreconditionRequired
from core.requests import caller, refuse_unknown
from vendors.roles import Ability
from vendors.selectors import find_vendor_allowing


class RolePermission(IsAuthenticated):
    """Also the place where a call is stopped that names parameters nobody knows, or that does
    not say which version it is meant for where the shop wants that.

    A view says in `abilities` what its calls need: by action, else for every `write`.

    Reads need nothing here: their query holds only what the caller's role may see. A view that
    finds its vendor elsewhere than in `get_object` asks `choose_vendor` or `require_ability`.
    """

    message = _("Access denied")

    def has_permission(self, request: Request, view: Any) -> bool:
        if not super().has_permission(request, view):
            return False
        method = str(request.method)
        # Else it is 405 in any case, or its filters do that.
        writes = method not in SAFE_METHODS and hasattr(view, method.lower())
        if writes and (method == "POST" or not getattr(view, "filter_backends", ())):
            refuse_unknown(request, getattr(view, "extra_parameters", ()))
        return True

    def has_object_permission(self, request: Request, view: Any, obj: Any) -> bool:
        # It says no rather than raising: OPTIONS asks too, to tell what a PUT would take.
        ability = self.needs(view, str(request.method))
        writes = request.method not in {*SAFE_METHODS, "POST"}
        if ability is None and not writes:
            return True
        vendor = find_vendor_allowing(caller(request), vendor_of(obj) or 0, ability)
        asks = getattr(view, "action", "") == "metadata"
        blind = writes and not asks and "If-Match" not in request.headers
        if vendor is not None and vendor.require_if_match and blind:
            raise PreconditionRequired
        return ability is None or vendor is not None

    @staticmethod
    def needs(view: Any, method: str) -> Ability | None:
        abilities: dict[str, Ability | None] = getattr(view, "abilities", {})
        if method in SAFE_METHODS:
            return None
        return abilities.get(getattr(view, "action", ""), abilities.get("write"))
