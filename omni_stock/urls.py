"""Every address Omni-Stock answers at."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView
from django.views.static import serve
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerView

from core.health import health, ready
from omni_stock.pages import error_reference, robots

admin.site.site_header = admin.site.site_title = "Omni-Stock"
admin.site.index_title = "Staff"

v1 = [
    path("", include("users.api.urls")),
    path("", include("vendors.api.urls")),
    path("", include("inventory.api.urls")),
    path("", include("dashboard.api.urls")),
]

urlpatterns = [
    path("", RedirectView.as_view(url="/api/docs/")),
    path("api/v1/", include(v1)),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("api/docs/errors/", error_reference, name="errors"),
    path(
        "api/redoc/",
        SpectacularRedocView.as_view(url_name="schema", template_name="redoc.html"),
        name="redoc",
    ),
    path("health/", health, name="health"),
    path("health/ready/", ready, name="ready"),
    path("robots.txt", robots),
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
