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
