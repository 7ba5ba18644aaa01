from celery import shared_task

from notifications.services import NotificationService


@shared_task
def purge_notifications() -> None:
    """Scheduled: what was read long ago, or never will be."""
    NotificationService.purge()
