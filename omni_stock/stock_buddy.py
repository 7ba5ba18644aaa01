"""The addresses of document 003 (Stock Buddy): the same views, where its clients look for them."""

import re
from typing import Any

from django.urls import path
from drf_spectacular.settings import spectacular_settings as api_settings

from dashboard.api.views import AuditLogViewSet, dashboard_summary
from inventory.api.views import ProductViewSet
from notifications.api.views import NotificationViewSet
from sales.api.views import CustomerViewSet, ProductSaleViewSet
from users.api.views import AdminLoginView, AdminRegisterView, SalespersonLoginOrRegisterView
from vendors.api.views import SystemSettingsView

TAG = {
    "name": "stock buddy",
    "description": "The addresses of older clients: the same resources as under `/api/v1/`",
}
_LIST: dict[str, Any] = {"get": "list", "post": "create"}
_DETAIL: dict[str, Any] = {
    "get": "retrieve",
    "put": "update",
    "patch": "partial_update",
    "delete": "destroy",
}
urlpatterns = [
    path("admin/register/", AdminRegisterView.as_view(), name="buddy-admin-register"),
    path("admin/login/", AdminLoginView.as_view(), name="buddy-admin-login"),
    path("salesperson/auth/", SalespersonLoginOrRegisterView.as_view(), name="buddy-salesperson"),
    path("products/", ProductViewSet.as_view(_LIST, detail=False), name="buddy-product-list"),
    path(
        "products/<int:pk>/",
        ProductViewSet.as_view(_DETAIL, detail=True),
        name="buddy-product-detail",
    ),
    path("customers/", CustomerViewSet.as_view(_LIST, detail=False), name="buddy-customer-list"),
    path(
        "customers/<int:pk>/",
        CustomerViewSet.as_view(_DETAIL, detail=True),
        name="buddy-customer-detail",
    ),
    path("sales/", ProductSaleViewSet.as_view(_LIST, detail=False), name="buddy-sale-list"),
    path("dashboard-stats/", dashboard_summary, name="buddy-dashboard-stats"),
    path(
        "audit-logs/",
        AuditLogViewSet.as_view({"get": "list"}, detail=False),
        name="buddy-audit-log-list",
    ),
    path(
        "notifications/",
        NotificationViewSet.as_view(_LIST, detail=False),
        name="buddy-notification-list",
    ),
    path("system-settings/", SystemSettingsView.as_view(), name="buddy-system-settings"),
]


def tell_aliases(
    result: dict[str, Any], generator: Any, request: Any, public: bool
) -> dict[str, Any]:
    """Post-processing hook of the API's description: what stands twice is told apart."""
    versioned = re.compile(api_settings.SCHEMA_PATH_PREFIX)
    aliases = [there for at, there in result["paths"].items() if not versioned.match(at)]
    for operation in (each for there in aliases for each in there.values()):
        operation["tags"] = [TAG["name"]]
    if aliases:
        result["tags"].append(TAG)
    return result
