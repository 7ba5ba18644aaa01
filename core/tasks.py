from celery import shared_task

from core.idempotency import purge_expired


@shared_task
def purge_idempotency_keys() -> None:
    purge_expired()
