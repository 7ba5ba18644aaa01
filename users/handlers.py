from users.events import (
    AccountDeleted,
    AccountPaused,
    AccountReactivated,
    EmailVerificationRequested,
    PasswordChanged,
    PasswordResetRequested,
    RefreshTokenReused,
    UserRegistered,
)
from users.tasks import (
    send_account_deleted,
    send_account_paused,
    send_account_reactivated,
    send_invitation,
    send_password_changed,
    send_reset_email,
    send_reuse_warning,
    send_verification_email,
    send_welcome_email,
)
from vendors.events import MemberInvited


def welcome_new_user(event: UserRegistered) -> None:
    send_welcome_email.delay(event.user_id)


def send_verification_again(event: EmailVerificationRequested) -> None:
    send_verification_email.delay(event.email)


def send_reset_link(event: PasswordResetRequested) -> None:
    send_reset_email.delay(event.email)


def tell_of_new_password(event: PasswordChanged) -> None:
    send_password_changed.delay(event.user_id)


def warn_of_reuse(event: RefreshTokenReused) -> None:
    send_reuse_warning.delay(event.user_id, event.session_id)


def tell_of_pause(event: AccountPaused) -> None:
    send_account_paused.delay(event.user_id, event.reason)


def tell_of_end_of_pause(event: AccountReactivated) -> None:
    send_account_reactivated.delay(event.user_id)


def say_good_bye(event: AccountDeleted) -> None:
    send_account_deleted.delay(event.email)


def send_invitation_to_member(event: MemberInvited) -> None:
    send_invitation.delay(event.member_id)
