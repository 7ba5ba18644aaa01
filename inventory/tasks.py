from datetime import timedelta

from celery import shared_task

from inventory.selectors import get_images_without_thumbnail
from inventory.services import ImageService, ImportService

# Long enough that what is merely queued or at work is not started twice.
QUIET = timedelta(minutes=5)


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
        ImageService.make_thumbnail(image_id=image_id)
