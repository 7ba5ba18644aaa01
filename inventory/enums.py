from django.db import models


class Condition(models.TextChoices):
    UNSPECIFIED = "unspecified", "Unspecified"
    SEALED = "sealed", "Sealed"
    NEW = "new", "New"
    MINT = "mint", "Mint"
    NEAR_MINT = "near_mint", "Near mint"
    EXCELLENT = "excellent", "Excellent"
    GOOD = "good", "Good"
    FAIR = "fair", "Fair"
    POOR = "poor", "Poor"


class ImportStatus(models.TextChoices):
    PENDING = "pending", "Pending"
    RUNNING = "running", "Running"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"


class RowOutcome(models.TextChoices):
    CREATED = "created", "Created"
    UPDATED = "updated", "Updated"
    UNCHANGED = "unchanged", "Unchanged"
    FAILED = "failed", "Failed"


class Repeated(models.TextChoices):
    """What to do with a SKU that occurred before in the same file."""

    FAIL = "fail", "Report the row as failed"
    SUFFIX = "suffix", "Make it an item of its own: 80035-2"
    UPDATE = "update", "Let the later row win"


class MovementKind(models.TextChoices):
    """Why units came or went. The sign of the quantity follows from it where it can."""

    OPENING = "opening", "Opening"
    RECEIPT = "receipt", "Receipt"
    SALE = "sale", "Sale"
    RETURN = "return", "Return"
    TRANSFER_OUT = "transfer_out", "Transfer out"
    TRANSFER_IN = "transfer_in", "Transfer in"
    ADJUSTMENT = "adjustment", "Adjustment"
    WRITE_OFF = "write_off", "Write-off"
    CORRECTION = "correction", "Correction"


INBOUND = (
    MovementKind.OPENING,
    MovementKind.RECEIPT,
    MovementKind.RETURN,
    MovementKind.TRANSFER_IN,
)
OUTBOUND = (MovementKind.SALE, MovementKind.TRANSFER_OUT, MovementKind.WRITE_OFF)


class Reason(models.TextChoices):
    """Why a level was adjusted, or units written off."""

    FOUND = "found", "Found"
    LOST = "lost", "Lost"
    DAMAGED = "damaged", "Damaged"
    COUNT = "count", "Counted"
    STOLEN = "stolen", "Stolen"
    EXPIRED = "expired", "Expired"
    OTHER = "other", "Other"


class LandedCost(models.TextChoices):
    """What a receipt cost besides the goods."""

    FEES = "fees", "Fees"
    POSTAGE = "postage", "Postage"
    TAX = "tax", "Tax"
    OTHER = "other", "Other"


class TransferStatus(models.TextChoices):
    IN_TRANSIT = "in_transit", "In transit"
    RECEIVED = "received", "Received"


class AllocationStatus(models.TextChoices):
    """Only open ones hold stock; how one ended is final."""

    OPEN = "open", "Open"
    RELEASED = "released", "Released"
    EXPIRED = "expired", "Expired"
    CONSUMED = "consumed", "Consumed"


class Facet(models.TextChoices):
    """By what living items are counted besides all of them."""

    CATEGORY = "category", "Category"
    DAY = "day", "Day"
