"""Writing: salespeople, who come in by a token that a shop gave them (decision 11)."""

from typing import TYPE_CHECKING

from django.contrib.auth import authenticate
from django.db import transaction

from core.audit import log_audit
from core.enums import AuditType
from core.outbox import announce
from core.writing import constraint_as
from users.events import UserRegistered
from users.exceptions import EmailNotVerified, InvalidCredentialsError
from users.models import User
from users.selectors import find_account
from users.services.accounts import taken
from users.services.sessions import Grant, SessionService, must_confirm
from users.services.strength import require_strong
from vendors.exceptions import AccessTokenNotValid
from vendors.services import AccessTokenService

if TYPE_CHECKING:
    from vendors.models import Vendor


class SalespersonService:
    @staticmethod
    def come_in(
        *, access_token: str, email: str, password: str, user_agent: str = "", ip: str | None = None
    ) -> Grant:
        """A session for who has a shop's token, and sells there from now on.

        An address that nobody has makes the account; a known one needs its password. Unless all
        of it is done, nothing is, and the token is good still. One exception: where addresses
        must be verified first, a new account is made, and then `EmailNotVerified` raised.

        Raises `AccessTokenNotValid`, `InvalidCredentialsError`, `EmailNotVerified`, `InvalidInput`
        for a new account's password, and what `MemberService.take_on` raises.
        """
        known = find_account(email)
        # Also for an unknown address: it takes the time of a hash, as a wrong password does.
        proved = authenticate(username=known.username if known else email, password=password)
        try:
            with transaction.atomic():
                # Account, shop, token, member: whoever locks several of them keeps this order.
                holder = proved if _is_in_use(known) else None
                token = AccessTokenService.spend(code=access_token)
                user = _require(holder) if known else _register(email, password, token.vendor)
                AccessTokenService.take_on(token=token, user=user)
                if known or not must_confirm(user):
                    return SessionService.let_in(user=user, user_agent=user_agent, ip=ip)
        except (AccessTokenNotValid, InvalidCredentialsError):
            # Outside, so that the refusal does not take it back.
            log_audit(AuditType.SECURITY, known, "was refused to come in by a sign-up token")
            raise
        raise EmailNotVerified


def _is_in_use(user: User | None) -> bool:
    """The account was not paused meanwhile, nor is before the transaction ends."""
    rows = User.objects.select_for_update(no_key=True).filter(is_active=True)
    return rows.filter(pk=user.pk if user else 0).first() is not None


def _require(holder: object) -> User:
    if not isinstance(holder, User):
        raise InvalidCredentialsError
    return holder


def _register(email: str, password: str, vendor: "Vendor") -> User:
    """An account that works in this shop and has none of its own."""
    require_strong(password, User(email=email))
    with constraint_as(taken()):
        user: User = User.objects.create_user(
            None, email, password, is_salesperson=True, active_vendor=vendor
        )
    log_audit(AuditType.ACCOUNT, user, "registered", obj=user)
    announce(UserRegistered(user_id=user.pk, email=user.email))
    return user
