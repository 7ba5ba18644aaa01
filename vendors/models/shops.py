from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, UniqueConstraint, Value, When
from django.db.models.functions import Lower
from django.utils import timezone

from core.fields import CurrencyField, NameSlugField, validate_address
from core.models import (
    ALIVE,
    SOFT_CASCADE,
    AuditedModel,
    SoftDeleteManager,
    SoftDeleteModel,
    SoftDeleteQuerySet,
    TimeStampedModel,
)
from core.triggers import counts_changes
from vendors.enums import InviteStatus, StoreType
from vendors.roles import MEMBER_ROLES, Ability, Role, roles_with

if TYPE_CHECKING:
    from users.models import User


class VendorQuerySet(SoftDeleteQuerySet["Vendor"]):
    def visible_to(self, user: "User") -> "VendorQuerySet":
        """The user owns them, or works there in whatever role."""
        return self._of(user, list(Role)).filter(is_deleted=False)

    def allowing(self, user: "User", ability: Ability) -> "VendorQuerySet":
        """Those of them where the user's role may do this; closed ones too."""
        return self._of(user, roles_with(ability))

    def with_role_of(self, user: "User") -> "VendorQuerySet":
        """Each with the user's `role`."""
        theirs = VendorMember.objects.working().filter(user_id=user.pk, vendor_id=OuterRef("pk"))
        owned = When(owner_id=user.pk, then=Value(Role.OWNER.value))
        return self.annotate(role=Case(owned, default=Subquery(theirs.values("role")[:1])))

    def _of(self, user: "User", roles: list[Role]) -> "VendorQuerySet":
        # A union and not an OR, so that PostgreSQL finds the few ids first, by their indexes.
        owned = Vendor.all_objects.filter(owner_id=user.pk).order_by().values("pk")
        works = VendorMember.objects.working().filter(user_id=user.pk, role__in=roles)
        return self.filter(pk__in=owned.union(works.order_by().values("vendor_id")))

    def search(self, text: str) -> "VendorQuerySet":
        return self.filter(name__icontains=text)


class Vendor(AuditedModel, SoftDeleteModel):
    """A shop: the tenant to whom items, stores and customers belong."""

    name = models.CharField(max_length=120)
    slug = NameSlugField()
    description = models.TextField(blank=True, max_length=5000)
    contact_info = models.TextField(blank=True, max_length=1000)
    currency = CurrencyField()
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="vendors",
        limit_choices_to={"deleted_at": None},
    )
    is_active = models.BooleanField(default=True)
    require_if_match = models.BooleanField(
        default=False,
        help_text="Changing or deleting anything of the shop needs the version that was read.",
    )

    objects = SoftDeleteManager.from_queryset(VendorQuerySet)()  # type: ignore[misc]
    all_objects = models.Manager.from_queryset(VendorQuerySet)()  # type: ignore[misc]

    class Meta:
        constraints = [
            UniqueConstraint(fields=["slug"], condition=ALIVE, name="vendor_slug_unique")
        ]
        triggers = [counts_changes()]

    def __str__(self) -> str:
        return self.name

    @property
    def audited_vendor_id(self) -> int:
        return int(self.pk)


class StoreQuerySet(SoftDeleteQuerySet["VendorStore"]):
    def search(self, text: str) -> "StoreQuerySet":
        return self.filter(name__icontains=text)


class VendorStore(AuditedModel, SoftDeleteModel):
    """A place where a vendor keeps stock; every vendor has one default store."""

    vendor = models.ForeignKey(Vendor, on_delete=SOFT_CASCADE, related_name="stores")
    name = models.CharField(max_length=120)
    slug = NameSlugField()
    type = models.CharField(max_length=10, choices=StoreType.choices, default=StoreType.RETAIL)
    address = models.TextField(blank=True, max_length=1000)
    currency = CurrencyField()
    is_active = models.BooleanField(default=True)
    is_default = models.BooleanField(default=False)

    objects = SoftDeleteManager.from_queryset(StoreQuerySet)()  # type: ignore[misc]
    all_objects = models.Manager.from_queryset(StoreQuerySet)()  # type: ignore[misc]

    class Meta:
        constraints = [
            UniqueConstraint(fields=["vendor", "slug"], condition=ALIVE, name="store_slug_unique"),
            UniqueConstraint(
                fields=["vendor"],
                condition=ALIVE & models.Q(is_default=True),
                name="store_one_default",
            ),
        ]
        triggers = [counts_changes()]

    def __str__(self) -> str:
        return self.name


class MemberQuerySet(SoftDeleteQuerySet["VendorMember"]):
    def working(self) -> "MemberQuerySet":
        return self.filter(is_active=True, invite_status=InviteStatus.ACCEPTED)

    def addressed_to(self, email: str) -> "MemberQuerySet":
        """Without regard to case, as the constraint has it."""
        return self.alias(email_lower=Lower("email")).filter(email_lower=Lower(Value(email)))

    def of_person(self, user: "User") -> "MemberQuerySet":
        """Where the user works or worked, and the unanswered invitations to the address."""
        rows = self.alias(email_lower=Lower("email"))
        address = Q(user=None, email_lower=Lower(Value(user.email)))
        return rows.filter(Q(user_id=user.pk) | address)

    def with_active_store(self) -> "MemberQuerySet":
        """Each with the id of the store that the member has chosen."""
        chosen = StoreChoice.objects.filter(
            user_id=OuterRef("user_id"), vendor_id=OuterRef("vendor_id"),
            store__is_deleted=False, store__is_active=True,
        )  # fmt: skip
        return self.annotate(active_store=Subquery(chosen.values("store_id")[:1]))

    def search(self, text: str) -> "MemberQuerySet":
        return self.filter(Q(email__icontains=text) | Q(title__icontains=text))


class VendorMember(AuditedModel, SoftDeleteModel):
    """Somebody who works in a shop that another owns, or is invited to.

    The address is the invitation's; the account is known when it is accepted.
    """

    vendor = models.ForeignKey(Vendor, on_delete=SOFT_CASCADE, related_name="members")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="memberships",
    )
    email = models.EmailField(max_length=254, validators=[validate_address])
    role = models.CharField(max_length=10, choices=MEMBER_ROLES, default=Role.VIEWER)
    title = models.CharField(max_length=80, blank=True)
    is_active = models.BooleanField(default=True)
    invite_status = models.CharField(
        max_length=8, choices=InviteStatus.choices, default=InviteStatus.PENDING
    )
    mailed_at = models.DateTimeField(null=True, editable=False)

    objects = SoftDeleteManager.from_queryset(MemberQuerySet)()  # type: ignore[misc]
    all_objects = models.Manager.from_queryset(MemberQuerySet)()  # type: ignore[misc]

    class Meta:
        constraints = [
            UniqueConstraint(
                F("vendor"), Lower("email"), condition=ALIVE, name="member_email_unique"
            ),
            UniqueConstraint(fields=["vendor", "user"], condition=ALIVE, name="member_user_unique"),
            models.CheckConstraint(condition=~Q(role=Role.OWNER), name="member_is_not_owner"),
            models.CheckConstraint(
                condition=~Q(invite_status=InviteStatus.ACCEPTED) | Q(user__isnull=False),
                name="member_accepted_is_known",
            ),
        ]
        # When we last mailed is not shown, nor is when the row was last written.
        triggers = [counts_changes("mailed_at", "updated_at")]

    def __str__(self) -> str:
        """Without the address: this goes into the audit log, which forgets nothing."""
        return f"{self.get_role_display()} {self.pk}"


class StoreChoice(TimeStampedModel):
    """The store in which somebody works when at this vendor: members' and the owner's alike."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="store_choices"
    )
    vendor = models.ForeignKey(Vendor, on_delete=models.CASCADE, related_name="+")
    store = models.ForeignKey(VendorStore, on_delete=models.CASCADE, related_name="choices")

    class Meta:
        constraints = [UniqueConstraint(fields=["user", "vendor"], name="store_choice_one")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.store_id}"


class AccessTokenQuerySet(SoftDeleteQuerySet["AccessToken"]):
    def redeemable(self) -> "AccessTokenQuerySet":
        """Neither used, nor revoked, nor expired, and the shop is open.

        No join, so that it holds also in the WHERE of an UPDATE that waited for another one.
        """
        shop = Vendor.objects.filter(pk=OuterRef("vendor_id"))
        return self.filter(
            Exists(shop), is_used=False, is_deleted=False, expires_at__gt=timezone.now()
        )

    def search(self, text: str) -> "AccessTokenQuerySet":
        return self.filter(notes__icontains=text)


class AccessToken(AuditedModel, SoftDeleteModel):
    """Ten characters that a shop gives to a salesperson, who comes in by them, once.

    They are kept nowhere: `token` is ten characters of a keyed digest (decision 11).
    """

    vendor = models.ForeignKey(Vendor, on_delete=SOFT_CASCADE, related_name="access_tokens")
    token = models.CharField(max_length=10, unique=True, editable=False)
    prefix = models.CharField(
        max_length=3, editable=False, help_text="What it begins with, to tell it from others."
    )
    notes = models.CharField(max_length=120, blank=True, help_text="Whom it is for.")
    is_used = models.BooleanField(default=False, editable=False)
    used_at = models.DateTimeField(null=True, editable=False)
    used_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
    )
    expires_at = models.DateTimeField()

    objects = SoftDeleteManager.from_queryset(AccessTokenQuerySet)()  # type: ignore[misc]
    all_objects = models.Manager.from_queryset(AccessTokenQuerySet)()  # type: ignore[misc]

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(is_used=False, used_at=None) | Q(is_used=True, used_at__isnull=False),
                name="access_token_used_has_time",
            )
        ]
        triggers = [counts_changes()]

    def __str__(self) -> str:
        return f"{self.prefix}…"

    def mark_used(self) -> bool:
        """Spend it. Of all who try, at once or later, one is told true: one UPDATE decides."""
        row = type(self).objects.filter(pk=self.pk)
        spent = row.redeemable().update(is_used=True, used_at=timezone.now())
        self.refresh_from_db(fields=["is_used", "used_at", "updated_at", "version"])
        return bool(spent)
