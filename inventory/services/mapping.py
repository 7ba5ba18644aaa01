"""Which column of a table is which field of an item."""

import re
from collections.abc import Iterable, Mapping, Sequence

from django.utils.translation import gettext as _

from inventory.exceptions import FileRefused
from inventory.selectors import EXPORT_HEADER

# In order of preference: where two headings mean the same field, the earlier word wins.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "name": ("name", "title", "itemname", "productname", "item", "product"),
    "sku": (
        "sku", "itemsku", "itemnumber", "number", "setnumber", "partnumber", "itemcode", "code",
        "reference", "ref",
    ),
    "category": ("category", "categoryname", "theme", "collection", "type"),
    "value": (
        "value", "marketvalue", "estimatedvalue", "price", "retailprice", "unitprice", "worth",
    ),
    "quantity": ("quantity", "qty", "onhand", "stock", "stockquantity", "units", "count"),
    "unit_cost": (
        "unitcost", "cost", "costprice", "purchaseprice", "pricepaid", "paid", "buyprice",
    ),
    "condition": ("condition", "state"),
    "currency": ("currency", "currencycode"),
    "description": ("description", "details", "notes", "comment", "comments"),
    "low_stock_threshold": ("lowstockthreshold", "reorderpoint", "minimumquantity"),
    "is_active": ("active", "isactive"),
    "is_featured": ("featured", "isfeatured"),
    "is_bestseller": ("bestseller", "isbestseller"),
    "attributes": ("attributes",),
    "version": ("version",),
}  # fmt: skip
# What an export tells and an import cannot set.
_IGNORED = {"createdat", "updatedat"}
_ATTRIBUTE = "attributes."


def column_names(header: Sequence[str]) -> list[str]:
    """The headings, each once: `Notes`, `Notes (2)`; an unnamed column stays ''."""
    names: list[str] = []
    for heading in header:
        name, number = heading, 2
        while name and name in names:
            name, number = f"{heading} ({number})", number + 1
        names.append(name)
    return names


def choose_targets(
    columns: Sequence[str], given: Mapping[str, str | None]
) -> dict[str, str | None]:
    """The target of every named column: a field, `attributes.<key>`, or None (left out).

    What `given` does not say is guessed from the headings; what no field is meant by becomes an
    attribute. Raises `FileRefused` for a mapping that does not fit the table.
    """
    _require_fitting(columns, given)
    targets: dict[str, str | None] = dict(given)
    claimed = {target for target in given.values() if target}
    words = {column: _word(column) for column in columns if column and column not in given}
    # Elsewhere a version is what collectors call one: foil, first edition.
    exported = {*EXPORT_HEADER} <= {*columns}
    for field, synonyms in SYNONYMS.items():
        if field in claimed or (field == "version" and not exported):
            continue
        by_preference = (c for synonym in synonyms for c, word in words.items() if word == synonym)
        column = next((c for c in by_preference if c not in targets), None)
        if column is not None:
            targets[column] = field
    for column, word in words.items():
        targets.setdefault(column, None if word in _IGNORED else f"{_ATTRIBUTE}{column}"[:110])
    _require_distinct(targets.values())
    if not {"name", "sku"} & set(targets.values()):
        raise FileRefused(
            _("No column holds the name or the SKU: say which, in the mapping."), "mapping"
        )
    return {column: targets[column] for column in columns if column}


def _word(heading: str) -> str:
    return re.sub(r"[\W_]+", "", heading.lower())


def _require_fitting(columns: Sequence[str], given: Mapping[str, str | None]) -> None:
    for column, target in given.items():
        if column not in columns or not column:
            raise FileRefused(_("The file has no column “%(name)s”.") % {"name": column}, "mapping")
        key = target.removeprefix(_ATTRIBUTE) if target and target.startswith(_ATTRIBUTE) else ""
        if target is not None and target not in SYNONYMS and not 0 < len(key) <= 100:
            raise FileRefused(_("An item has no field “%(name)s”.") % {"name": target}, "mapping")


def _require_distinct(targets: Iterable[str | None]) -> None:
    chosen = [target for target in targets if target]
    if twice := {target for target in chosen if chosen.count(target) > 1}:
        text = _("Two columns are mapped to “%(name)s”.") % {"name": min(twice)}
        raise FileRefused(text, "mapping")
