"""What a rehearsed import promises: what its rows found, and whether that is there still."""

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from core.etags import digest
from core.exceptions import PlanStale
from core.rehearsal import LASTS, no_such_plan
from inventory.enums import ImportStatus
from inventory.models import Category, Collectible, ImportJob, ImportRow
from vendors.selectors import get_shop_settings

if TYPE_CHECKING:
    from django.core.files import File

    from vendors.models import Vendor

NEW = "new"


def call_of(job: ImportJob, file: "File[bytes]") -> str:
    """Who asks for what: the same person, table and options make the same call."""
    content = hashlib.sha256()
    for piece in file.chunks():
        content.update(piece)
    return digest(
        [job.created_by_id, job.vendor_id, job.mapping, job.repeated, content.hexdigest()]
    )


def grounds_of(vendor: "Vendor") -> str:
    """What all rows stand on: the vendor's categories, and what its new items begin with."""
    settled = get_shop_settings(vendor.pk)
    begin_with = [settled.currency, settled.low_stock_threshold]
    own = Category.objects.filter(vendor=vendor).order_by("pk")
    return digest([begin_with, list(own.values_list("pk", "name", "slug"))])


def state_of(item: Collectible | None) -> str:
    """What a row finds: `4711-3`, `new-1` if the table made it before, or nothing."""
    return f"{item.pk or NEW}-{item.version}" if item else ""


def keeps(promised: str, found: str) -> bool:
    """What was new when rehearsed has an id now."""
    key, _dash, version = promised.partition("-")
    return promised == found or (key == NEW and found.endswith(f"-{version}"))


def rehearsal_of(job: ImportJob, plan: str) -> ImportJob:
    """The rehearsal that this job is the deed to.

    Raises `InvalidInput` without such a rehearsal, `PlanStale` when what it found has moved.
    """
    rehearsals = ImportJob.objects.filter(
        call=job.call, dry_run=True, status=ImportStatus.COMPLETED, finished_at__isnull=False
    )
    known = plan.isascii() and plan.isdigit() and len(plan) < 19
    rehearsal = rehearsals.filter(pk=int(plan)).first() if known else None
    if rehearsal is None or rehearsal.finished_at is None:
        raise no_such_plan()
    over = rehearsal.finished_at < timezone.now() - timedelta(seconds=LASTS)
    if over or rehearsal.grounds != grounds_of(job.vendor) or _has_moved(rehearsal):
        raise PlanStale
    return rehearsal


def _has_moved(rehearsal: ImportJob) -> bool:
    rows = ImportRow.objects.filter(job=rehearsal).exclude(sku="")
    first = rows.order_by("sku", "line").distinct("sku").values_list("sku", "found")
    items = Collectible.objects.filter(
        vendor_id=rehearsal.vendor_id, sku__in=rows.order_by().values("sku")
    )
    now = {item.sku: state_of(item) for item in items.only("sku", "version")}
    return any(now.get(sku, "") != found for sku, found in first)
