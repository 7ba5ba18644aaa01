"""Reading: who somebody is, and where somebody is signed in."""

import uuid
from collections.abc import Callable
from functools import cache
from typing import Any

from django.db.models import OuterRef, Subquery
from django.db.models.base import ModelState
from django.utils import timezone

from core.exceptions import ForbiddenError
from core.postgres.remembered import RowMemory
from core.prepared import prepared
from users.exceptions import SessionEnded, TokenNotValid, UserNotFoundError
from users.models import Session, SessionQuerySet, User, UserQuerySet
from users.triggers import CALLERS
from vendors.roles import abilities_of
from vendors.selectors import get_roles

# Of the account, for who makes it of a row by himself: the machinery of a query of models costs
# every call more than the account's own making.
_COLUMNS = [field.attname for field in User._meta.concrete_fields]
_OWN = len(_COLUMNS)
_beside: dict[str, Callable[[Any], Any]] = {}
callers = RowMemory(CALLERS, [User._meta.db_table, Session._meta.db_table])


def get_user(user_id: int) -> User:
    """Raises `UserNotFoundError`."""
    user: User | None = User.objects.select_related("active_vendor").filter(pk=user_id).first()
    if user is None:
        raise UserNotFoundError
    return user


def find_user(name: str) -> User | None:
    """By username or e-mail, for the command line."""
    user: User | None = User.objects.known_as(name).first()
    return user


def find_account(email: str) -> User | None:
    """By e-mail alone, without regard to case; also one that is paused."""
    user: User | None = User.objects.with_address(email).first()
    return user


def find_active_user(email: str) -> User | None:
    """By e-mail alone, without regard to case."""
    return get_accounts_with_address(email).first()


def get_accounts(ids: Any = None) -> UserQuerySet:
    """The active ones: all or, of these ids, which may be a query for them."""
    accounts: UserQuerySet = User.objects.filter(is_active=True)
    return accounts if ids is None else accounts.filter(pk__in=ids)


def get_accounts_with_address(email: str) -> UserQuerySet:
    """The active account, if there is one, without regard to case."""
    return get_accounts().with_address(email)


def require_administrator(user: User) -> None:
    """Of the platform; raises `ForbiddenError` for everybody else."""
    if not user.administers:
        raise ForbiddenError


def is_address_free(email: str) -> bool:
    return not User.objects.with_address(email).exists()


def read_beside(name: str, make: Callable[[Any], Any]) -> None:
    """Let calls ask something of their user in the query that finds out who calls.

    `make` gives the expression for a user's key; the user has what comes of it as `name`.
    """
    _beside[name] = make


def get_caller(
    user_id: int, session_id: int, version: int, beside: str = "", *, may_be_remembered: bool
) -> User:
    """Who holds an access token; as `get_signed_in`, and without a query where it is remembered.

    What is read `beside` comes with the account's row: who needs it asks for it if it is missing.
    """
    name, key = str(user_id), (session_id, version)
    if may_be_remembered:
        if values := callers.get(name, key):
            return _with(values)
    else:  # what it writes may be the account
        callers.forget(name)
    since = callers.heard
    user, read = _find_signed_in(user_id, session_id, version, beside)
    if may_be_remembered:
        callers.keep(name, key, {**vars(user)}, since)
    if beside:
        setattr(user, beside, *read[1:])
    return user


def get_signed_in(user_id: int, session_id: int, version: int) -> uuid.UUID:
    """The id of the current refresh token of a token's session; one query.

    Raises `TokenNotValid` when the account is gone, `SessionEnded` when the session is over.
    """
    jti: uuid.UUID
    _user, [jti] = _find_signed_in(user_id, session_id, version)
    return jti


def _find_signed_in(
    user_id: int, session_id: int, version: int, beside: str = ""
) -> tuple[User, tuple[Any, ...]]:
    """The account, and what was read with it."""
    found = _signed_in(beside)(user_id, session_id, timezone.now())
    if not found:
        raise TokenNotValid
    [row] = found
    user, read = User.from_db("default", _COLUMNS, row[:_OWN]), row[_OWN:]
    if user.deleted_at:
        raise TokenNotValid
    if not user.is_active or user.token_version != version or read[0] is None:
        raise SessionEnded
    return user, read


def _with(values: dict[str, Any]) -> User:
    """An account of these values, as pickle makes one; Django's own way asks each field."""
    user = User.__new__(User)
    state = ModelState()
    state.db, state.adding = "default", False
    vars(user).update(values, _state=state)
    return user


@cache
def _signed_in(beside: str) -> prepared:
    @prepared
    def signed_in(user_id: Any, session_id: Any, now: Any) -> Any:
        session = Session.objects.not_ended(now).filter(
            pk=session_id, user=OuterRef("pk"), token_version=OuterRef("token_version")
        )
        jti = Subquery(session.values("jti")[:1])
        read = [_beside[beside](user_id)] if beside else []
        return User.objects.filter(pk=user_id).values_list(*_COLUMNS, jti, *read)

    return signed_in


def get_sessions_for_user(user: User) -> SessionQuerySet:
    """Where the user is signed in now."""
    return Session.objects.living().filter(user=user)


def get_addresses_of(name: str) -> set[str]:
    """From where the account of this username or e-mail has signed in lately, if it is one's."""
    accounts = User.objects.known_as(name).values("pk")
    sessions = Session.objects.filter(user__in=accounts).exclude(ip=None)
    return {str(address) for address in sessions.values_list("ip", flat=True).distinct()}


def get_session(session_id: int) -> Session | None:
    return Session.objects.filter(pk=session_id).first()


def get_standing(user: User) -> list[str]:
    """What the user may do, word by word: on the platform, and in each shop."""
    platform = ["administer"] if user.administers else []
    roles = get_roles(user)
    return platform + [f"{may} of {shop}" for shop, role in roles for may in abilities_of(role)]
