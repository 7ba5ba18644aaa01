from rest_framework.routers import SimpleRouter

from sales.api.views import OrderViewSet, SaleViewSet

router = SimpleRouter(use_regex_path=False)
router.register("orders", OrderViewSet, basename="order")
router.register("sales", SaleViewSet, basename="sale")
urlpatterns = router.urls
