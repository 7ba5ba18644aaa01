from __future__ import annotations

import uuid

from django.core.files.storage import Storage, storages
from django.db import models
from django.db.models import Index, UniqueConstraint

from core.models import TimeStampedQuerySet, VersionedModel
from core.triggers import counts_changes
from inventory.enums import ImportStatus, Repeated, RowOutcome
from inventory.models.catalog import MAX_SKU, Collectible


def _private() -> Storage:
    return storages["private"]


def _upload_path(job: ImportJob, filename: str) -> str:
    return f"imports/{uuid.uuid4().hex}/{filename}"


class ImportJob(VersionedModel):
    """A table of items on its way into a vendor's catalog."""

    vendor = models.ForeignKey(
        "vendors.Vendor", on_delete=models.PROTECT, related_name="imports", db_index=False
    )
    created_by = models.ForeignKey(
        "users.User", on_delete=models.SET_NULL, null=True, related_name="imports"
    )
    file = models.FileField(upload_to=_upload_path, storage=_private, max_length=200)
    filename = models.CharField(max_length=255)
    mapping = models.JSONField(default=dict)
    repeated = models.CharField(max_length=6, choices=Repeated.choices, default=Repeated.FAIL)
    dry_run = models.BooleanField(default=False)
    language = models.CharField(
        max_length=10, default="en", editable=False, help_text="Of what its rows are told."
    )
    call = models.CharField(
        max_length=32, blank=True, editable=False, help_text="Digest of who asked for what."
    )
    grounds = models.CharField(
        max_length=32, blank=True, editable=False, help_text="Digest of what all its rows stood on."
    )
    rehearsal = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Whose plan it follows.",
    )
    status = models.CharField(
        max_length=9, choices=ImportStatus.choices, default=ImportStatus.PENDING
    )
    total = models.PositiveIntegerField(default=0)
    processed = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True, help_text="Why it ended half-way.")
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = models.Manager.from_queryset(TimeStampedQuerySet)()

    class Meta:
        indexes = [Index(fields=["vendor", "-created_at", "-id"], name="import_newest")]
        triggers = [counts_changes("updated_at")]

    def __str__(self) -> str:
        return f"{self.filename} ({self.status})"


class ImportRow(models.Model):
    """What became of one row of a file."""

    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField(help_text="In the file; the heading is line 1.")
    sku = models.CharField(max_length=MAX_SKU, blank=True)
    outcome = models.CharField(max_length=9, choices=RowOutcome.choices)
    errors = models.JSONField(default=list, help_text="[{field, code, detail}] of a failed row.")
    found = models.CharField(
        max_length=40, blank=True, help_text="The item of its SKU and that one's version: 4711-3."
    )
    collectible = models.ForeignKey(
        Collectible, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        constraints = [UniqueConstraint(fields=["job", "line"], name="import_row_once")]
        indexes = [Index(fields=["job", "outcome", "line"], name="import_row_outcome")]

    def __str__(self) -> str:
        return f"{self.line}: {self.outcome}"
