from dataclasses import dataclass


@dataclass(frozen=True)
class ImportRequested:
    job_id: int


@dataclass(frozen=True)
class ImageAdded:
    image_id: int


@dataclass(frozen=True)
class StockRanLow:
    """An item's stock fell to its threshold, or below, and had been above."""

    collectible_id: int
    vendor_id: int
    quantity: int
    threshold: int


@dataclass(frozen=True)
class StockRanOut:
    """The last unit of an item left."""

    collectible_id: int
    vendor_id: int
