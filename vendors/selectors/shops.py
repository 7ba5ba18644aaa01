"""Reading: whose shop it is, who works there, and what they may."""

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from django.db.models import Case, Q, When

from core.exceptions import ForbiddenError
from core.prepared import prepared
from core.reading import get_row
from vendors.enums import InviteStatus
from vendors.models import (
    AccessToken,
    AccessTokenQuerySet,
    MemberQuerySet,
    StoreQuerySet,
    Vendor,
    VendorMember,
    VendorQuerySet,
    VendorStore,
)
from vendors.roles import Ability, Role, roles_with

if TYPE_CHECKING:
    from users.models import User


def get_vendors_for_user(user: "User") -> VendorQuerySet:
    """The vendors the user may see, oldest first."""
    return Vendor.objects.visible_to(user).order_by("pk")


def get_vendor_ids(user: "User") -> list[int]:
    """Of the vendors the user may see, oldest first; one query, and none for nobody.

    With their ids instead of a query for them PostgreSQL reads a list off its index in order.
    """
    return _visible_ids(user.pk) if user.pk else []


@prepared
def _visible_ids(user: Any) -> Any:
    return get_vendors_for_user(user).values_list("pk", flat=True)


def get_vendors_allowing(user: "User", ability: Ability) -> VendorQuerySet:
    """The vendors where the user's role may do this."""
    vendors: VendorQuerySet = Vendor.objects.allowing(user, ability)
    return vendors


def get_vendor_ids_forbidding(user: "User", ability: Ability) -> list[int]:
    """Of the vendors the user may see, but where the role may not do this; one query."""
    return _forbidding(ability)(user.pk)


@cache
def _forbidding(ability: Ability) -> prepared:
    @prepared
    def forbidding(user: Any) -> Any:
        allowing = get_vendors_allowing(user, ability)
        return get_vendors_for_user(user).exclude(pk__in=allowing).values_list("pk", flat=True)

    return forbidding


def find_vendor_allowing(user: "User", vendor_id: int, ability: Ability | None) -> Vendor | None:
    """This one, if the user's role there may do this; whatever the role is, for None."""
    return next(iter(_the_one(ability)(user.pk, vendor_id)), None)


@cache
def _the_one(ability: Ability | None) -> prepared:
    @prepared
    def the_one(user: Any, vendor: Any) -> Any:
        found = get_vendors_allowing(user, ability) if ability else get_vendors_for_user(user)
        return found.filter(pk=vendor)

    return the_one


def get_vendors_with_role(user: "User") -> VendorQuerySet:
    """The vendors the user may see, oldest first, each with the user's `role` there."""
    return get_vendors_for_user(user).with_role_of(user)


def get_roles(user: "User") -> list[tuple[int, str]]:
    """Each vendor the user may see by its id, with the user's role there; one query."""
    vendors: Any = get_vendors_with_role(user)
    return list(vendors.values_list("pk", "role"))


def get_audited_vendors(user: "User") -> VendorQuerySet:
    """The vendors whose audit log the user may read; the owner's also when they are closed."""
    vendors: VendorQuerySet = Vendor.all_objects.allowing(user, Ability.AUDIT_READ)
    return vendors


def get_open_vendors(user: "User") -> VendorQuerySet:
    """All that are open, for administrators of the platform; for others as they may see."""
    return Vendor.objects.order_by("pk") if user.administers else get_vendors_for_user(user)


def get_people_allowed(vendor_id: int, ability: Ability) -> Any:
    """A query for the ids of those whose role in the open shop may do this; the owner always."""
    owner = Vendor.objects.filter(pk=vendor_id).order_by().values("owner_id")
    members = VendorMember.objects.working().filter(
        vendor_id=vendor_id, vendor__is_deleted=False, role__in=roles_with(ability)
    )
    return owner.union(members.order_by().values("user_id"))


def get_role(user: "User", vendor_id: int) -> Role:
    """What the user is in this vendor; raises `NotFoundError` for who is nothing there."""
    vendor: Any = get_row(get_vendors_with_role(user), vendor_id)
    return Role(vendor.role)


def has_ability(user: "User", vendor_ids: Iterable[int | None], ability: Ability) -> bool:
    """Whether the user's role in each of these vendors may do this."""
    wanted = {vendor_id or 0 for vendor_id in vendor_ids}
    return not wanted or len(_allowing(ability)(user.pk, [*wanted])) == len(wanted)


@cache
def _allowing(ability: Ability) -> prepared:
    """One for each of the few abilities."""

    @prepared
    def among(user: Any, ids: Any) -> Any:
        return get_vendors_allowing(user, ability).filter(pk__among=ids).values_list("pk")

    return among


def require_ability(user: "User", vendor_ids: Iterable[int | None], ability: Ability) -> None:
    """Raises `ForbiddenError` where `has_ability` says no."""
    if not has_ability(user, vendor_ids, ability):
        raise ForbiddenError


def require_ability_somewhere(user: "User", ability: Ability) -> None:
    """Raises `ForbiddenError` for who works somewhere, but may do this nowhere."""
    if not get_vendors_allowing(user, ability).exists() and get_vendors_for_user(user).exists():
        raise ForbiddenError


def get_active_vendor(user: "User") -> Vendor | None:
    """The vendor new things go to: the chosen one, else the oldest own, else the oldest."""
    return next(iter(_by_choice(user.pk, user.active_vendor_id or 0) if user.pk else ()), None)


@prepared
def _by_choice(user: Any, chosen: Any) -> Any:
    order = Case(When(pk=chosen, then=0), When(owner_id=user, then=1), default=2)
    return get_vendors_for_user(user).order_by(order, "pk")[:1]


def get_figures_scope(
    user: "User", vendor_id: int | None = None, currency: str = ""
) -> tuple[list[int], str]:
    """Which vendors figures are about, all the user's or that one, and in which currency: that
    one's, or the active one's, unless named. A foreign vendor counts for nothing."""
    vendors = get_vendors_for_user(user)
    if vendor_id is not None:
        vendors = vendors.filter(pk=vendor_id)
    rows = dict(vendors.values_list("pk", "currency"))
    if not currency:
        active = get_active_vendor(user) if vendor_id is None else None
        currency = active.currency if active else rows.get(vendor_id or 0, "USD")
    return list(rows), currency


def get_stores_for_user(user: "User") -> StoreQuerySet:
    """The stores of the vendors the user may see."""
    stores: StoreQuerySet = VendorStore.objects.filter(vendor__in=get_vendors_for_user(user))
    return stores.order_by("name", "pk")


def get_stores_with_vendor(user: "User") -> list[tuple[int, int]]:
    """Each store, closed ones too, of the vendors the user may see, by its id with its vendor's;
    none for nobody."""
    if not user.pk:
        return []
    stores = VendorStore.all_objects.filter(vendor__in=get_vendors_for_user(user).order_by())
    return list(stores.order_by().values_list("pk", "vendor_id"))


def get_store_names(ids: Iterable[int | None]) -> dict[int, str]:
    """By id; of closed ones too, for history stays."""
    rows = VendorStore.all_objects.filter(pk__in=[key for key in ids if key])
    return dict(rows.values_list("pk", "name"))


def get_default_store(vendor: Vendor) -> VendorStore | None:
    return VendorStore.objects.filter(vendor=vendor, is_default=True).first()


def get_members_for_user(user: "User") -> MemberQuerySet:
    """The members of vendors where the user manages them; of others the user alone."""
    managed = get_vendors_allowing(user, Ability.MEMBERS_MANAGE)
    own = Q(user_id=user.pk, vendor__in=get_vendors_for_user(user))
    members = VendorMember.objects.filter(Q(vendor__in=managed) | own)
    return members.with_active_store().order_by("pk")


def get_invites_for_user(user: "User") -> MemberQuerySet:
    """The invitations to the user's address that wait for an answer, oldest first."""
    waiting = VendorMember.objects.filter(
        invite_status=InviteStatus.PENDING, is_active=True, vendor__is_deleted=False
    )
    invites: MemberQuerySet = waiting.addressed_to(user.email).select_related("vendor")
    return invites.order_by("pk")


def find_invitation(member_id: int) -> VendorMember | None:
    """The invitation with its shop, while it waits for an answer; for the worker."""
    waiting = VendorMember.objects.filter(invite_status=InviteStatus.PENDING, pk=member_id)
    return waiting.select_related("vendor").first()


def get_owned_vendors(user: "User") -> VendorQuerySet:
    """The open shops that are the user's own, oldest first."""
    vendors: VendorQuerySet = Vendor.objects.filter(owner_id=user.pk).order_by("pk")
    return vendors


def get_access_tokens_for_user(user: "User") -> AccessTokenQuerySet:
    """The sign-up tokens, used ones too, of the vendors where the user manages them."""
    managed = get_vendors_allowing(user, Ability.TOKENS_MANAGE)
    tokens: AccessTokenQuerySet = AccessToken.objects.filter(vendor__in=managed)
    return tokens.order_by("-created_at", "-pk")


def find_vendor(reference: str) -> Vendor | None:
    """By slug or id, without regard to who asks: for the command line and staff."""
    found = Vendor.objects.filter(slug=reference).first()
    if found is None and reference.isascii() and reference.isdecimal():
        found = Vendor.objects.filter(pk=int(reference)).first()
    return found
