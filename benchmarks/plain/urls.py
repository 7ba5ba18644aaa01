from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from rest_framework.routers import DefaultRouter

from benchmarks.plain.views import ImportView, ItemViewSet, LedgerImportView, SummaryView

router = DefaultRouter()
router.register("catalog/items", ItemViewSet, basename="item")


def health(request: HttpRequest) -> HttpResponse:
    return HttpResponse("{}")


urlpatterns = [
    path("health/", health),
    path("api/v1/dashboard/summary/", SummaryView.as_view()),
    path("api/v1/catalog/imports/", LedgerImportView.as_view()),
    path("api/v1/catalog/imports/of_items/", ImportView.as_view()),
    path("api/v1/", include(router.urls)),
]
