from users.events import UserRegistered
from users.tasks import send_welcome_email


def welcome_new_user(event: UserRegistered) -> None:
    send_welcome_email.delay(event.user_id)
