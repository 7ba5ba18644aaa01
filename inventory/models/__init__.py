"""What the inventory holds: the catalog, tables on their way into it, and the stock ledger."""

from inventory.models.catalog import (
    MAX_QUANTITY,
    MAX_SKU,
    Category,
    CategoryQuerySet,
    Collectible,
    CollectibleImage,
    CollectibleQuerySet,
    Match,
    holding,
    new_sku,
)
from inventory.models.closings import Sorting, StockClosing
from inventory.models.figures import CatalogChange, CatalogCount, CatalogVersion
from inventory.models.imports import ImportJob, ImportRow
from inventory.models.stock import (
    MONEY_DIGITS,
    Allocation,
    LedgerQuerySet,
    StockLevel,
    StockLot,
    StockMovement,
    StockTransfer,
    StoredQuerySet,
    Valuation,
)
from inventory.models.texts import CatalogText

__all__ = [
    "MAX_QUANTITY",
    "MAX_SKU",
    "MONEY_DIGITS",
    "Allocation",
    "CatalogChange",
    "CatalogCount",
    "CatalogText",
    "CatalogVersion",
    "Category",
    "CategoryQuerySet",
    "Collectible",
    "CollectibleImage",
    "CollectibleQuerySet",
    "ImportJob",
    "ImportRow",
    "LedgerQuerySet",
    "Match",
    "Sorting",
    "StockClosing",
    "StockLevel",
    "StockLot",
    "StockMovement",
    "StockTransfer",
    "StoredQuerySet",
    "Valuation",
    "holding",
    "new_sku",
]
