from django.apps import AppConfig


class UsersConfig(AppConfig):
    name = "users"

    def ready(self) -> None:
        from core.events import subscribe
        from users.events import UserRegistered
        from users.handlers import welcome_new_user

        subscribe(UserRegistered, welcome_new_user)
