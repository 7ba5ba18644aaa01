from celery import shared_task
from django.utils import timezone

from core.idempotency import purge_expired
from core.models import ThrottleLog
from core.relay import purge_finished, relay


@shared_task
def purge_throttle_log() -> int:
    """Scheduled: what was counted while Redis was away, and counts no longer."""
    removed, _by_model = ThrottleLog.objects.filter(expires_at__lt=timezone.now()).delete()
    return removed


@shared_task
def purge_idempotency_keys() -> None:
    """Scheduled: the answers of yesterday's requests."""
    purge_expired()


@shared_task
def relay_outbox() -> None:
    """After every commit that announced something and, should that be lost, scheduled."""
    relay()


@shared_task
def purge_outbox() -> None:
    """Scheduled: what was handed over, or given up, long ago."""
    purge_finished()
