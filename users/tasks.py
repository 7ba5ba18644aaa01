from celery import shared_task

from users.services import UserService


@shared_task
def send_welcome_email(user_id: int) -> None:
    UserService.send_welcome(user_id=user_id)
