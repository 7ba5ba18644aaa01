from rest_framework.routers import SimpleRouter

from sales.api.views import CustomerViewSet, OrderViewSet, SalesReportViewSet, SaleViewSet

router = SimpleRouter(use_regex_path=False)
router.register("customers", CustomerViewSet, basename="customer")
router.register("orders", OrderViewSet, basename="order")
router.register("sales", SaleViewSet, basename="sale")
router.register("reports/sales", SalesReportViewSet, basename="sales-report")
urlpatterns = router.urls
