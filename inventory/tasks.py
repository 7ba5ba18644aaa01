from datetime import timedelta

import structlog
from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded

from inventory.selectors import find_drift, get_images_without_thumbnail
from inventory.services import (
    AllocationService,
    ClosingService,
    CounterService,
    ImageService,
    ImportService,
)

# Long enough that what is merely queued or at work is not started twice.
QUIET = timedelta(minutes=5)
_log = structlog.get_logger(__name__)


@shared_task
def run_import(job_id: int) -> None:
    ImportService.run(job_id=job_id)


@shared_task
def resume_imports() -> None:
    """Scheduled: jobs that the broker lost, or that died with their worker."""
    ImportService.resume(older_than=QUIET)


@shared_task
def make_thumbnail(image_id: int) -> None:
    ImageService.make_thumbnail(image_id=image_id)


@shared_task
def resume_thumbnails() -> None:
    """Scheduled: pictures whose task the broker lost."""
    for image_id in get_images_without_thumbnail(QUIET).values_list("pk", flat=True)[:100]:
        try:
            ImageService.make_thumbnail(image_id=image_id)
        except SoftTimeLimitExceeded:
            raise
        except Exception:
            # Storages raise what they like; the others must not wait behind what one cannot give.
            _log.exception("thumbnail_failed", image_id=image_id)


@shared_task
def expire_allocations() -> None:
    """Scheduled: what was promised for too long can be sold again."""
    AllocationService.expire()


@shared_task
def watch_stock() -> None:
    """Scheduled: what `manage.py reconcile_stock` finds is an error in the log; so is what
    `reconcile_counters` finds, and it is mended."""
    if drift := find_drift():
        _log.error("stock_drift", figures=len(drift), first=vars(drift[0]))
    if drift := CounterService.mend():
        _log.error("catalog_drift", figures=len(drift), first=vars(drift[0]))


@shared_task
def close_books() -> None:
    """Scheduled: so that no question about the past has to begin with the first movement."""
    ClosingService.close()


@shared_task
def forget_changes() -> None:
    """Scheduled: no count is so old that it would be brought up to date with them."""
    CounterService.forget_changes()
