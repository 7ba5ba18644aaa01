from celery import shared_task

from users.services import EmailTokenService, SessionService


@shared_task
def purge_expired_tokens() -> None:
    SessionService.purge_expired()
    EmailTokenService.purge_expired()
