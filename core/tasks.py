from celery import shared_task
from django.utils import timezone

from core.models import ThrottleLog


@shared_task
def purge_throttle_log() -> int:
    """Scheduled: what was counted while Redis was away, and counts no longer."""
    removed, _by_model = ThrottleLog.objects.filter(expires_at__lt=timezone.now()).delete()
    return removed
