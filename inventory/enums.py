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
