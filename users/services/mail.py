"""Writing to people. Each mail is a text template whose first paragraph is the subject.

The worker calls this: links are made here, so no token waits in a queue.
"""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string

from users.enums import EmailPurpose
from users.models import User
from users.selectors import find_active_user, get_session, get_user
from users.services.email_tokens import EmailTokenService
from vendors.services import InviteService

# Pages of the front end.
PAGES = {EmailPurpose.VERIFY: "verify-email", EmailPurpose.RESET: "reset-password"}


class MailService:
    @staticmethod
    def welcome(*, user_id: int) -> None:
        user = get_user(user_id)
        _send(user, "welcome", link=_link(user, EmailPurpose.VERIFY))

    @staticmethod
    def verification(*, email: str) -> None:
        """Nothing, if nobody has the address or it is verified already."""
        user = find_active_user(email)
        if user and not user.email_verified:
            _send(user, "verify", link=_link(user, EmailPurpose.VERIFY))

    @staticmethod
    def reset(*, email: str) -> None:
        """Nothing, if nobody has the address."""
        if user := find_active_user(email):
            _send(user, "reset", link=_link(user, EmailPurpose.RESET))

    @staticmethod
    def password_changed(*, user_id: int) -> None:
        _send(get_user(user_id), "password_changed")

    @staticmethod
    def warn_of_reuse(*, user_id: int, session_id: int) -> None:
        _send(get_user(user_id), "reuse", session=get_session(session_id))

    @staticmethod
    def paused(*, user_id: int, reason: str) -> None:
        _send(get_user(user_id), "paused", reason=reason)

    @staticmethod
    def reactivated(*, user_id: int) -> None:
        _send(get_user(user_id), "reactivated")

    @staticmethod
    def deleted(*, email: str) -> None:
        """To the address that the account had."""
        _send_to(email, "deleted")

    @staticmethod
    def invitation(*, member_id: int) -> None:
        """To somebody who need not have an account."""
        if invite := InviteService.claim_mail(member_id=member_id):
            link = f"{settings.FRONTEND_URL}/invitations"
            _send_to(invite.email, "invitation", invite=invite, link=link)


def _link(user: User, purpose: EmailPurpose) -> str:
    token = EmailTokenService.issue(user=user, purpose=purpose)
    return f"{settings.FRONTEND_URL}/{PAGES[purpose]}?{urlencode({'token': token})}"


def _send(user: User, template: str, **context: Any) -> None:
    if not user.deleted_at:  # since then there is no address
        _send_to(user.email, template, user=user, **context)


def _send_to(address: str, template: str, **context: Any) -> None:
    text = render_to_string(f"users/mail/{template}.txt", context)
    subject, _blank, body = text.strip().partition("\n\n")
    send_mail(
        subject=" ".join(subject.split()),
        message=f"{body.strip()}\n",
        from_email=None,
        recipient_list=[address],
    )
