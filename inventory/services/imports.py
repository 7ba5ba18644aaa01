"""Tables into the catalog: every row is accounted for, and a bad one never stops a good one.

A file is taken in chunks. A chunk's items, its rows' outcomes and the job's progress are one
transaction, so a job that is killed goes on where it stopped, and one that runs twice at once
does each chunk once.

The audit log has two entries per job, that it was asked for and how it ended. What became of each
row is in the `ImportRow`s, which are never changed either.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from pathlib import PurePath
from typing import TYPE_CHECKING, BinaryIO, TypedDict, Unpack, cast

from django.conf import settings
from django.core.files import File
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from core.audit import log_audit
from core.enums import AuditType
from core.events import publish
from core.tabular import Table, TableRefused, count_rows, open_table
from core.writing import is_busy
from inventory.enums import ImportStatus, RowOutcome
from inventory.events import ImportRequested
from inventory.exceptions import FileRefused, StoreClosed
from inventory.models import ImportJob
from inventory.services.mapping import choose_targets, column_names
from inventory.services.plan import Planner
from inventory.services.promises import call_of, grounds_of, rehearsal_of
from inventory.services.rows import ItemRow, read_row

if TYPE_CHECKING:
    from users.models import User
    from vendors.models import Vendor

MAX_FILE = 10 * 1024 * 1024
TRIES = 3
Progress = Callable[[int, int], None]


class ImportOptions(TypedDict, total=False):
    """`mapping`: column → field, `attributes.<key>` or None; what is left out is guessed.

    `plan` is that of a rehearsal of the same call, which this one then has to follow.
    """

    mapping: Mapping[str, str | None]
    repeated: str
    dry_run: bool
    plan: str


class ImportService:
    @staticmethod
    @transaction.atomic
    def request(
        *,
        file: "File[bytes]",
        vendor: "Vendor",
        by: "User | None",
        **options: Unpack[ImportOptions],
    ) -> ImportJob:
        """A pending job; the file's heading is read now, so that a misfit is refused at once.

        Raises `FileRefused`, and `PlanStale` when what its rehearsal found has moved.
        """
        name = PurePath(file.name or "table").name[-100:]
        plan = options.pop("plan", "")
        options["mapping"] = _read_heading(file, name, options.get("mapping", {}))
        job = ImportJob(vendor=vendor, created_by=by, filename=name, **options)
        job.language = get_language()
        file.seek(0)
        job.call = call_of(job, file)
        if plan:
            job.rehearsal = rehearsal_of(job, plan)
        file.seek(0)
        with _discarded_on_failure(job):
            job.file.save(f"table{PurePath(name).suffix.lower()[:10]}", file, save=False)
            job.save()
            log_audit(AuditType.IMPORT, by, f"requested {_title(job)}", obj=job)
        return job

    @staticmethod
    @transaction.atomic
    def submit(
        *, file: "File[bytes]", vendor: "Vendor", by: "User", **options: Unpack[ImportOptions]
    ) -> ImportJob:
        """As `request`, and the worker begins once the job is committed."""
        job = ImportService.request(file=file, vendor=vendor, by=by, **options)
        publish(ImportRequested(job_id=job.pk))
        return job

    @staticmethod
    def run(*, job_id: int, on_progress: Progress | None = None) -> ImportJob:
        """Do the job, or what is left of it; `on_progress(processed, total)` after each chunk.

        A table that cannot be read to its end ends the job as `failed`; what was done is kept.
        """
        job = ImportJob.objects.select_related("vendor", "created_by").get(pk=job_id)
        if job.status in {ImportStatus.COMPLETED, ImportStatus.FAILED}:
            return job
        with override(job.language):  # the worker has none; who sent the file reads the outcome
            _carry_out(job, on_progress)
        return job

    @staticmethod
    def resume(*, older_than: timedelta) -> int:
        """Hand over again what was not begun, or not gone on with, for that long."""
        quiet = timezone.now() - older_than
        open_states = [ImportStatus.PENDING, ImportStatus.RUNNING]
        waiting = ImportJob.objects.filter(status__in=open_states, updated_at__lt=quiet)
        jobs = list(waiting.order_by("pk")[:100])
        # Touched, so that the next look leaves them alone for as long again.
        ImportJob.objects.filter(pk__in=[job.pk for job in jobs]).update()
        for job in jobs:
            publish(ImportRequested(job_id=job.pk))
        return len(jobs)


def _read_heading(
    file: "File[bytes]", name: str, mapping: Mapping[str, str | None]
) -> dict[str, str | None]:
    if file.size > MAX_FILE:
        raise FileRefused(_("The file is larger than %(most)s MB.") % {"most": MAX_FILE // 1024**2})
    try:
        with open_table(cast("BinaryIO", file), name) as table:
            return choose_targets(column_names(table.header), mapping)
    except TableRefused as refusal:
        raise FileRefused(refusal.detail) from refusal


@contextmanager
def _discarded_on_failure(job: ImportJob) -> Iterator[None]:
    """A file whose row was not written belongs to nobody."""
    try:
        yield
    except BaseException:
        if job.file:
            job.file.storage.delete(str(job.file.name))
        raise


def _carry_out(job: ImportJob, on_progress: Progress | None) -> None:
    try:
        with (
            job.file.open("rb") as file,
            open_table(cast("BinaryIO", file), job.filename) as table,
        ):
            if not _begin(job, count_rows(table)):
                return  # another worker was quicker
            _take_rows(job, table, on_progress)
    except TableRefused as refusal:
        _end(job, ImportStatus.FAILED, error=str(refusal.detail))
    except FileNotFoundError:
        _end(job, ImportStatus.FAILED, error=_("The file is gone."))
    except OperationalError:
        raise  # the database is away or long busy: the job stays as it is and is gone on with later
    except Exception:
        _end(job, ImportStatus.FAILED, error=_("An error of ours; it has been logged."))
        raise
    else:
        _end(job, ImportStatus.COMPLETED)


def _begin(job: ImportJob, total: int) -> bool:
    """False when it has ended meanwhile: a job that was queued twice ends once."""
    job.status = ImportStatus.RUNNING
    job.total = total
    job.started_at = job.started_at or timezone.now()
    # Before the first row looks: what moves while it is rehearsed makes the plan stale.
    job.grounds = job.grounds or grounds_of(job.vendor)
    begun = {name: getattr(job, name) for name in ("status", "total", "started_at", "grounds")}
    return bool(ImportJob.objects.filter(pk=job.pk, finished_at=None).update(**begun))


def _title(job: ImportJob) -> str:
    return f"{'rehearsal' if job.dry_run else 'import'} of “{job.filename}”"


@transaction.atomic
def _close(job: ImportJob, status: ImportStatus, error: str) -> None:
    """Once: of two workers that did the job side by side, the first one says how it ended."""
    job.refresh_from_db(from_queryset=ImportJob.objects.select_for_update())
    if job.finished_at is not None:
        return
    job.status, job.error, job.finished_at = status, error[:500], timezone.now()
    job.save(update_fields=["status", "error", "finished_at"])
    counts = {name: getattr(job, name) for name in ("total", "processed", *RowOutcome.values)}
    action = f"{status} {_title(job)}"
    log_audit(AuditType.IMPORT, job.created_by, action, details=job.error, obj=job, after=counts)


def _end(job: ImportJob, status: ImportStatus, error: str = "") -> None:
    _close(job, status, error)
    job.file.storage.delete(str(job.file.name))  # the rows' outcomes tell what was in it


def _take_rows(job: ImportJob, table: Table, on_progress: Progress | None) -> None:
    columns = column_names(table.header)
    rows = (read_row(row, columns, job.mapping) for row in table.rows())
    planner = Planner(job)
    done = 0
    while chunk := list(islice(rows, settings.IMPORT_CHUNK_ROWS)):
        done += len(chunk)
        planner.settle_skus(chunk)
        _take_chunk(job, planner, chunk, done)
        if on_progress:
            on_progress(done, job.total)


def _take_chunk(job: ImportJob, planner: Planner, chunk: list[ItemRow], done: int) -> None:
    """Once more when somebody took a SKU at the same moment: it is an item to update then; when
    somebody closed the store: the units come into the default one; and when others were in the way
    for too long.

    By halves where somebody is quicker time and again: of a single row nobody takes the SKU twice.
    """
    most, lost, is_more = len(chunk), 0, True
    while is_more:
        try:
            is_more = _take_part(job, planner, chunk, done, most)
            lost = 0
        except OperationalError as error:
            lost += 1
            if lost == TRIES or not is_busy(error):
                raise
        except (IntegrityError, StoreClosed):
            lost += 1
            if lost == TRIES:
                if most == 1:
                    raise
                most, lost = most // 2, 0


@transaction.atomic
def _take_part(
    job: ImportJob, planner: Planner, chunk: list[ItemRow], done: int, most: int
) -> bool:
    """Take the first rows of the chunk, at most so many, that are not taken; whether others are
    left. `done` rows of the table are when it ends."""
    jobs = ImportJob.objects.select_for_update(of=["self"]).select_related("vendor")
    progress = jobs.get(pk=job.pk)
    if progress.vendor.is_deleted:
        raise TableRefused(_("The shop was closed."))
    left = done - progress.processed
    if left > 0:
        rows = chunk[-left:][:most]
        counts = planner.apply(rows)
        ImportJob.objects.filter(pk=job.pk).update(
            processed=progress.processed + len(rows),
            **{str(outcome): F(outcome) + count for outcome, count in counts.items()},
        )
    return left > most
