from rest_framework.routers import SimpleRouter

from sales.api.views import CustomerViewSet, SalesReportViewSet

router = SimpleRouter(use_regex_path=False)
router.register("customers", CustomerViewSet, basename="customer")
router.register("reports/sales", SalesReportViewSet, basename="sales-report")
urlpatterns = router.urls
