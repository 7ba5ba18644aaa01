"""Every address Omni-Stock answers at."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from django.views.static import serve
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerView

from core.health import health, ready
from core.limits.views import RateLimitsView
from omni_stock.pages import error_reference, robots

v1: list[Any] = [
    path("", include("users.api.urls")),
    path("", include("vendors.api.urls")),
    path("", include("inventory.api.urls")),
    path("", include("dashboard.api.urls")),
    path("rate-limits/", RateLimitsView.as_view(), name="rate-limits"),
]

# Whoever reads the documentation must not use up the calls it tells of.
unlimited: dict[str, Any] = {"throttle_classes": []}
urlpatterns = [
    path("", RedirectView.as_view(url="/api/docs/")),
    path("api/v1/", include(v1)),
    path("api/schema/", SpectacularAPIView.as_view(**unlimited), name="schema"),
    path(
        "api/docs/",
        SpectacularSwaggerView.as_view(url_name="schema", **unlimited),
        name="docs",
    ),
    path("api/docs/errors/", error_reference, name="errors"),
    path(
        "api/redoc/",
        SpectacularRedocView.as_view(
            url_name="schema", template_name="redoc.html", throttle_classes=[]
        ),
        name="redoc",
    ),
    path("health/", health, name="health"),
    path("health/ready/", ready, name="ready"),
    path("robots.txt", robots),
    path("admin", RedirectView.as_view(url="/admin/")),
    path("admin/", admin.site.urls),
]
if not settings.ENV.s3_bucket:
    # Pictures have addresses nobody can guess; a shop with many puts a proxy or S3 in front.
    urlpatterns.append(
        re_path(r"^media/(?P<path>.+)$", serve, {"document_root": settings.MEDIA_ROOT})
    )

handler400 = "core.problems.bad_request"
handler403 = "core.problems.permission_denied"
handler404 = "core.problems.page_not_found"
handler500 = "core.problems.server_error"
