"""Tables for tests of importing, and the worker's part in it."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from inventory.models import ImportJob
from inventory.services import ImportService
from vendors.models import Vendor

HEADING = "name,sku,category,value,quantity,year"


def table(*lines: str, heading: str = HEADING, name: str = "table.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, "\n".join([heading, *lines]).encode())


def take(vendor: Vendor, *lines: str, heading: str = HEADING, **options: Any) -> ImportJob:
    """Import the lines into the vendor, as the worker does."""
    file = table(*lines, heading=heading)
    job = ImportService.request(file=file, vendor=vendor, by=vendor.owner, **options)
    return ImportService.run(job_id=job.pk)


def outcomes(job: ImportJob) -> list[tuple[int, str]]:
    return list(job.rows.order_by("line").values_list("line", "outcome"))


def faults(job: ImportJob) -> list[tuple[int, str, str]]:
    failed = job.rows.filter(outcome="failed").order_by("line")
    return [(row.line, e["field"], e["code"]) for row in failed for e in row.errors]
