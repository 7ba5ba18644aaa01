"""What follows from what happened. After a crash a mail may be sent twice, never not at all."""

from uuid import UUID

from users.events import (
    AccountDeleted,
    AccountPaused,
    AccountReactivated,
    AvatarDropped,
    EmailVerificationRequested,
    PasswordChanged,
    PasswordResetRequested,
    RefreshTokenReused,
    UserRegistered,
)
from users.services import AvatarService, MailService
from vendors.events import MemberInvited


def welcome_new_user(event: UserRegistered, event_id: UUID) -> None:
    MailService.welcome(user_id=event.user_id, event_id=event_id)


def send_verification_again(event: EmailVerificationRequested, event_id: UUID) -> None:
    MailService.verification(email=event.email, event_id=event_id)


def send_reset_link(event: PasswordResetRequested, event_id: UUID) -> None:
    MailService.reset(email=event.email, event_id=event_id)


def tell_of_new_password(event: PasswordChanged, event_id: UUID) -> None:
    MailService.password_changed(user_id=event.user_id, event_id=event_id)


def warn_of_reuse(event: RefreshTokenReused, event_id: UUID) -> None:
    MailService.warn_of_reuse(user_id=event.user_id, session_id=event.session_id, event_id=event_id)


def tell_of_pause(event: AccountPaused, event_id: UUID) -> None:
    MailService.paused(user_id=event.user_id, reason=event.reason, event_id=event_id)


def tell_of_end_of_pause(event: AccountReactivated, event_id: UUID) -> None:
    MailService.reactivated(user_id=event.user_id, event_id=event_id)


def say_good_bye(event: AccountDeleted, event_id: UUID) -> None:
    MailService.deleted(email=event.email, language=event.language, event_id=event_id)


def delete_file_of_avatar(event: AvatarDropped, event_id: UUID) -> None:
    AvatarService.delete_file(name=event.name)


def send_invitation_to_member(event: MemberInvited, event_id: UUID) -> None:
    MailService.invitation(member_id=event.member_id, event_id=event_id)
