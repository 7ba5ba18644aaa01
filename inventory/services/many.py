"""Many items at once: how they are chosen, locked and judged, and what became of each."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from operator import attrgetter
from typing import Any

from core.audit import AuditEntry
from core.exceptions import ConflictError, InvalidInput
from core.rehearsal import Terms
from core.writing import differing
from inventory.exceptions import StaleVersion
from inventory.models import Allocation, Collectible, CollectibleQuerySet


@dataclass
class BulkOutcome:
    """What became of the ids: `done`, `missing` (not there or not yours), `errors` by id."""

    done: int = 0
    missing: list[int] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    plan: str = ""


def locked_rows(items: CollectibleQuerySet, ids: Iterable[int], *columns: str) -> list[Collectible]:
    """Locked in key order, as everywhere: calls in opposite order must not wait for each other.

    Returned vendor by vendor for the same reason: writing locks each vendor's catalog version.
    Rows that point to them can be added meanwhile, in any order: those of an order's lines.
    They have these columns and those by which all are judged and told: a thousand are read faster
    without the others. With a category comes the vendor who is to have it.
    """
    chosen = items.filter(pk__among={*ids}).prefetch_related(None).select_related(None)
    chosen = chosen.select_related("vendor") if "category" in columns else chosen
    rows = chosen.only("vendor", "name", "version", *columns).order_by("pk")
    locked = rows.select_for_update(of=["self"], no_key=True)
    return sorted(locked, key=attrgetter("vendor_id"))


def by_freedom(deleted: Sequence[Collectible]) -> tuple[list[Collectible], list[Collectible]]:
    """Those that can come back, and those whose SKU a living item has, or one before them."""
    wanted = {(item.vendor_id, item.sku) for item in deleted}
    living = Collectible.objects.filter(
        vendor_id__in={vendor for vendor, _sku in wanted}, sku__in={sku for _vendor, sku in wanted}
    )
    used = set(living.values_list("vendor_id", "sku"))
    free: list[Collectible] = []
    taken: list[Collectible] = []
    for item in deleted:
        key = (item.vendor_id, item.sku)
        (taken if key in used else free).append(item)
        used.add(key)
    return free, taken


def by_promises(items: Sequence[Collectible]) -> tuple[list[Collectible], list[Collectible]]:
    """Those that can go, and those of which somebody is promised units."""
    keys = {item.pk for item in items}
    held = Allocation.objects.filter(Allocation.blocks_deletion["item"], item__among=keys)
    promised = set(held.values_list("item_id", flat=True))
    free = [item for item in items if item.pk not in promised]
    return free, [item for item in items if item.pk in promised]


def judged(
    found: Sequence[Collectible], ids: Iterable[int], terms: Terms
) -> tuple[list[Collectible], BulkOutcome]:
    """Those at the version that the caller expects, if any; the others stand in the outcome."""
    fresh: list[Collectible] = []
    stale: list[Collectible] = []
    for item in found:
        expected = terms.versions.get(item.pk, item.version)
        (fresh if expected == item.version else stale).append(item)
    detail = str(StaleVersion.detail)
    errors = [
        {"id": item.pk, "code": StaleVersion.code, "detail": detail, "version": item.version}
        for item in sorted(stale, key=attrgetter("pk"))
    ]
    return fresh, BulkOutcome(missing=_missing(ids, found), errors=errors)


def settled(outcome: BulkOutcome, terms: Terms, grounds: object) -> BulkOutcome:
    outcome.plan = terms.settle([asdict(outcome), grounds])
    return outcome


def states_of(found: Iterable[Collectible]) -> list[tuple[int, int]]:
    return [(item.pk, item.version) for item in found]


def _missing(ids: Iterable[int], found: Iterable[Collectible]) -> list[int]:
    return sorted(set(ids) - {item.pk for item in found})


def refused(
    rows: Iterable[Collectible], refusal: InvalidInput | ConflictError
) -> list[dict[str, Any]]:
    error = refusal.errors[0] if refusal.errors else refusal
    return [{"id": item.pk, "code": error.code, "detail": str(error.detail)} for item in rows]


def entries_of(verb: str, items: Iterable[Collectible]) -> list[AuditEntry]:
    return [AuditEntry(f"{verb} item “{item.name}”", item) for item in items]


def changes_of(items: Iterable[Collectible], values: Mapping[str, Any]) -> Iterator[AuditEntry]:
    """What the values change of each item; those that have them already are passed over."""
    category = (
        {"category_id": getattr(values["category"], "pk", None)} if "category" in values else {}
    )
    plain = {name: value for name, value in values.items() if name != "category"} | category
    for item in items:
        if changed := differing(item, plain):
            yield AuditEntry(f"changed item “{item.name}”", item, **changed.record())
