from inventory.api.views.categories import CategoryViewSet
from inventory.api.views.collectibles import CollectibleViewSet
from inventory.api.views.images import ItemImageViewSet
from inventory.api.views.imports import ImportViewSet
from inventory.api.views.products import ProductViewSet
from inventory.api.views.stock import (
    LevelViewSet,
    LotViewSet,
    MovementViewSet,
    StockViewSet,
    TransferViewSet,
)
from inventory.api.views.valuations import BulkValuationViewSet, ValuationViewSet

__all__ = [
    "BulkValuationViewSet",
    "CategoryViewSet",
    "CollectibleViewSet",
    "ImportViewSet",
    "ItemImageViewSet",
    "LevelViewSet",
    "LotViewSet",
    "MovementViewSet",
    "ProductViewSet",
    "StockViewSet",
    "TransferViewSet",
    "ValuationViewSet",
]
