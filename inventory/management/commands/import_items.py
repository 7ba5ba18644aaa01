"""`manage.py import_items FILE --vendor SLUG`: a table into a vendor's catalog, with progress."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError
from tqdm import tqdm

from core.exceptions import AppException
from inventory.enums import ImportStatus, Repeated, RowOutcome
from inventory.selectors import get_import_rows
from inventory.services import ImportService
from vendors.selectors import find_vendor

SHOWN_FAILURES = 10


class Command(BaseCommand):
    help = "Import items from a CSV or XLSX file. Rows are matched by SKU."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--vendor", required=True, help="Slug or id of the vendor.")
        parser.add_argument(
            "--mapping", default="{}", help='JSON, column → field: {"number": "sku"}.'
        )
        parser.add_argument("--repeated", choices=Repeated.values, default=Repeated.FAIL.value)
        parser.add_argument("--dry-run", action="store_true", help="Report, write nothing.")

    def handle(self, *args: Any, **options: Any) -> None:
        vendor = find_vendor(options["vendor"])
        if vendor is None:
            raise CommandError(f"There is no vendor “{options['vendor']}”.")
        try:
            with options["file"].open("rb") as file:
                job = ImportService.request(
                    file=File(file, name=options["file"].name),
                    vendor=vendor,
                    by=vendor.owner,
                    mapping=_mapping(options["mapping"]),
                    repeated=options["repeated"],
                    dry_run=options["dry_run"],
                )
        except OSError as error:
            raise CommandError(f"Cannot read {options['file']}: {error.strerror}.") from error
        except AppException as refusal:
            raise CommandError(_sentence(refusal)) from refusal
        self._report(self._run(job.pk), options["verbosity"])

    def _run(self, job_id: int) -> Any:
        with tqdm(unit=" rows", disable=None, file=self.stderr) as bar:

            def show(processed: int, total: int) -> None:
                bar.total = total
                bar.update(processed - bar.n)

            try:
                return ImportService.run(job_id=job_id, on_progress=show)
            except OperationalError as error:
                raise CommandError(
                    f"The database is busy or away: import {job_id} stopped after {bar.n} rows. A "
                    "worker goes on with it within minutes; without one, import the file again."
                ) from error

    def _report(self, job: Any, verbosity: int) -> None:
        counts = ", ".join(f"{getattr(job, name)} {name}" for name in RowOutcome.values)
        rehearsed = " (dry run: nothing was written)" if job.dry_run else ""
        self.stdout.write(f"{job.processed} rows: {counts}{rehearsed}")
        failures = get_import_rows(job).filter(outcome=RowOutcome.FAILED)
        shown = job.failed if verbosity > 1 else SHOWN_FAILURES
        for row in failures[:shown]:
            self.stdout.write(f"  line {row.line}: {'; '.join(e['detail'] for e in row.errors)}")
        if job.failed > shown:
            self.stdout.write(f"  … and {job.failed - shown} more (--verbosity 2 shows all)")
        if job.status != ImportStatus.COMPLETED:
            raise CommandError(f"The import ended early: {job.error}")


def _mapping(text: str) -> dict[str, str | None]:
    try:
        mapping = json.loads(text)
    except ValueError as error:
        raise CommandError(f"--mapping is not JSON: {error}.") from error
    if not isinstance(mapping, dict):
        raise CommandError("--mapping must be a JSON object.")
    return mapping


def _sentence(refusal: AppException) -> str:
    return " ".join(error.detail for error in refusal.errors) or str(refusal.detail)
