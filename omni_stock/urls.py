"""Every address Omni-Stock answers at."""

from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path
from django.views.decorators.cache import cache_control
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerView

from core.health import health, ready
from core.limits.views import RateLimitsView
from core.problems import View
from omni_stock.pages import (
    api_changelog,
    error_reference,
    in_english,
    picture,
    promises,
    robots,
    security_txt,
)

# One set of resources; a version differs in how it pages, and in what it may leave behind.
# Addresses are looked up from the first to the last: what is called most stands first.
resources: list[Any] = [
    path("", include("inventory.api.urls")),
    path("", include("sales.api.urls")),
    path("", include("dashboard.api.urls")),
    path("", include("users.api.urls")),
    path("", include("vendors.api.urls")),
    path("", include("notifications.api.urls")),
    path("rate-limits/", RateLimitsView.as_view(), name="rate-limits"),
]

# Whoever reads the documentation must not use up the calls it tells of.
# And a page has no form for what OPTIONS would tell.
read: dict[str, Any] = {"throttle_classes": [], "http_method_names": ["get", "head"]}


def remembered(resolver: Any) -> Any:
    """Where an address leads to is not looked up again while it is among the last ones."""
    resolver.resolve = lru_cache(1000)(resolver.resolve)
    return resolver


def described(view: View) -> View:
    return cache_control(public=True, max_age=300)(in_english(view))


urlpatterns = [
    path("", RedirectView.as_view(url="/api/docs/")),
    remembered(path("api/v1/", include(resources))),
    remembered(path("api/v2/", include((resources, "omni_stock"), namespace="v2"))),
    path("api/", include("omni_stock.stock_buddy")),
    path(
        "api/schema/",
        described(SpectacularAPIView.as_view(**read)),
        name="schema",
    ),
    path(
        "api/schema/v2/",
        described(SpectacularAPIView.as_view(api_version="v2", **read)),
        name="schema-v2",
    ),
    path(
        "api/docs/",
        in_english(
            SpectacularSwaggerView.as_view(
                url_name="schema", template_name="swagger_ui.html", **read
            )
        ),
        name="docs",
    ),
    path("api/docs/errors/", error_reference, name="errors"),
    path("api/docs/changelog/", api_changelog, name="changelog"),
    path("api/docs/promises/", promises, name="promises"),
    path(
        "api/redoc/",
        in_english(
            SpectacularRedocView.as_view(url_name="schema", template_name="redoc.html", **read)
        ),
        name="redoc",
    ),
    path("health/", health, name="health"),
    path("health/ready/", ready, name="ready"),
    path("robots.txt", robots),
    path(".well-known/security.txt", security_txt),
    path("admin", RedirectView.as_view(url="/admin/")),
    path("admin/", admin.site.urls),
]
if not settings.ENV.s3_bucket:
    # Pictures have addresses nobody can guess; a shop with many puts a proxy or S3 in front.
    urlpatterns.append(re_path(r"^media/(?P<path>.+)$", picture))

handler400 = "core.problems.bad_request"
handler403 = "core.problems.permission_denied"
handler404 = "core.problems.page_not_found"
handler500 = "core.problems.server_error"
