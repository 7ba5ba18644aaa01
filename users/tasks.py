"""Mail is tried again for about an hour when the mail server is away; its errors are `OSError`."""

from functools import partial

from celery import shared_task

from users.services import EmailTokenService, MailService, SessionService

_mail_task = partial(shared_task, autoretry_for=(OSError,), retry_backoff=30, max_retries=7)


@_mail_task()
def send_welcome_email(user_id: int) -> None:
    MailService.welcome(user_id=user_id)


@_mail_task()
def send_verification_email(email: str) -> None:
    MailService.verification(email=email)


@_mail_task()
def send_reset_email(email: str) -> None:
    MailService.reset(email=email)


@_mail_task()
def send_password_changed(user_id: int) -> None:
    MailService.password_changed(user_id=user_id)


@_mail_task()
def send_reuse_warning(user_id: int, session_id: int) -> None:
    MailService.warn_of_reuse(user_id=user_id, session_id=session_id)


@_mail_task()
def send_account_paused(user_id: int, reason: str) -> None:
    MailService.paused(user_id=user_id, reason=reason)


@_mail_task()
def send_account_reactivated(user_id: int) -> None:
    MailService.reactivated(user_id=user_id)


@_mail_task()
def send_account_deleted(email: str) -> None:
    MailService.deleted(email=email)


@_mail_task()
def send_invitation(member_id: int) -> None:
    MailService.invitation(member_id=member_id)


@shared_task
def purge_expired_tokens() -> None:
    SessionService.purge_expired()
    EmailTokenService.purge_expired()
