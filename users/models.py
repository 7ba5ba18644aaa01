from typing import Any

from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.db import models
from django.db.models import Q, UniqueConstraint
from django.db.models.functions import Lower

from core.fields import random_code
from core.models import TimeStampedModel, TimeStampedQuerySet


class UserQuerySet(TimeStampedQuerySet["User"]):
    def known_as(self, name: str) -> "UserQuerySet":
        """By username, or by e-mail without regard to case."""
        return self.annotate(email_lower=Lower("email")).filter(
            Q(username=name) | Q(email_lower=name.lower())
        )


class UserManager(DjangoUserManager.from_queryset(UserQuerySet)["User"]):  # type: ignore[misc]
    """Takes `create_user('ann', 'ann@example.com', 'pw')` and `create_user(email=, password=)`."""

    def create_user(
        self,
        username: str | None = None,
        email: str | None = None,
        password: str | None = None,
        **extra_fields: Any,
    ) -> "User":
        user: User = super().create_user(*_named(username, email), password, **extra_fields)
        return user

    def create_superuser(
        self,
        username: str | None = None,
        email: str | None = None,
        password: str | None = None,
        **extra_fields: Any,
    ) -> "User":
        user: User = super().create_superuser(*_named(username, email), password, **extra_fields)
        return user


def _named(username: str | None, email: str | None) -> tuple[str, str]:
    """A single word that is an address is the address; a missing name is made from it."""
    if email is None and username and "@" in username:
        username, email = None, username
    if not email:
        raise ValueError("A user needs an e-mail address.")
    return username or f"{email.partition('@')[0][:100]}-{random_code(6).lower()}", email


class User(AbstractUser, TimeStampedModel):
    """An account. Signs in by e-mail or username; owns vendors."""

    email = models.EmailField(max_length=254)
    company_name = models.CharField(max_length=120, blank=True)
    phone_number = models.CharField(max_length=32, blank=True)
    birthdate = models.DateField(null=True, blank=True)
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

    objects = UserManager()  # type: ignore[misc]

    REQUIRED_FIELDS = ["email"]

    class Meta:
        constraints = [UniqueConstraint(Lower("email"), name="user_email_unique")]

    def __str__(self) -> str:
        return self.email

    @property
    def full_name(self) -> str:
        return self.get_full_name()

    @property
    def role(self) -> str:
        """`admin`, `salesperson` or `user`: what this person is to the platform."""
        if self.is_admin or self.is_superuser:
            return "admin"
        return "salesperson" if self.is_salesperson else "user"

    @property
    def profile_completed(self) -> bool:
        return bool(self.first_name and self.last_name and self.birthdate)
