from django.apps import AppConfig


class UsersConfig(AppConfig):
    name = "users"

    def ready(self) -> None:
        from core.events import subscribe
        from users import events, handlers
        from vendors.events import MemberInvited

        subscribe(events.UserRegistered, handlers.welcome_new_user)
        subscribe(events.EmailVerificationRequested, handlers.send_verification_again)
        subscribe(events.PasswordResetRequested, handlers.send_reset_link)
        subscribe(events.PasswordChanged, handlers.tell_of_new_password)
        subscribe(events.RefreshTokenReused, handlers.warn_of_reuse)
        subscribe(events.AccountPaused, handlers.tell_of_pause)
        subscribe(events.AccountReactivated, handlers.tell_of_end_of_pause)
        subscribe(events.AccountDeleted, handlers.say_good_bye)
        subscribe(MemberInvited, handlers.send_invitation_to_member)
