"""Quantities of a table, or of a form, as movements: openings, and corrections of what is there."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from core.bulk import add_all
from core.exceptions import FieldError
from inventory.models import MAX_QUANTITY, MONEY_DIGITS, Collectible, ImportJob
from inventory.services.ledger import allow_opening, available_in, require_open
from inventory.services.stock import Receipt, StockService
from vendors.selectors import get_active_store
from vendors.services import VendorService

if TYPE_CHECKING:
    from inventory.services.rows import ItemRow
    from users.models import User
    from vendors.models import Vendor, VendorStore

# More than a lot's cost can be.
TOO_DEAR = 10 ** (MONEY_DIGITS - 2)


def store_of(vendor: "Vendor", by: "User | None") -> "VendorStore":
    """Where somebody works in a shop, else its default store."""
    chosen = get_active_store(by, vendor) if by else None
    return chosen or VendorService.open_default_store(vendor=vendor, by=by)


class Counts:
    """What a chunk of a table says of quantities; `known` are the items as the ledger has them.

    Made under their locks, and before anything of the chunk is written: it locks the store.
    """

    def __init__(
        self, job: ImportJob, known: Iterable[Collectible], rows: Iterable["ItemRow"]
    ) -> None:
        self._job = job
        self._before = {item.sku: item.quantity for item in known}
        self._costs: dict[str, Decimal] = {}
        self._moved: set[str] = set()
        by = job.created_by
        self._store = None if job.dry_run else store_of(job.vendor, by)
        chosen = get_active_store(by, job.vendor) if job.dry_run and by else self._store
        self._free = _free_in(chosen, known)
        if self._store and any(
            row.values.get("quantity", 0) > self._before.get(row.sku, MAX_QUANTITY) for row in rows
        ):
            require_open([self._store.pk])

    def note(self, item: Collectible, quantity: int, unit_cost: Decimal) -> FieldError | None:
        """Take down what a row says of an item; the fault when the ledger would refuse it."""
        gained = quantity - self._before.get(item.sku, 0)
        if gained * unit_cost >= TOO_DEAR:
            return FieldError("unit_cost", "max_value", _("All of them together cost too much."))
        free = self._free.get(item.sku, quantity)
        if -gained > free:
            detail = _("This store has only %(count)s of it to lose.") % {"count": free}
            return FieldError("quantity", "insufficient_stock", detail)
        item.quantity = quantity
        self._costs[item.sku] = unit_cost
        if item.sku in self._before and item.sku not in self._moved:
            self._moved.add(item.sku)
            item.version += 1  # as the database will count, when its stock moves
        return None

    def create(self, new: Sequence[Collectible]) -> None:
        """Add the items; what they start with is their opening movement."""
        if new:
            allow_opening()
            add_all(new)
        openings = [self._change(item, item.quantity) for item in new if item.quantity]
        StockService.open(receipts=openings, by=self._job.created_by)

    def correct(self, items: Iterable[Collectible]) -> None:
        """Make the stock of known items what their rows say."""
        differences = [
            self._change(item, item.quantity - self._before[item.sku])
            for item in items
            if item.quantity != self._before[item.sku]
        ]
        StockService.count(changes=differences, by=self._job.created_by)

    def _change(self, item: Collectible, quantity: int) -> Receipt:
        assert self._store is not None  # noqa: S101 (a rehearsal moves nothing)
        cost = self._costs.get(item.sku, Decimal(0))
        return Receipt(item, self._store, quantity, cost, item.currency)


def _free_in(store: "VendorStore | None", known: Iterable[Collectible]) -> dict[str, int]:
    """How many of each a store could lose, by SKU; of none where there is no store yet."""
    stored = {item.sku: (item.pk, store.pk) for item in known if item.pk and store}
    free = available_in(stored.values())
    return {sku: free[place] for sku, place in stored.items()}
