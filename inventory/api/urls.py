from rest_framework.routers import SimpleRouter

from inventory.api.views import (
    BulkValuationViewSet,
    CategoryViewSet,
    CollectibleViewSet,
    ImportViewSet,
    ItemImageViewSet,
    LevelViewSet,
    LotViewSet,
    MovementViewSet,
    StockViewSet,
    TransferViewSet,
    ValuationViewSet,
)

router = SimpleRouter(use_regex_path=False)
# Document 001 calls this route `product-list`.
router.register("catalog/items", CollectibleViewSet, basename="product")
router.register("catalog/items/<int:item_id>/images", ItemImageViewSet, basename="item-image")
router.register(
    "catalog/items/<int:item_id>/valuations", ValuationViewSet, basename="item-valuation"
)
router.register("catalog/valuations/bulk", BulkValuationViewSet, basename="valuation-bulk")
router.register("catalog/categories", CategoryViewSet, basename="category")
router.register("catalog/imports", ImportViewSet, basename="import")
router.register("stock/levels", LevelViewSet, basename="stock-level")
router.register("stock/movements", MovementViewSet, basename="stock-movement")
router.register("stock/lots", LotViewSet, basename="stock-lot")
router.register("stock/transfers", TransferViewSet, basename="stock-transfer")
router.register("stock", StockViewSet, basename="stock")
urlpatterns = router.urls
