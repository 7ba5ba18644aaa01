from django.db import models
from django.utils.translation import gettext_lazy as _


class Condition(models.TextChoices):
    UNSPECIFIED = "unspecified", _("Unspecified")
    SEALED = "sealed", _("Sealed")
    NEW = "new", _("New")
    MINT = "mint", _("Mint")
    NEAR_MINT = "near_mint", _("Near mint")
    EXCELLENT = "excellent", _("Excellent")
    GOOD = "good", _("Good")
    FAIR = "fair", _("Fair")
    POOR = "poor", _("Poor")


class ImportStatus(models.TextChoices):
    PENDING = "pending", _("Pending")
    RUNNING = "running", _("Running")
    COMPLETED = "completed", _("Completed")
    FAILED = "failed", _("Failed")


class RowOutcome(models.TextChoices):
    CREATED = "created", _("Created")
    UPDATED = "updated", _("Updated")
    UNCHANGED = "unchanged", _("Unchanged")
    FAILED = "failed", _("Failed")


class Repeated(models.TextChoices):
    """What to do with a SKU that occurred before in the same file."""

    FAIL = "fail", _("Report the row as failed")
    SUFFIX = "suffix", _("Make it an item of its own: 80035-2")
    UPDATE = "update", _("Let the later row win")


class MovementKind(models.TextChoices):
    """Why units came or went. The sign of the quantity follows from it where it can."""

    OPENING = "opening", _("Opening")
    RECEIPT = "receipt", _("Receipt")
    SALE = "sale", _("Sale")
    RETURN = "return", _("Return")
    TRANSFER_OUT = "transfer_out", _("Transfer out")
    TRANSFER_IN = "transfer_in", _("Transfer in")
    ADJUSTMENT = "adjustment", _("Adjustment")
    WRITE_OFF = "write_off", _("Write-off")
    CORRECTION = "correction", _("Correction")


INBOUND = (
    MovementKind.OPENING,
    MovementKind.RECEIPT,
    MovementKind.RETURN,
    MovementKind.TRANSFER_IN,
)
OUTBOUND = (MovementKind.SALE, MovementKind.TRANSFER_OUT, MovementKind.WRITE_OFF)


class Reason(models.TextChoices):
    """Why a level was adjusted, or units written off."""

    FOUND = "found", _("Found")
    LOST = "lost", _("Lost")
    DAMAGED = "damaged", _("Damaged")
    COUNT = "count", _("Counted")
    STOLEN = "stolen", _("Stolen")
    EXPIRED = "expired", _("Expired")
    OTHER = "other", _("Other")


class LandedCost(models.TextChoices):
    """What a receipt cost besides the goods."""

    FEES = "fees", _("Fees")
    POSTAGE = "postage", _("Postage")
    TAX = "tax", _("Tax")
    OTHER = "other", _("Other")


class TransferStatus(models.TextChoices):
    IN_TRANSIT = "in_transit", _("In transit")
    RECEIVED = "received", _("Received")


class AllocationStatus(models.TextChoices):
    """Only open ones hold stock; how one ended is final."""

    OPEN = "open", _("Open")
    RELEASED = "released", _("Released")
    EXPIRED = "expired", _("Expired")
    CONSUMED = "consumed", _("Consumed")
