import re
import uuid
from pathlib import PurePath
from typing import Any

import pgtrigger
from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import CheckConstraint, Exists, OuterRef, Q, UniqueConstraint, Value
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core.fields import random_code, validate_address, validate_past
from core.models import TimeStampedQuerySet, VersionedModel
from core.triggers import counts_changes, tells
from users.enums import EmailPurpose, EndReason
from users.triggers import ACCESS_ENDS, CALLERS, access_ends


class UserQuerySet(TimeStampedQuerySet["User"]):
    def with_address(self, email: str) -> "UserQuerySet":
        """Without regard to case."""
        return self.annotate(email_lower=Lower("email")).filter(email_lower=Lower(Value(email)))

    def known_as(self, name: str) -> "UserQuerySet":
        """By username, or by e-mail without regard to case."""
        return self.annotate(email_lower=Lower("email")).filter(
            Q(username=name) | Q(email_lower=Lower(Value(name)))
        )

    def administrators(self) -> "UserQuerySet":
        """Also the paused: a system that has had one is not new."""
        return self.filter(Q(is_admin=True) | Q(is_superuser=True))


class UserManager(DjangoUserManager.from_queryset(UserQuerySet)["User"]):  # type: ignore[misc]
    """Takes `create_user('ann', 'ann@example.com', 'pw')` and `create_user(email=, password=)`."""

    def create_user(
        self,
        username: str | None = None,
        email: str | None = None,
        password: str | None = None,
        **extra_fields: Any,
    ) -> "User":
        # Who registers is spoken to in the same language later, by the worker.
        extra_fields.setdefault("language", get_language() or "")
        user: User = super().create_user(*_named(username, email), password, **extra_fields)
        return user

    def create_superuser(
        self,
        username: str | None = None,
        email: str | None = None,
        password: str | None = None,
        **extra_fields: Any,
    ) -> "User":
        username, email = _named(username, email)
        if self.with_address(email).exists():
            raise ValidationError(_("An account with this e-mail address exists already."))
        # Who has the command line needs no mail to be believed.
        extra_fields.setdefault("email_verified_at", timezone.now())
        user: User = super().create_superuser(username, email, password, **extra_fields)
        return user


def _named(username: str | None, email: str | None) -> tuple[str, str]:
    """A single word that is an address is the address; a missing name is made from it."""
    if email is None and username and "@" in username:
        username, email = None, username
    if not email:
        raise ValueError("A user needs an e-mail address.")
    # An address may hold signs that a name may not.
    words = re.sub(r"[^\w.+-]", "", email.partition("@")[0])[:100]
    return username or f"{words}-{random_code(6).lower()}".lstrip("-"), email


def _avatar_path(user: "User", filename: str) -> str:
    """An address nobody can guess; neither the person nor the name of the file is part of it."""
    return f"avatars/{uuid.uuid4().hex}{PurePath(filename).suffix}"


class User(AbstractUser, VersionedModel):
    """An account. Signs in by e-mail or username; owns vendors.

    A deleted one stays as a row without the person, for what points to it (decision 12).
    """

    email = models.EmailField(max_length=254, validators=[validate_address])
    company_name = models.CharField(max_length=120, blank=True)
    phone_number = models.CharField(max_length=32, blank=True)
    birthdate = models.DateField(null=True, blank=True, validators=[validate_past])
    # Not for the admin's form, which would take any file.
    avatar = models.ImageField(upload_to=_avatar_path, blank=True, editable=False)
    language = models.CharField(
        max_length=10,
        blank=True,
        choices=settings.LANGUAGES,
        help_text="Of mails and notifications; blank is the site's.",
    )
    is_admin = models.BooleanField(default=False, help_text="Administers the platform.")
    is_salesperson = models.BooleanField(default=False)
    active_vendor = models.ForeignKey(
        "vendors.Vendor",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="The vendor new things go to when none is named.",
    )

    email_verified_at = models.DateTimeField(null=True, blank=True, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    token_version = models.PositiveIntegerField(
        default=1,
        editable=False,
        help_text="Tokens of another version are refused. A trigger moves it.",
    )

    objects = UserManager()  # type: ignore[misc]

    REQUIRED_FIELDS = ["email"]

    class Meta:
        constraints = [
            UniqueConstraint(Lower("email"), name="user_email_unique"),
            CheckConstraint(
                condition=Q(deleted_at=None) | Q(is_active=False), name="user_deleted_is_not_active"
            ),
        ]
        triggers = [
            access_ends(),
            # Signing in, also elsewhere, must not make the form stale that somebody fills in.
            counts_changes("updated_at", "last_login", "password", "token_version"),
            tells(CALLERS, "id", "last_login", "updated_at"),
        ]

    def __str__(self) -> str:
        return self.email

    @property
    def email_verified(self) -> bool:
        return self.email_verified_at is not None

    @property
    def full_name(self) -> str:
        return self.get_full_name()

    @property
    def administers(self) -> bool:
        """The platform, as `UserQuerySet.administrators` has it."""
        return self.is_admin or self.is_superuser

    @property
    def role(self) -> str:
        """`admin`, `salesperson` or `user`: what this person is to the platform."""
        if self.administers:
            return "admin"
        return "salesperson" if self.is_salesperson else "user"

    @property
    def profile_completed(self) -> bool:
        return bool(self.first_name and self.last_name and self.birthdate)

    def check_password(self, raw_password: str | None) -> bool:
        """As Django's, but an old hash that is made anew neither ends access nor undoes a change
        of the password at the same moment.
        """

        def rehash(password: str) -> None:
            old, self.password = self.password, make_password(password)
            with pgtrigger.ignore(f"users.User:{ACCESS_ENDS}"):
                type(self).objects.filter(pk=self.pk, password=old).update(password=self.password)

        return check_password(raw_password, self.password, rehash)


class SessionQuerySet(models.QuerySet["Session"]):
    def not_ended(self, now: Any = None) -> "SessionQuerySet":
        return self.filter(revoked_at=None, expires_at__gt=now or timezone.now())

    def living(self) -> "SessionQuerySet":
        """Not ended, and the account has not ended all its access since.

        No join, so that it holds also in the WHERE of an UPDATE that waited for another one.
        """
        holder = User.objects.filter(
            pk=OuterRef("user_id"), is_active=True, token_version=OuterRef("token_version")
        )
        return self.not_ended().filter(Exists(holder))


class Session(models.Model):
    """One sign-in on one device: the family of the refresh tokens that follow from it.

    It knows the refresh token that is good now, and the one before. Any other token that names
    the session and bears our signature is older: it was used before.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sessions"
    )
    token_version = models.PositiveIntegerField(help_text="The user's, when the tokens were made.")
    jti = models.UUIDField(default=uuid.uuid4, help_text="The refresh token that is good now.")
    previous_jti = models.UUIDField(null=True)
    user_agent = models.CharField(max_length=200, blank=True)
    ip = models.GenericIPAddressField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(
        default=timezone.now, help_text="When the refresh token that is good now was made."
    )
    expires_at = models.DateTimeField(db_index=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_reason = models.CharField(max_length=20, blank=True, choices=EndReason.choices)

    objects = SessionQuerySet.as_manager()

    class Meta:
        triggers = [
            # Not of a refresh, which leaves open what is open.
            tells(CALLERS, "user_id", "jti", "previous_jti", "last_used_at")
        ]

    def __str__(self) -> str:
        return f"{self.user_agent or self.ip} ({self.pk})"


class EmailToken(models.Model):
    """Something that only the reader of a mail knows; we keep its digest alone."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="email_tokens"
    )
    purpose = models.CharField(max_length=10, choices=EmailPurpose.choices)
    address = models.EmailField(max_length=254, help_text="Where it was sent.")
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256, in hexadecimal.")
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.purpose} ({self.pk})"
