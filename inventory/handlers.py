"""What follows from what happened: work for the worker."""

from inventory.events import ImageAdded, ImportRequested
from inventory.tasks import make_thumbnail, run_import


def start_import(event: ImportRequested) -> None:
    run_import.delay(event.job_id)


def make_thumbnails_of_new_image(event: ImageAdded) -> None:
    make_thumbnail.delay(event.image_id)
