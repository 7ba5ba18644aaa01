"""Writing: accounts."""

from datetime import date
from typing import TypedDict, Unpack

from django.contrib.auth import authenticate
from django.contrib.auth.models import update_last_login
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.db import transaction
from django.utils.translation import gettext as _

from core.events import publish
from core.exceptions import FieldError, InvalidInput
from core.writing import constraint_as
from users.events import UserRegistered
from users.exceptions import InvalidCredentialsError
from users.models import User
from users.selectors import get_user
from vendors.services import VendorService


class ProfileChanges(TypedDict, total=False):
    first_name: str
    last_name: str
    birthdate: date | None
    company_name: str
    phone_number: str


class UserService:
    @staticmethod
    @transaction.atomic
    def register(
        *, email: str, password: str, username: str = "", **profile: Unpack[ProfileChanges]
    ) -> User:
        """A new account with its vendor and that vendor's default store, or nothing of it.

        Raises `InvalidInput` for a weak password and for a name or address that is taken.
        """
        _require_strong(password, User(email=email, username=username, **profile))
        with constraint_as(_taken()):
            user: User = User.objects.create_user(username or None, email, password, **profile)
        shop = profile.get("company_name") or _("%s’s collection") % (
            profile.get("first_name") or user.username
        )
        user.active_vendor = VendorService.create(name=shop[:120], owner=user)
        user.save(update_fields=["active_vendor"])
        publish(UserRegistered(user_id=user.pk, email=user.email))
        return user

    @staticmethod
    @transaction.atomic
    def create_staff(*, email: str, password: str, username: str = "") -> User:
        """An administrator of the platform, for the command line; raises as `register` does."""
        _require_strong(password, User(email=email, username=username))
        with constraint_as(_taken()):
            user: User = User.objects.create_superuser(
                username or None, email, password, is_admin=True
            )
        return user

    @staticmethod
    @transaction.atomic
    def update_profile(*, user: User, **changes: Unpack[ProfileChanges]) -> User:
        for name, value in changes.items():
            setattr(user, name, value)
        user.save(update_fields=changes.keys())
        return user

    @staticmethod
    def sign_in(*, name: str, password: str) -> User:
        """The active account of this username or e-mail; raises `InvalidCredentialsError`."""
        user = authenticate(username=name, password=password)
        if not isinstance(user, User):
            raise InvalidCredentialsError
        update_last_login(type(user), user)
        return user

    @staticmethod
    def send_welcome(*, user_id: int) -> None:
        user = get_user(user_id)
        send_mail(
            subject=_("Welcome to Omni-Stock"),
            message=_(
                "Your collection is ready: add items one by one, or import a CSV or XLSX file.\n"
            ),
            from_email=None,
            recipient_list=[user.email],
        )


def _taken() -> dict[str, InvalidInput]:
    address = _("An account with this e-mail address exists already.")
    name = _("An account with this username exists already.")
    return {
        "user_email_unique": InvalidInput.of("email", address, "taken"),
        "users_user_username_key": InvalidInput.of("username", name, "taken"),
    }


def _require_strong(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InvalidInput(
            errors=[FieldError("password", str(e.code), e.messages[0]) for e in error.error_list]
        ) from error
