"""Writing to people. The worker calls this: links are made here, so no token waits in a table.

`event_id` is of the event that wants the mail.
"""

from contextlib import suppress
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings

from core.mail import send_mail
from users.enums import EmailPurpose
from users.exceptions import SessionEnded
from users.models import User
from users.selectors import find_account, find_active_user, get_session, get_user
from users.services.email_tokens import EmailTokenService
from vendors.services import InviteService

# Pages of the front end.
PAGES = {EmailPurpose.VERIFY: "verify-email", EmailPurpose.RESET: "reset-password"}


class MailService:
    @staticmethod
    def welcome(*, user_id: int, event_id: UUID) -> None:
        _send_link(get_user(user_id), "welcome", event_id, EmailPurpose.VERIFY)

    @staticmethod
    def verification(*, email: str, event_id: UUID) -> None:
        """Nothing, if nobody has the address or it is verified already."""
        user = find_active_user(email)
        if user and not user.email_verified:
            _send_link(user, "verify", event_id, EmailPurpose.VERIFY)

    @staticmethod
    def reset(*, email: str, event_id: UUID) -> None:
        """Nothing, if nobody has the address."""
        if user := find_active_user(email):
            _send_link(user, "reset", event_id, EmailPurpose.RESET)

    @staticmethod
    def password_changed(*, user_id: int, event_id: UUID) -> None:
        _send(get_user(user_id), "password_changed", event_id)

    @staticmethod
    def warn_of_reuse(*, user_id: int, session_id: int, event_id: UUID) -> None:
        _send(get_user(user_id), "reuse", event_id, session=get_session(session_id))

    @staticmethod
    def paused(*, user_id: int, reason: str, event_id: UUID) -> None:
        _send(get_user(user_id), "paused", event_id, reason=reason)

    @staticmethod
    def reactivated(*, user_id: int, event_id: UUID) -> None:
        _send(get_user(user_id), "reactivated", event_id)

    @staticmethod
    def deleted(*, email: str, language: str, event_id: UUID) -> None:
        """To the address that the account had."""
        send_mail(_path("deleted"), to=email, language=language, event_id=event_id)

    @staticmethod
    def invitation(*, member_id: int, event_id: UUID) -> None:
        """To somebody who need not have an account."""
        if invite := InviteService.claim_mail(member_id=member_id):
            known = find_account(invite.email)
            send_mail(
                _path("invitation"),
                to=invite.email,
                language=known.language if known else "",
                event_id=event_id,
                shop=invite.vendor.name,
                role=invite.get_role_display(),
                link=f"{settings.FRONTEND_URL}/invitations",
            )


def _send_link(user: User, template: str, event_id: UUID, purpose: EmailPurpose) -> None:
    """Nothing, if the account was paused or deleted meanwhile: it would open nothing."""
    with suppress(SessionEnded):
        token = EmailTokenService.issue(user=user, purpose=purpose)
        link = f"{settings.FRONTEND_URL}/{PAGES[purpose]}?{urlencode({'token': token})}"
        _send(user, template, event_id, link=link)


def _send(user: User, template: str, event_id: UUID, **context: Any) -> None:
    if not user.deleted_at:  # since then there is no address
        send_mail(
            _path(template),
            to=user.email,
            language=user.language,
            event_id=event_id,
            user=user,
            **context,
        )


def _path(template: str) -> str:
    return f"users/mail/{template}.txt"
