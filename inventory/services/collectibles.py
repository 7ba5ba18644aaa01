"""Writing: the items of a catalog, one or many."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import ProtectedError

from core.adding import add, deed
from core.audit import AuditEntry, fields_of, log_audit, log_many
from core.enums import AuditType
from core.exceptions import InUse, InvalidInput
from core.fields import validate_attributes
from core.json import merged
from core.rehearsal import Terms
from core.writing import constraint_as, save_changes
from inventory.exceptions import CategoryGone, SkuTaken
from inventory.models import Collectible, CollectibleQuerySet, new_sku
from inventory.selectors import get_category_called, read_item
from inventory.services.categories import CategoryService
from inventory.services.counting import store_of
from inventory.services.ledger import CLOSED, FULL, allow_opening, locked_items, require_open
from inventory.services.many import (
    BulkOutcome,
    by_freedom,
    by_promises,
    changes_of,
    entries_of,
    judged,
    locked_rows,
    refused,
    settled,
    states_of,
)
from inventory.services.stock import Receipt, StockService
from inventory.services.transfers import TransferService
from vendors.selectors import get_settings_of

if TYPE_CHECKING:
    from users.models import User
    from vendors.models import Vendor


AT_ONCE = Terms()
TAKEN = {"item_sku_unique": SkuTaken}
GONE = {"item_category_is_living": CategoryGone}


class ItemDetails(TypedDict, total=False):
    """What else is said of an item. `category` is a name, a slug or an id; None takes it away.

    `attributes` replace what was there, `more_attributes` are set among them, and
    `attributes_patch` is merged into them (RFC 7396).
    """

    sku: str
    description: str
    category: int | str | None
    condition: str
    value: Decimal
    currency: str
    low_stock_threshold: int | None
    is_active: bool
    is_featured: bool
    is_bestseller: bool
    attributes: dict[str, Any]
    more_attributes: dict[str, Any]
    unit_cost: Decimal
    attributes_patch: dict[str, Any]


class ItemChanges(ItemDetails, total=False):
    name: str
    quantity: int


class CollectibleService:
    @staticmethod
    def lock(*, row: Collectible) -> Collectible:
        """Also of a deleted one. Raises `NotFoundError`."""
        return locked_items([row.pk], deleted_too=True)[row.pk]

    @staticmethod
    @constraint_as({**TAKEN, **GONE, **FULL, **CLOSED}, savepoint=False)
    @deed()
    def create(
        *,
        name: str,
        vendor: "Vendor",
        quantity: int = 1,
        by: "User | None" = None,
        **details: Unpack[ItemDetails],
    ) -> Collectible:
        """A new item; a blank SKU becomes `ITEM-…`.

        Currency and threshold of low stock are the vendor's unless given.

        Its quantity is the opening movement in the store where `by` works, at `unit_cost`.

        Raises `SkuTaken`, `InvalidInput` for an id of a category the vendor does not have, and
        `StoreClosed` when somebody closes that store at the same moment.
        """
        values = _with_category(vendor, _with_attributes(details, {}), by)
        values["sku"] = values.get("sku") or new_sku()
        values.setdefault("currency", vendor.currency)
        if "low_stock_threshold" not in values:
            values["low_stock_threshold"] = get_settings_of(vendor).low_stock_threshold
        unit_cost = values.pop("unit_cost", Decimal(0))
        item = Collectible(
            name=name, vendor=vendor, quantity=quantity, created_by=by, updated_by=by, **values
        )
        store = store_of(vendor, by) if quantity else None
        add(item)
        if store:
            allow_opening()
            opening = Receipt(item, store, quantity, unit_cost, item.currency)
            StockService.open(receipts=[opening], by=by)
        action = f"created item “{item.name}”"
        log_audit(AuditType.CATALOG, by, action, obj=item, after=fields_of(item))
        item.pictures = []  # none yet, and so nobody has to ask
        return item

    @staticmethod
    @transaction.atomic
    def update(
        *, collectible: Collectible, by: "User", **changes: Unpack[ItemChanges]
    ) -> Collectible:
        """The item with the changes made. A quantity is a count: it replaces what was thought.

        The difference is made in the store where `by` works. Raises `SkuTaken`, `NotFoundError`
        when the item was deleted meanwhile, `InsufficientStock`, `StoreClosed` and `InvalidInput`.
        """
        item = locked_items([collectible.pk])[collectible.pk]
        if changes.get("quantity", 0) > item.quantity:
            require_open([store_of(item.vendor, by).pk])  # before anything moves the version
        values = _with_category(item.vendor, _with_attributes(changes, item.attributes), by)
        counted = values.pop("quantity", item.quantity)
        if "sku" in values and not values["sku"]:
            values["sku"] = item.sku
        with constraint_as({**TAKEN, **GONE}, savepoint=False):
            changed = save_changes(item, values, by=by)
        if changed:
            action = f"changed item “{item.name}”"
            log_audit(AuditType.CATALOG, by, action, obj=item, **changed.record())
        _count(item, counted, by)
        return read_item(item.pk)

    @staticmethod
    @transaction.atomic
    def delete(*, collectible: Collectible, by: "User") -> None:
        """Raises `InUse` while units of it are promised to somebody."""
        item = locked_items([collectible.pk])[collectible.pk]
        Collectible.objects.filter(pk=item.pk).update(updated_by=by)
        try:
            item.delete()
        except ProtectedError as error:
            raise InUse from error
        log_audit(AuditType.CATALOG, by, f"deleted item “{item.name}”", obj=item)

    @staticmethod
    @transaction.atomic
    def restore(*, collectible: Collectible, by: "User") -> Collectible:
        """With its units within reach: `TransferService.bring_home`. Raises `SkuTaken` when a
        living item has taken the SKU."""
        item = CollectibleService.lock(row=collectible)
        if item.is_deleted:
            TransferService.bring_home(items=[item], by=by)
            _bring_back(item, by)
            log_audit(AuditType.CATALOG, by, f"restored item “{item.name}”", obj=item)
        return read_item(item.pk)

    @staticmethod
    @transaction.atomic
    def bulk_update(
        *,
        items: CollectibleQuerySet,
        ids: Sequence[int],
        updates: ItemChanges,
        by: "User",
        terms: Terms = AT_ONCE,
    ) -> BulkOutcome:
        """Make the same changes to many of `items`, in one transaction.

        An item that cannot take them (its vendor has no such category), or that is at another
        version than the caller expects, is reported and left. Raises `PlanStale`, and
        `CategoryGone` when somebody deletes the category at the same moment.
        """
        found = locked_rows(items, ids, *updates)
        fresh, outcome = judged(found, ids, terms)
        grounds: list[Any] = [states_of(found)]
        entries: list[AuditEntry] = []
        for _vendor, group in groupby(fresh, key=attrgetter("vendor_id")):
            rows = list(group)
            if terms.planned:
                grounds.append(_category_state(rows[0].vendor, updates.get("category")))
            try:
                values = _values_for(rows[0], updates, by)
            except InvalidInput as refusal:
                outcome.errors += refused(rows, refusal)
                continue
            changed = list(changes_of(rows, values))
            if keys := {entry.obj.pk for entry in changed if entry.obj}:
                with constraint_as(GONE, savepoint=False):
                    Collectible.objects.filter(pk__among=keys).update(**values, updated_by=by)
            outcome.done += len(rows)
            entries += changed
        log_many(AuditType.CATALOG, by, entries)
        return settled(outcome, terms, grounds)

    @staticmethod
    @transaction.atomic
    def bulk_delete(
        *, items: CollectibleQuerySet, ids: Sequence[int], by: "User", terms: Terms = AT_ONCE
    ) -> BulkOutcome:
        """Hide many of `items`; `done` counts items, not what hangs on them.

        Those that are promised to somebody, and those at another version than the caller expects,
        are reported and left. Raises `PlanStale`.
        """
        found = locked_rows(items, ids)
        fresh, outcome = judged(found, ids, terms)
        free, promised = by_promises(fresh)
        if free:
            keys = {item.pk for item in free}
            rows: Any = Collectible.objects.filter(pk__among=keys)
            rows.delete(locked=keys, updated_by=by)
        log_many(AuditType.CATALOG, by, entries_of("deleted", free))
        outcome.done = len(free)
        outcome.errors += refused(promised, InUse())
        return settled(outcome, terms, states_of(found))

    @staticmethod
    @transaction.atomic
    def bulk_restore(
        *, items: CollectibleQuerySet, ids: Sequence[int], by: "User", terms: Terms = AT_ONCE
    ) -> BulkOutcome:
        """Bring back many deleted `items`, each as `restore` does.

        Those whose SKU is taken, and those at another version than the caller expects, are
        reported and left. Raises `PlanStale`.
        """
        found = locked_rows(items, ids, "sku")
        fresh, outcome = judged(found, ids, terms)
        free, taken = by_freedom(fresh)
        if free:
            TransferService.bring_home(items=free, by=by)
            rows = Collectible.all_objects.filter(pk__among={item.pk for item in free})
            with constraint_as(TAKEN):
                rows.restore(updated_by=by)
        log_many(AuditType.CATALOG, by, entries_of("restored", free))
        outcome.done = len(free)
        outcome.errors += refused(taken, SkuTaken())
        return settled(outcome, terms, states_of(found))


def _count(item: Collectible, counted: int, by: "User") -> None:
    if counted != item.quantity:
        store = store_of(item.vendor, by)
        difference = Receipt(item, store, counted - item.quantity, currency=item.currency)
        StockService.count(changes=[difference], by=by)
        action = f"counted item “{item.name}”"
        before, after = {"quantity": item.quantity}, {"quantity": counted}
        log_audit(AuditType.STOCK, by, action, obj=item, before=before, after=after)


def _category_state(vendor: "Vendor", reference: int | str | None) -> object:
    """Which category the plan means, as it is, or that it would make one."""
    found = get_category_called(vendor, reference) if reference else None
    return [found.pk, found.version] if found else None


def _with_attributes(details: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Merged here, under the item's lock: two changes of different keys must both stay."""
    values = dict(details)
    more, patch = values.pop("more_attributes", {}), values.pop("attributes_patch", {})
    if more or patch:
        values["attributes"] = merged({**values.get("attributes", before), **more}, patch)
        try:
            validate_attributes(values["attributes"])
        except ValidationError as error:
            raise InvalidInput.of("attributes", error.messages[0], str(error.code)) from error
    return values


def _values_for(item: Collectible, updates: ItemChanges, by: "User") -> Mapping[str, Any]:
    """The updates as they are in the item's shop, which is asked for only if they hang on it."""
    return _with_category(item.vendor, updates, by) if "category" in updates else updates


def _with_category(
    vendor: "Vendor", details: Mapping[str, Any], by: "User | None"
) -> dict[str, Any]:
    values = dict(details)
    reference = values.get("category")
    if isinstance(reference, int) or reference:
        values["category"] = CategoryService.resolve(vendor=vendor, reference=reference, by=by)
    elif "category" in values:
        values["category"] = None
    return values


def _bring_back(item: Collectible, by: "User") -> None:
    with constraint_as(TAKEN):
        Collectible.all_objects.filter(pk=item.pk).update(updated_by=by)
        item.restore()
