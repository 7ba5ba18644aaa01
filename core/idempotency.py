"""A deed once per key: its answer is kept in the transaction of the deed (decision 16).

Knows no HTTP; `core.once` puts it around every POST.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import OperationalError, connection
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from psycopg.errors import LockNotAvailable

from core.exceptions import AppException, ConflictError, ForbiddenError
from core.models import IdempotencyKey
from core.writing import purge

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from users.models import User

LIFETIME = timedelta(hours=24)


class RequestInFlight(ConflictError):
    """The first request with this key has not been answered yet."""

    code = "request_in_flight"
    detail = _("A request with this key is being carried out just now.")
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "1"}


class KeyReused(AppException):
    """422. One key stands for one request."""

    status = 422
    code = "idempotency_key_reused"
    detail = _("This key was used for another request: take a new one.")


class AnswerNotKept(ConflictError):
    """It was done, once; what it answered was for one pair of eyes."""

    code = "answer_not_kept"
    detail = _("The request was carried out before; its answer is secret and was not kept.")


@dataclass(frozen=True)
class Call:
    """One request under a key. `digest` says whose key it is, `fingerprint` what was sent.

    Neither the key nor the body can be had from them: a body may hold a password, so what is kept
    of it must not be good for trying words out.
    """

    digest: str
    fingerprint: str
    user: "User | None"
    path: str

    @classmethod
    def of(cls, key: str, user: "User | AnonymousUser", path: str, content: bytes) -> "Call":
        """Keys belong to their user; where nobody is signed in, to the address that was called."""
        known: Any = user if user.is_authenticated else None
        owner = f"user {known.pk}" if known else f"anybody at {path}"
        digest = hashlib.sha256(f"{owner}\0{key}".encode()).hexdigest()
        fingerprint = salted_hmac(digest, content, algorithm="sha256").hexdigest()
        return cls(digest, fingerprint, known, path)


def await_turn(call: Call) -> None:
    """Until the surrounding transaction ends, no other request is at work under this key.

    Raises `RequestInFlight` when one does not end in `IDEMPOTENCY_WAIT_SECONDS`.
    """
    wait = f"{int(settings.IDEMPOTENCY_WAIT_SECONDS * 1000)}ms"
    number = int.from_bytes(bytes.fromhex(call.digest)[:8], signed=True)
    with connection.cursor() as cursor:
        both = "SELECT current_setting('lock_timeout'), set_config('lock_timeout', %s, true)"
        cursor.execute(both, [wait])
        usual, _now = cursor.fetchone()
        try:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
        except OperationalError as error:
            if isinstance(error.__cause__, LockNotAvailable):
                raise RequestInFlight from error
            raise
        # What the connection had, which need not be its default: `migrate` waits for ever.
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [usual])


def find_answer(call: Call) -> IdempotencyKey | None:
    """What was answered under this key, if anything; the caller has awaited the turn.

    Raises `KeyReused` if that was to another request, `ForbiddenError` if the user may do less
    since, and `AnswerNotKept`.
    """
    row = IdempotencyKey.objects.filter(pk=call.digest).first()
    if row is None:
        return None
    if row.created_at <= timezone.now() - LIFETIME:
        row.delete()
        return None
    if row.fingerprint != call.fingerprint:
        raise KeyReused
    if not set(row.standing) <= set(_standing(call.user)):
        raise ForbiddenError
    if row.body is None:
        raise AnswerNotKept
    return row


def keep_answer(
    call: Call, status: int, headers: Mapping[str, str], body: bytes | None, about: str | None
) -> None:
    """In the transaction of the deed. Without a body, that it was done is all that is kept."""
    IdempotencyKey.objects.create(
        digest=call.digest,
        fingerprint=call.fingerprint,
        user=call.user,
        path=call.path,
        standing=_standing(call.user),
        status=status,
        headers={} if body is None else dict(headers),
        body=body,
        about=about,
    )


def forget_answers(*about: str) -> None:
    """What tells of these. That it was done is still known: it is not done again."""
    IdempotencyKey.objects.filter(about__in=about).update(body=None, headers={})


def purge_expired() -> int:
    """Forget the keys that are older than a day; returns their number."""
    return purge(IdempotencyKey.objects.filter(created_at__lte=timezone.now() - LIFETIME))


def _standing(user: "User | None") -> list[str]:
    standing: list[str] = import_string(settings.IDEMPOTENCY_STANDING)(user) if user else []
    return standing
