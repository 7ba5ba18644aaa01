"""Writing: the verbs of catalog and stock, one class per noun."""

from inventory.services.allocations import AllocationService
from inventory.services.categories import CategoryService
from inventory.services.collectibles import CollectibleService
from inventory.services.counting import store_of
from inventory.services.exports import ExportService
from inventory.services.figures import CounterService
from inventory.services.images import ImageService
from inventory.services.imports import ImportService
from inventory.services.ledger import Line
from inventory.services.stock import Receipt, Return, StockService
from inventory.services.transfers import TransferService
from inventory.services.valuations import ValuationService, Worth

__all__ = [
    "AllocationService",
    "CategoryService",
    "CollectibleService",
    "CounterService",
    "ExportService",
    "ImageService",
    "ImportService",
    "Line",
    "Receipt",
    "Return",
    "StockService",
    "TransferService",
    "ValuationService",
    "Worth",
    "store_of",
]
