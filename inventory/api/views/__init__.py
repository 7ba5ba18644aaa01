from inventory.api.views.categories import CategoryViewSet
from inventory.api.views.collectibles import CollectibleViewSet
from inventory.api.views.images import ItemImageViewSet
from inventory.api.views.imports import ImportViewSet

__all__ = ["CategoryViewSet", "CollectibleViewSet", "ImportViewSet", "ItemImageViewSet"]
