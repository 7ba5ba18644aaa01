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
from vendors.selectors import get_active_store, get_default_store
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

    `moved` tells, in a rehearsal, by how much earlier chunks changed them, by SKU. Made under the
    items' locks, and before anything of the chunk is written: it locks the store.
    """

    def __init__(
        self,
        job: ImportJob,
        known: Iterable[Collectible],
        rows: Iterable["ItemRow"],
        moved: dict[str, int],
    ) -> None:
        self._job = job
        self._before = {item.sku: item.quantity for item in known}
        self._moved = moved
        self._gains: dict[str, list[tuple[int, Decimal]]] = {}  # units that come in, at what cost
        self._store = None if job.dry_run else store_of(job.vendor, job.created_by)
        self._free = _free_in(self._store or _present_store_of(job), known)
        for sku in moved.keys() & self._before.keys():
            self._free[sku] = self._free.get(sku, 0) + moved[sku]
        if self._store and any(
            row.values.get("quantity", 0) > self._before.get(row.sku, MAX_QUANTITY) for row in rows
        ):
            require_open([self._store.pk])

    def note(self, item: Collectible, quantity: int, unit_cost: Decimal) -> FieldError | None:
        """Take down what a row says of an item; the fault when the ledger would refuse it."""
        change = quantity - self._before.get(item.sku, 0)
        gains = self._gains.get(item.sku, [])
        more = change - sum([units for units, _cost in gains]) if gains else change
        if more * unit_cost >= TOO_DEAR:
            return FieldError("unit_cost", "max_value", _("All of them together cost too much."))
        free = self._free.get(item.sku, 0)
        if -change > free:
            detail = _("This store has only %(count)s of it to lose.") % {"count": free}
            return FieldError("quantity", "insufficient_stock", detail)
        item.quantity = quantity
        if more > 0:
            self._gains[item.sku] = [*gains, (more, unit_cost)]
        elif more < 0:
            _take_back(gains, -more)
        return None

    def create(self, new: Sequence[Collectible]) -> None:
        """Add the items; what they start with is their opening movement."""
        if new:
            allow_opening()
            add_all(new)
        StockService.open(receipts=self._changes(new), by=self._job.created_by)

    def correct(self, items: Iterable[Collectible]) -> None:
        """Make the stock of known items what their rows say."""
        StockService.count(changes=self._changes(items), by=self._job.created_by)

    def rehearse(self, items: Iterable[Collectible]) -> None:
        """Leave the items to later chunks as the database would."""
        for item in items:
            before = self._before.get(item.sku)
            if change := item.quantity - (before or 0):
                self._moved[item.sku] = self._moved.get(item.sku, 0) + change
                item.version += before is not None  # an opening is part of adding the item

    def _changes(self, items: Iterable[Collectible]) -> list[Receipt]:
        assert self._store is not None  # noqa: S101 (a rehearsal moves nothing)
        changes: list[Receipt] = []
        for item in items:
            lost = min(item.quantity - self._before.get(item.sku, 0), 0)
            pieces = [(lost, Decimal(0))] if lost else self._gains.get(item.sku, [])
            changes += [Receipt(item, self._store, *piece, item.currency) for piece in pieces]
        return changes


def _take_back(gains: list[tuple[int, Decimal]], units: int) -> None:
    """Of what rows brought the latest first: a later row corrects the one before it."""
    while gains and units > 0:
        brought, cost = gains.pop()
        if brought > units:
            gains.append((brought - units, cost))
        units -= brought


def _present_store_of(job: ImportJob) -> "VendorStore | None":
    """`store_of` where nothing may be written, and so no store be opened."""
    chosen = get_active_store(job.created_by, job.vendor) if job.created_by else None
    return chosen or get_default_store(job.vendor)


def _free_in(store: "VendorStore | None", known: Iterable[Collectible]) -> dict[str, int]:
    """How many of each a store could lose, by SKU; of none where there is no store yet."""
    stored = {item.sku: (item.pk, store.pk) for item in known if item.pk and store}
    free = available_in(stored.values())
    return {sku: free[place] for sku, place in stored.items()}
