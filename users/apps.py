from django.apps import AppConfig


class UsersConfig(AppConfig):
    name = "users"

    def ready(self) -> None:
        from core.outbox import hear
        from users import events, handlers
        from vendors.events import MemberInvited

        hear(events.UserRegistered, handlers.welcome_new_user)
        hear(events.EmailVerificationRequested, handlers.send_verification_again)
        hear(events.PasswordResetRequested, handlers.send_reset_link)
        hear(events.PasswordChanged, handlers.tell_of_new_password)
        hear(events.RefreshTokenReused, handlers.warn_of_reuse)
        hear(events.AccountPaused, handlers.tell_of_pause)
        hear(events.AccountReactivated, handlers.tell_of_end_of_pause)
        hear(events.AccountDeleted, handlers.say_good_bye)
        hear(events.AvatarDropped, handlers.delete_file_of_avatar)
        hear(MemberInvited, handlers.send_invitation_to_member)
