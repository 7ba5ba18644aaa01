"""What rows of a table do to a catalog: one plan, whether it is carried out or only reported."""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from core.bulk import add_all, write_all
from core.exceptions import FieldError
from core.fields import validate_attributes
from core.writing import free_slug
from inventory.enums import Repeated, RowOutcome
from inventory.exceptions import StaleVersion
from inventory.models import MAX_SKU, Category, Collectible, ImportJob, ImportRow, new_sku
from inventory.selectors import get_category_called
from inventory.services.categories import CategoryService
from inventory.services.counting import Counts
from inventory.services.promises import keeps, state_of
from inventory.services.rows import ItemRow
from vendors.selectors import ShopSettings, get_shop_settings

_WRITTEN = [
    "name", "description", "category", "condition", "value", "currency",
    "low_stock_threshold", "is_active", "is_featured", "is_bestseller", "attributes",
    "updated_by", "updated_at",
]  # fmt: skip


class Planner:
    """Takes a job's rows chunk by chunk and remembers what earlier chunks said."""

    def __init__(self, job: ImportJob) -> None:
        self.job = job
        self._lines: dict[str, int] = {}  # SKU → the line that used it first
        self._suffixes: dict[str, int] = {}  # SKU → the next number to try
        self._categories: tuple[dict[str, Category], dict[str, Category]] | None = None
        self._rehearsed: dict[str, Collectible] = {}  # in a dry run: items as they would be
        self._moved: dict[str, int] = {}  # and by how much their stock would have changed
        self._promised: dict[int, str] = {}  # line → what it had found in the rehearsal

    def settle_skus(self, rows: list[ItemRow]) -> None:
        """Decide what a SKU that occurred before in this file means. Call once per chunk."""
        for row in rows:
            if not row.sku or row.errors:
                continue
            first = self._lines.setdefault(row.sku, row.line)
            if first == row.line or self.job.repeated == Repeated.UPDATE:
                continue
            if self.job.repeated == Repeated.SUFFIX and (suffixed := self._suffixed(row.sku)):
                row.sku = suffixed
                self._lines[suffixed] = row.line
            else:
                detail = _("SKU %(sku)s is on line %(line)s already.")
                said = detail % {"sku": row.sku, "line": first}
                row.errors.append(FieldError("sku", "repeated_sku", said))

    def _suffixed(self, sku: str) -> str:
        """`80035-2`, or the next one that is free; empty when that is too long for a SKU."""
        number = self._suffixes.get(sku, 2)
        while f"{sku}-{number}" in self._lines:
            number += 1
        self._suffixes[sku] = number + 1
        suffixed = f"{sku}-{number}"
        return suffixed if len(suffixed) <= MAX_SKU else ""

    def apply(self, rows: list[ItemRow]) -> Counter[str]:
        """Write the chunk (a dry run: only its outcomes); returns how many rows came to what."""
        if not self.job.dry_run:  # what a rolled back attempt made is not there
            self._categories = self._own_categories() if any(row.category for row in rows) else None
        known = self._known({row.sku for row in rows if row.sku})
        self._promised = self._promises(rows)
        new: list[Collectible] = []
        changed: dict[str, Collectible] = {}
        self._counts = Counts(self.job, list(known.values()), rows, self._moved)
        results = [self._judge(row, known, new, changed) for row in rows]
        if self.job.dry_run:
            self._counts.rehearse(known.values())
            self._rehearsed |= known
            for result in results:
                if result.collectible and result.collectible.pk is None:
                    result.collectible = None
        else:
            self._counts.create(new)
            made = {item.pk for item in new}
            old = [item for item in changed.values() if item.pk not in made]
            write_all(old, _WRITTEN)
            self._counts.correct(old)
        add_all(results, keyed=False)
        return Counter(result.outcome for result in results)

    def _known(self, skus: set[str]) -> dict[str, Collectible]:
        rows = Collectible.objects.filter(vendor_id=self.job.vendor_id, sku__in=skus)
        rows = rows.select_related("category")
        if not self.job.dry_run:
            rows = rows.select_for_update(of=["self"], no_key=True)
        living = {item.sku: item for item in rows.order_by("pk")}
        return living | {sku: item for sku, item in self._rehearsed.items() if sku in skus}

    def _judge(
        self,
        row: ItemRow,
        known: dict[str, Collectible],
        new: list[Collectible],
        changed: dict[str, Collectible],
    ) -> ImportRow:
        item = known.get(row.sku) if row.sku else None
        found = state_of(item)
        # Not the row's own: what is wrong in an attempt that is rolled back may then be no more.
        errors = [*row.errors] or self._objections(row, item)
        values = self._values(row, item, errors)
        unit_cost = values.pop("unit_cost", Decimal(0))
        if errors:
            return self._result(row, RowOutcome.FAILED, found, errors=errors)
        if item is None:
            result, added = self._added(row, values, unit_cost)
            known |= {item.sku: item for item in added}
            new += added
            return result
        differing = {name: value for name, value in values.items() if getattr(item, name) != value}
        if not differing:
            return self._result(row, RowOutcome.UNCHANGED, found, item)
        if "quantity" in differing and (
            fault := self._counts.note(item, differing["quantity"], unit_cost)
        ):
            return self._result(row, RowOutcome.FAILED, found, errors=[fault])
        for name, value in differing.items():
            setattr(item, name, value)
        if item.sku not in changed:
            item.version += 1  # as the database will count: once for the chunk
        item.updated_at, item.updated_by = timezone.now(), self.job.created_by
        changed[item.sku] = item
        return self._result(row, RowOutcome.UPDATED, found, item)

    def _added(
        self, row: ItemRow, values: dict[str, Any], unit_cost: Decimal
    ) -> tuple[ImportRow, list[Collectible]]:
        """What became of a row that no item is there for, and the item that is one now."""
        quantity = values.pop("quantity", 1)
        item = self._new_item(row, values)
        if fault := self._counts.note(item, quantity, unit_cost):
            return self._result(row, RowOutcome.FAILED, state_of(None), errors=[fault]), []
        return self._result(row, RowOutcome.CREATED, state_of(None), item), [item]

    def _objections(self, row: ItemRow, item: Collectible | None) -> list[FieldError]:
        """Why the row cannot be done to the item, or to none, as it is there now."""
        promised = self._promised.get(row.line)
        moved = promised is not None and not keeps(promised, state_of(item))
        if moved or (row.version is not None and (item is None or item.version != row.version)):
            return [FieldError("version", StaleVersion.code, str(StaleVersion.detail))]
        if item is None and "name" not in row.values:
            return [FieldError("name", "required", _("A new item needs a name."))]
        return []

    def _promises(self, rows: list[ItemRow]) -> dict[int, str]:
        """What each row had found in the rehearsal, where the job follows one."""
        if self.job.rehearsal_id is None:
            return {}
        theirs = ImportRow.objects.filter(
            job_id=self.job.rehearsal_id, line__in=[row.line for row in rows]
        )
        return dict(theirs.values_list("line", "found"))

    def _result(
        self,
        row: ItemRow,
        outcome: RowOutcome,
        found: str,
        item: Collectible | None = None,
        errors: Iterable[FieldError] = (),
    ) -> ImportRow:
        # A rehearsal does not tell the SKU that a new item would get: it will be another one.
        sku = row.sku if self.job.dry_run or item is None else item.sku
        return ImportRow(
            job_id=self.job.pk,
            line=row.line,
            sku=sku,
            outcome=outcome,
            errors=[vars(error) for error in errors],
            found=found,
            collectible=item,
        )

    def _values(
        self, row: ItemRow, item: Collectible | None, errors: list[FieldError]
    ) -> dict[str, Any]:
        values = dict(row.values)
        if row.attributes:
            values["attributes"] = {**(item.attributes if item else {}), **row.attributes}
            try:
                validate_attributes(values["attributes"])
            except ValidationError as error:
                errors.append(FieldError("attributes", str(error.code), error.messages[0]))
        if row.category and not errors:
            # By id: two objects of one category, or a rehearsed one, compare as they should.
            category = self._category(row.category)
            values["category" if category.pk is None else "category_id"] = category.pk or category
        return values

    def _new_item(self, row: ItemRow, values: dict[str, Any]) -> Collectible:
        values.setdefault("currency", self.job.vendor.currency)
        values.setdefault("low_stock_threshold", self._settings.low_stock_threshold)
        by = self.job.created_by_id
        # By ids: to set a key to a row costs as much as all the rest.
        return Collectible(
            vendor_id=self.job.vendor_id,
            sku=row.sku or new_sku(),
            created_by_id=by,
            updated_by_id=by,
            **values,
        )

    @cached_property
    def _settings(self) -> ShopSettings:
        return get_shop_settings(self.job.vendor_id)

    def _category(self, name: str) -> Category:
        """Read once per chunk; a new name makes a category (in a dry run: a rehearsed one)."""
        vendor = self.job.vendor
        if self._categories is None:
            self._categories = self._own_categories()
        named, slugged = self._categories
        # As the service finds them: by slug where no name is like it.
        known = named.get(name) or named.get(name.lower()) or slugged.get(name)
        if known is None:
            known = named[name] = (
                get_category_called(vendor, name) or self._rehearsed_category(name, slugged)
                if self.job.dry_run
                else CategoryService.resolve(vendor=vendor, reference=name, by=self.job.created_by)
            )
            named.setdefault(known.name.lower(), known)
            slugged.setdefault(known.slug, known)
        return known

    def _own_categories(self) -> tuple[dict[str, Category], dict[str, Category]]:
        """By name and by slug. Locked, and before the items, as who deletes one does: it is not
        gone when the chunk's items are in it."""
        rows = Category.objects.filter(vendor=self.job.vendor).order_by("pk")
        own = list(rows if self.job.dry_run else rows.select_for_update(no_key=True))
        # As it is written goes first: Python and the database differ on some capitals.
        named = {category.name.lower(): category for category in own}
        named |= {category.name: category for category in own}
        return named, {category.slug: category for category in own}

    def _rehearsed_category(self, name: str, taken: Iterable[str]) -> Category:
        """As it would be made: a later row may call it by its slug."""
        own = Category.objects.filter(vendor=self.job.vendor)
        slug = free_slug(name, own, fallback="category", besides=taken)
        return Category(name=name, vendor=self.job.vendor, slug=slug)
