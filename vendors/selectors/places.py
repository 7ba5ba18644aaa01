"""Reading: where somebody is about to write. One query tells all that a write asks of the shop."""

from typing import TYPE_CHECKING, Any

from django.db.models import Case, Exists, FilteredRelation, OuterRef, Q, When

from core.exceptions import ForbiddenError
from core.prepared import prepared
from vendors.exceptions import NoVendor
from vendors.models import StoreChoice, Vendor, VendorStore
from vendors.roles import Ability, roles_with
from vendors.selectors.settings import with_settings
from vendors.selectors.shops import get_vendors_for_user

if TYPE_CHECKING:
    from users.models import User


def choose_vendor(user: "User", named: Vendor | None, ability: Ability) -> Vendor:
    """The vendor that is named, else the one the user works in.

    It is read with what is settled there and with the store where the user works, for
    `get_settings_of` and `get_active_store`. Raises `NoVendor`, and `ForbiddenError` when the
    user's role there may not do this.
    """
    chosen = user.active_vendor_id or 0
    found = _named(user.pk, named.pk) if named else _by_choice(user.pk, chosen)
    if not (found or named):
        raise NoVendor
    if not found or found[0].role not in roles_with(ability):
        raise ForbiddenError
    vendor: Vendor = found[0]
    vendor.read_for = user.pk  # type: ignore[attr-defined]
    return vendor


def get_active_store(user: "User", vendor: Vendor) -> VendorStore | None:
    """The store the user has chosen in this vendor, else its default one."""
    if vars(vendor).get("read_for") == user.pk:
        place = getattr(vendor, "place", None)
        return place if place and (vendor.chosen or place.is_default) else None  # type: ignore[attr-defined]
    return next(iter(_chosen_store(user.pk, vendor.pk)), None)


@prepared
def _by_choice(user: Any, chosen: Any) -> Any:
    order = Case(When(pk=chosen, then=0), When(owner_id=user, then=1), default=2)
    return _with_places(user).order_by(order, "pk", *_STORES)[:1]


@prepared
def _named(user: Any, vendor: Any) -> Any:
    return _with_places(user).filter(pk=vendor).order_by(*_STORES)[:1]


# The chosen store comes first, then the default one; each shop comes once for each store.
_STORES = ("-chosen", "-place__is_default", "place__pk")


def _with_places(user: Any) -> Any:
    working = Q(stores__is_deleted=False, stores__is_active=True)
    shops = get_vendors_for_user(user).with_role_of(user)
    shops = shops.annotate(place=FilteredRelation("stores", condition=working))
    chosen = Exists(_choices(user, "place__pk"))
    return with_settings(shops).select_related("place").annotate(chosen=chosen)


@prepared
def _chosen_store(user: Any, vendor: Any) -> Any:
    stores = VendorStore.objects.filter(vendor=vendor, is_active=True)
    stores = stores.annotate(chosen=Exists(_choices(user, "pk")))
    return stores.filter(Q(chosen=True) | Q(is_default=True)).order_by("-chosen", "pk")[:1]


def _choices(user: Any, store: str) -> Any:
    return StoreChoice.objects.filter(user_id=user, store_id=OuterRef(store))
