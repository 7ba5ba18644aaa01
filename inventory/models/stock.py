"""The ledger, and what follows from it (why it is so: docs/decisions/0018-stock-ledger.md).

Movements are added and never changed. Levels, what remains of lots, and an item's quantity are
derived from them by the database itself; nothing else can write them.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import CheckConstraint, F, Index, Q, UniqueConstraint
from django.db.models.functions import Now
from django.utils import timezone

from core.fields import CurrencyField
from core.models import AuditedModel
from core.money import CENT
from core.paging import PagedQuerySet
from core.parts import Part
from core.triggers import counts_changes
from inventory.enums import (
    INBOUND,
    OUTBOUND,
    AllocationStatus,
    MovementKind,
    Reason,
    TransferStatus,
)
from inventory.models.catalog import MAX_QUANTITY, Collectible, CollectibleQuerySet
from inventory.triggers import (
    ALLOCATION_TRIGGERS,
    APPEND_ONLY,
    DERIVED,
    LOT_TRIGGERS,
    MOVEMENT_TRIGGERS,
    VALUATION_TRIGGERS,
)
from vendors.selectors import get_stores_with_vendor, get_vendor_ids

if TYPE_CHECKING:
    from users.models import User

MONEY_DIGITS = 20
OPEN = Q(status=AllocationStatus.OPEN)


class LedgerQuerySet(PagedQuerySet[Any]):
    """Rows of one item each."""

    def visible_to(self, user: User) -> LedgerQuerySet:
        """Those of items in the user's vendors; of deleted items too, for history stays."""
        return self.filter(item__vendor__in=get_vendor_ids(user))

    def of_items(self, items: CollectibleQuerySet) -> LedgerQuerySet:
        return self.keyed("item_id", items)

    def of_living_items(self) -> LedgerQuerySet:
        return self.of_items(Collectible.objects.all())

    def low_on_stock(self) -> LedgerQuerySet:
        """Those of items at their threshold or below, over all stores."""
        return self.of_items(Collectible.all_objects.low_on_stock())

    def well_stocked(self) -> LedgerQuerySet:
        return self.of_items(Collectible.all_objects.well_stocked())


class StoredQuerySet(LedgerQuerySet):
    """Rows of one store each."""

    kept_in = "store"

    def visible_to(self, user: User) -> StoredQuerySet:
        """By their stores, which are those of the items' vendors: each has an index."""
        stores = get_stores_with_vendor(user)
        parts = [Part(Q(**{self.kept_in: key}), vendor_id) for key, vendor_id in stores]
        return self.in_parts(Q(**{f"{self.kept_in}__in": [key for key, _ in stores]}), parts)


class TransferQuerySet(StoredQuerySet):
    kept_in = "from_store"


class MovementQuerySet(LedgerQuerySet):
    def visible_to(self, user: User) -> MovementQuerySet:
        """As of others, and each vendor's are read off its own index."""
        return self.of_vendors(get_vendor_ids(user))


def _money(**options: Any) -> models.DecimalField[Any, Any]:
    """An amount to the cent, up to what a vendor's whole stock may have cost."""
    return models.DecimalField(max_digits=MONEY_DIGITS, decimal_places=2, **options)


def _item(**options: Any) -> models.ForeignKey[Any, Any]:
    return models.ForeignKey(Collectible, on_delete=models.PROTECT, **options)


def _store(**options: Any) -> models.ForeignKey[Any, Any]:
    return models.ForeignKey("vendors.VendorStore", on_delete=models.PROTECT, **options)


class StockLevel(models.Model):
    """How many of an item a store has, and how many of those are promised."""

    item = _item(related_name="levels", db_index=False)
    store = _store(related_name="+", db_index=False)
    on_hand = models.PositiveIntegerField(default=0)
    allocated = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    # Units of a store that is closed could not be named any more, nor moved out of it.
    blocks_deletion = {"store": Q(on_hand__gt=0, item__is_deleted=False)}
    objects = models.Manager.from_queryset(StoredQuerySet)()

    class Meta:
        constraints = [
            UniqueConstraint(fields=["item", "store"], name="level_once"),
            CheckConstraint(condition=Q(on_hand__lte=MAX_QUANTITY), name="level_sane"),
            CheckConstraint(
                condition=Q(allocated__lte=F("on_hand")), name="level_not_overpromised"
            ),
        ]
        # With all that a page is found by: else the other index is read, through all other shops'.
        indexes = [Index(fields=["store", "item", "id"], name="level_of_store")]
        triggers = [DERIVED]

    def __str__(self) -> str:
        return f"{self.on_hand} of {self.item_id} in {self.store_id}"

    @property
    def available(self) -> int:
        return self.on_hand - self.allocated


class StockLot(models.Model):
    """Units that came in together, at one cost. `cost` is what they all cost, landed.

    `remaining` and `remaining_cost` are derived: whole cents leave with the units, so that cost
    in is cost out plus cost left, whatever happens.
    """

    item = _item(related_name="lots", db_index=False)
    store = _store(related_name="+", db_index=False)
    received = models.PositiveIntegerField(
        validators=[MinValueValidator(1), MaxValueValidator(MAX_QUANTITY)]
    )
    unit_cost = models.DecimalField(
        max_digits=14, decimal_places=2, validators=[MinValueValidator(Decimal(0))],
        help_text="As bought, without landed costs.",
    )  # fmt: skip
    landed_costs = models.JSONField(default=list, help_text="[{kind, amount}] for the whole lot.")
    cost = _money(help_text="Of all units, with landed costs.")
    currency = CurrencyField()
    remaining = models.PositiveIntegerField(default=0)
    remaining_cost = _money(default=Decimal(0))
    received_at = models.DateTimeField(
        default=timezone.now, help_text="FIFO goes by this; a transfer keeps it."
    )
    reference = models.CharField(max_length=100, blank=True)
    origin = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="+",
        help_text="The lot that the units were in before a transfer.",
    )  # fmt: skip

    objects = models.Manager.from_queryset(StoredQuerySet)()

    class Meta:
        constraints = [
            CheckConstraint(
                condition=Q(received__gt=0, unit_cost__gte=0, cost__gte=0), name="lot_sane"
            ),
            CheckConstraint(
                condition=Q(remaining__lte=F("received"), remaining_cost__lte=F("cost")),
                name="lot_not_overfull",
            ),
            CheckConstraint(
                condition=Q(remaining_cost__gte=0) & (Q(remaining__gt=0) | Q(remaining_cost=0)),
                name="lot_cost_goes_with_units",
            ),
        ]
        indexes = [
            Index(
                fields=["item", "store", "received_at", "id"],
                condition=Q(remaining__gt=0),
                name="lot_fifo",
            ),
            Index(fields=["item", "-received_at", "-id"], name="lot_newest"),
            Index(fields=["store", "-received_at", "-id"], name="lot_of_store"),
        ]
        triggers = LOT_TRIGGERS

    def __str__(self) -> str:
        return f"{self.remaining} of {self.received}, {self.received_at:%Y-%m-%d}"

    @property
    def landed_unit_cost(self) -> Decimal:
        """Rounded; the exact figure is `cost`."""
        return (self.cost / self.received).quantize(CENT, ROUND_HALF_UP)


class StockTransfer(AuditedModel):
    """Units on their way from one store to another; those in transit are in no store's level."""

    item = _item(related_name="transfers")
    from_store = _store(related_name="+", db_index=False)
    to_store = _store(related_name="+")
    quantity = models.PositiveIntegerField(validators=[MinValueValidator(1)])
    status = models.CharField(
        max_length=10, choices=TransferStatus.choices, default=TransferStatus.IN_TRANSIT
    )
    reference = models.CharField(max_length=100, blank=True)
    received_at = models.DateTimeField(null=True)

    blocks_deletion = {"to_store": Q(status=TransferStatus.IN_TRANSIT)}
    objects = models.Manager.from_queryset(TransferQuerySet)()

    class Meta:
        constraints = [
            CheckConstraint(condition=Q(quantity__gt=0), name="transfer_sane"),
            CheckConstraint(
                condition=~Q(from_store=F("to_store")), name="transfer_between_two_stores"
            ),
        ]
        indexes = [
            Index(
                fields=["item"],
                condition=Q(status=TransferStatus.IN_TRANSIT),
                name="transfer_in_transit",
            ),
            Index(fields=["from_store", "-created_at", "-id"], name="transfer_of_store"),
        ]
        triggers = [counts_changes()]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.item_id}, {self.get_status_display()}"

    @property
    def audited_vendor_id(self) -> int:
        return self.item.vendor_id


class StockMovement(models.Model):
    """One change of one lot. `cost` is what the units cost, with the sign of the quantity.

    `sequence`, `vendor`, `recorded_at` and `digest` are written by the database: each digest
    covers the row and the digest before it, so that a row changed behind our back is found.
    """

    item = _item(related_name="movements", db_index=False)
    store = _store(related_name="+")
    lot = models.ForeignKey(StockLot, on_delete=models.PROTECT, related_name="movements")
    vendor = models.ForeignKey(
        "vendors.Vendor", on_delete=models.PROTECT, related_name="+", db_index=False, db_default=0
    )
    kind = models.CharField(max_length=12, choices=MovementKind.choices)
    quantity = models.IntegerField()
    cost = _money(default=Decimal(0))
    reason = models.CharField(max_length=10, choices=Reason.choices, blank=True)
    reference = models.CharField(max_length=100, blank=True)
    note = models.CharField(max_length=500, blank=True)
    origin = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="answers",
        help_text="What a return gives back, a correction takes back, a transfer in receives.",
    )  # fmt: skip
    transfer = models.ForeignKey(
        StockTransfer, on_delete=models.PROTECT, null=True, related_name="movements"
    )
    # The id of then, as in the audit log: a key would have to change rows.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.DO_NOTHING, db_constraint=False,
        db_index=False, null=True, related_name="+",
    )  # fmt: skip
    occurred_at = models.DateTimeField(default=timezone.now)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    sequence = models.PositiveIntegerField(db_default=0, editable=False)
    digest = models.CharField(max_length=64, db_default="", editable=False)

    objects = models.Manager.from_queryset(MovementQuerySet)()

    class Meta:
        constraints = [
            UniqueConstraint(fields=["item", "sequence"], name="movement_in_sequence"),
            UniqueConstraint(
                fields=["origin"],
                condition=Q(kind=MovementKind.CORRECTION),
                name="movement_corrected_once",
            ),
            CheckConstraint(
                condition=(Q(kind__in=INBOUND, quantity__gt=0, cost__gte=0))
                | (Q(kind__in=OUTBOUND, quantity__lt=0, cost__lte=0))
                | (
                    ~Q(kind__in=[*INBOUND, *OUTBOUND])
                    & (Q(quantity__gt=0, cost__gte=0) | Q(quantity__lt=0, cost__lte=0))
                ),
                name="movement_sign_of_kind",
            ),
        ]
        indexes = [
            Index(fields=["vendor", "-occurred_at", "-id"], name="movement_newest"),
            Index(fields=["vendor", "recorded_at", "id"], name="movement_by_recorded_at"),
            Index(
                fields=["item", "store", "occurred_at"],
                include=["quantity", "cost", "recorded_at"],
                name="movement_as_of",
            ),
            Index(fields=["reference"], condition=~Q(reference=""), name="movement_reference"),
        ]
        triggers = MOVEMENT_TRIGGERS

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.quantity:+}"

    @property
    def unit_cost(self) -> Decimal:
        """Rounded; the exact figure is `cost`, which has the sign of `quantity`, or is nothing."""
        return abs(self.cost / self.quantity).quantize(CENT, ROUND_HALF_UP)


class Allocation(models.Model):
    """Units of a store that are promised to somebody, for a time."""

    item = _item(related_name="allocations")
    store = _store(related_name="+")
    quantity = models.PositiveIntegerField(validators=[MinValueValidator(1)])
    status = models.CharField(
        max_length=8, choices=AllocationStatus.choices, default=AllocationStatus.OPEN
    )
    reference = models.CharField(max_length=100)
    expires_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    closed_at = models.DateTimeField(null=True)

    blocks_deletion = {"item": OPEN}
    objects = models.Manager.from_queryset(LedgerQuerySet)()

    class Meta:
        constraints = [
            CheckConstraint(condition=Q(quantity__gt=0), name="allocation_sane"),
            CheckConstraint(
                condition=(OPEN & Q(closed_at=None)) | (~OPEN & Q(closed_at__isnull=False)),
                name="allocation_closed_once",
            ),
        ]
        indexes = [
            Index(fields=["expires_at"], condition=OPEN, name="allocation_expiring"),
            Index(fields=["reference"], name="allocation_reference"),
        ]
        triggers = ALLOCATION_TRIGGERS

    def __str__(self) -> str:
        return f"{self.quantity} of {self.item_id} for {self.reference}"


class Valuation(models.Model):
    """What an item was worth on the market at a time, by some source; each unit of it."""

    item = _item(related_name="valuations", db_index=False)
    amount = models.DecimalField(
        max_digits=14, decimal_places=2, validators=[MinValueValidator(Decimal(0))]
    )
    currency = CurrencyField()
    source = models.CharField(max_length=60)
    valued_at = models.DateTimeField(default=timezone.now)
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.DO_NOTHING, db_constraint=False,
        db_index=False, null=True, related_name="+",
    )  # fmt: skip

    objects = models.Manager.from_queryset(LedgerQuerySet)()

    class Meta:
        constraints = [CheckConstraint(condition=Q(amount__gte=0), name="valuation_not_negative")]
        indexes = [
            Index(
                fields=["item", "-valued_at", "-id"],
                include=["amount", "currency", "recorded_at"],
                name="valuation_newest",
            ),
            Index(fields=["valued_at", "item"], name="valuation_by_time"),
        ]
        triggers = [APPEND_ONLY, *VALUATION_TRIGGERS]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} ({self.source})"
