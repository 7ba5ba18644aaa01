from django.urls import path
from rest_framework.routers import SimpleRouter

from dashboard.api.views import AuditLogViewSet, dashboard_summary, dashboard_valuation

router = SimpleRouter(use_regex_path=False)
router.register("audit-logs", AuditLogViewSet, basename="audit-log")
urlpatterns = [
    path("dashboard/summary/", dashboard_summary, name="dashboard-summary"),
    path("dashboard/valuation/", dashboard_valuation, name="dashboard-valuation"),
    *router.urls,
]
