"""Writing: the catalog's verbs, one class per noun."""

from inventory.services.categories import CategoryService
from inventory.services.collectibles import CollectibleService
from inventory.services.exports import ExportService
from inventory.services.images import ImageService
from inventory.services.imports import ImportService

__all__ = [
    "CategoryService",
    "CollectibleService",
    "ExportService",
    "ImageService",
    "ImportService",
]
