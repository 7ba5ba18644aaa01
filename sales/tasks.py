from celery import shared_task

from sales.services import OrderService


@shared_task
def expire_orders() -> None:
    """Scheduled: what nobody confirmed in time is cancelled, and its stock can be sold again."""
    OrderService.expire()
