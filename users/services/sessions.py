"""Writing: sessions. What a token says is signed elsewhere (`users.tokens`)."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import update_last_login
from django.contrib.sessions.models import Session as StaffSession
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from core.audit import log_audit
from core.enums import AuditType
from core.exceptions import NotFoundError
from core.outbox import announce
from core.reading import get_row
from users.enums import EndReason
from users.events import RefreshTokenReused
from users.exceptions import EmailNotVerified, InvalidCredentialsError, SessionEnded, TokenNotValid
from users.models import Session, User
from users.selectors import find_user
from users.services.locks import locked

if TYPE_CHECKING:
    from users.models import SessionQuerySet

GRACE = timedelta(seconds=30)
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Grant:
    """What a pair of tokens says; the same grant is always signed to the same pair."""

    user_id: int
    session_id: int
    version: int
    jti: uuid.UUID
    issued_at: datetime
    expires_at: datetime


class SessionService:
    @staticmethod
    def sign_in(
        *,
        name: str,
        password: str,
        user_agent: str = "",
        ip: str | None = None,
        administrator: bool = False,
    ) -> Grant:
        """A session for the active account of this username or e-mail.

        With `administrator` nobody else is let in, and told no more than of a wrong password.

        Raises `InvalidCredentialsError`, and `EmailNotVerified` where that is asked for.
        """
        user = authenticate(username=name, password=password)
        if not isinstance(user, User) or (administrator and not user.administers):
            # Its own statement, so that the refusal does not take it back; asked and written for
            # an unknown name as well, so that both take the same time.
            log_audit(AuditType.SECURITY, find_user(name), "was refused to sign in")
            raise InvalidCredentialsError
        return SessionService.let_in(user=user, user_agent=user_agent, ip=ip)

    @staticmethod
    @transaction.atomic
    def let_in(*, user: User, user_agent: str = "", ip: str | None = None) -> Grant:
        """Sign in somebody who has proved to be `user`.

        Raises `EmailNotVerified`, and `InvalidCredentialsError` when the account was paused or
        deleted since the proof: a row without a person gets no session, with place and device.
        """
        if must_confirm(user):
            raise EmailNotVerified
        try:
            locked(user)
        except SessionEnded as ended:
            raise InvalidCredentialsError from ended
        update_last_login(type(user), user)
        log_audit(AuditType.SECURITY, user, "signed in", obj=user)
        return SessionService.open(user=user, user_agent=user_agent, ip=ip)

    @staticmethod
    def open(*, user: User, user_agent: str = "", ip: str | None = None) -> Grant:
        """A session for somebody who has proved to be `user`.

        It gets the version read along with the proof: if the password has changed meanwhile,
        the session is over before it begins.
        """
        now = timezone.now()
        lifetime: Any = settings.SIMPLE_JWT["REFRESH_TOKEN_LIFETIME"]
        session = Session.objects.create(
            user=user,
            token_version=user.token_version,
            user_agent=user_agent[:200],
            ip=ip,
            created_at=now,
            last_used_at=now,
            expires_at=now + lifetime,
        )
        return _grant(session)

    @staticmethod
    def refresh(*, user_id: int, session_id: int, version: int, jti: uuid.UUID) -> Grant:
        """The next grant for a refresh token, once; the same again to others within the grace.

        Raises `TokenNotValid` without such a session, `SessionEnded` when it is over; that it
        also is from now on if the token was used before.
        """
        session, known = _rotate(
            Session.objects.filter(pk=session_id, user_id=user_id, token_version=version), jti
        )
        if session is None:
            raise TokenNotValid if _unknown(session_id, user_id) else SessionEnded
        if not known:
            raise SessionEnded
        return _grant(session)

    @staticmethod
    def lock(*, row: Session) -> Session:
        """Raises `NotFoundError` for one that has ended."""
        living = Session.objects.not_ended().select_for_update(of=["self"], no_key=True)
        return get_row(living, row.pk)

    @staticmethod
    @transaction.atomic
    def end(*, user: User, session_id: int) -> None:
        """End one of the user's sessions; `NotFoundError` if it is not living or not theirs."""
        mine = Session.objects.living().filter(pk=session_id, user=user)
        if not _revoke(mine, EndReason.ENDED):
            raise NotFoundError
        log_audit(AuditType.SECURITY, user, "ended a session", obj=user)

    @staticmethod
    @transaction.atomic
    def log_out(*, user_id: int, session_id: int) -> None:
        """End the session of a token, if it has not ended yet."""
        row = Session.objects.filter(pk=session_id, user_id=user_id)
        if _revoke(row, EndReason.LOGOUT):
            user = row.select_related("user").get().user
            log_audit(AuditType.SECURITY, user, "signed out", obj=user)

    @staticmethod
    @transaction.atomic
    def end_all(*, user: User) -> None:
        """No token of the user is good any longer, on any device."""
        type(user).objects.filter(pk=user.pk).update(token_version=F("token_version") + 1)
        user.refresh_from_db(fields=["token_version"])
        log_audit(AuditType.SECURITY, user, "signed out everywhere", obj=user)

    @staticmethod
    @transaction.atomic
    def go_on(*, user: User, session_id: int | None) -> Grant:
        """The user's access has just ended everywhere: here it goes on, under a new pair."""
        row = Session.objects.not_ended().filter(pk=session_id or 0, user=user)
        fresh = {"jti": uuid.uuid4(), "previous_jti": None, "last_used_at": timezone.now()}
        if not row.update(token_version=user.token_version, **fresh):
            return SessionService.open(user=user)
        return _grant(row.get())

    @staticmethod
    def purge_expired() -> int:
        """Remove the sessions whose tokens have all expired, and those of staff in the admin;
        returns their number.
        """
        now = timezone.now()
        ours, _by_model = Session.objects.filter(expires_at__lt=now).delete()
        staffs, _by_model = StaffSession.objects.filter(expire_date__lt=now).delete()
        return ours + staffs


def must_confirm(user: User) -> bool:
    """This server lets in verified addresses only, and the user's is not yet."""
    return settings.EMAIL_VERIFICATION == "required" and not user.email_verified


@transaction.atomic
def _rotate(row: "SessionQuerySet", jti: uuid.UUID) -> tuple[Session | None, bool]:
    """The living session after `jti` was spent, and whether it may get the successor.

    One UPDATE decides who spends it; PostgreSQL asks its WHERE again of a row it waited for.
    """
    now = timezone.now()
    spent = (
        row.living()
        .filter(jti=jti)
        .update(jti=uuid.uuid4(), previous_jti=F("jti"), last_used_at=now)
    )
    session = row.living().first()
    if session is None or spent:
        return session, bool(spent)
    # The successor is unused as long as it is the current one.
    if session.previous_jti == jti and now - session.last_used_at <= GRACE:
        return session, True
    if _revoke(row, EndReason.REUSED):
        told = "a refresh token was used twice; its session was ended"
        log_audit(AuditType.SECURITY, session.user, told, obj=session.user)
        _log.warning("refresh_token_reused", user_id=session.user_id, session_id=session.pk)
        announce(RefreshTokenReused(user_id=session.user_id, session_id=session.pk))
    return session, False


def _unknown(session_id: int, user_id: int) -> bool:
    return not Session.objects.filter(pk=session_id, user_id=user_id).exists()


def _revoke(rows: "SessionQuerySet", reason: EndReason) -> int:
    return rows.filter(revoked_at=None).update(revoked_at=timezone.now(), revoked_reason=reason)


def _grant(session: Session) -> Grant:
    return Grant(
        user_id=session.user_id,
        session_id=session.pk,
        version=session.token_version,
        jti=session.jti,
        issued_at=session.last_used_at,
        expires_at=session.expires_at,
    )
