from inventory.api.serializers.categories import CategorySerializer
from inventory.api.serializers.collectibles import (
    BulkDeletedSerializer,
    BulkRestoredSerializer,
    BulkUpdatedSerializer,
    BulkUpdateSerializer,
    CollectibleSerializer,
)
from inventory.api.serializers.images import ImageSerializer
from inventory.api.serializers.imports import (
    ImportJobSerializer,
    ImportRequestSerializer,
    ImportRowSerializer,
)
from inventory.api.serializers.products import ProductSerializer

__all__ = [
    "BulkDeletedSerializer",
    "BulkRestoredSerializer",
    "BulkUpdateSerializer",
    "BulkUpdatedSerializer",
    "CategorySerializer",
    "CollectibleSerializer",
    "ImageSerializer",
    "ImportJobSerializer",
    "ImportRequestSerializer",
    "ImportRowSerializer",
    "ProductSerializer",
]
