"""From what lines say to what is wanted: items by id or SKU and lots, in a query for each kind."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from core.exceptions import FieldError, InvalidInput
from inventory.selectors import find_items, get_collectibles_for_user, get_lots_for_user
from sales.services import Wanted

if TYPE_CHECKING:
    from inventory.models import Collectible, StockLot
    from users.models import User

Said = dict[str, Any]
_TERMS = ("unit_price", "discount", "tax_rate")


def wanted_of(lines: Sequence[Said], *, vendor_id: int, by: "User") -> list[Wanted]:
    """What the lines ask for; a SKU is one of the shop's.

    Raises `InvalidInput` naming each line whose item or lot is not there, or not the caller's:
    the two are not told apart.
    """
    items, lots = _items(lines, vendor_id, by), _lots(lines, by)
    faults = [
        FieldError(f"lines.{place}.{name}", code, text)
        for place, line in enumerate(lines)
        for name, code, text in _faults(line, items, lots)
    ]
    if faults:
        raise InvalidInput(errors=faults)
    return [
        Wanted(
            item=items[_key(line)],
            quantity=line["quantity"],
            lot=lots.get(line.get("lot_id")),
            **{name: line[name] for name in _TERMS if name in line},
        )
        for line in lines
    ]


@contextmanager
def without_lines(flat: bool) -> Iterator[None]:
    """What is wrong with the only line is told as it was said: without `lines.0`."""
    try:
        yield
    except InvalidInput as refusal:
        if not flat:
            raise
        errors = [replace(e, field=e.field.removeprefix("lines.0.")) for e in refusal.errors]
        raise InvalidInput(errors=errors) from refusal


def _key(line: Said) -> int | str:
    """The id, where both are said: what was read can be sent back."""
    key: int | str = line["item_id"] if "item_id" in line else line["sku"]
    return key


def _items(lines: Sequence[Said], vendor_id: int, by: "User") -> dict[int | str, "Collectible"]:
    """By id and, those of the shop, by SKU. Another shop's are known, to be refused by name."""
    keys = {_key(line) for line in lines}
    ids = sorted(key for key in keys if isinstance(key, int))
    own = find_items(vendor_id, ids, sorted(key for key in keys if isinstance(key, str)))
    items: dict[int | str, Collectible] = {item.pk: item for item in own}
    items |= {item.sku: item for item in own}
    if others := [key for key in ids if key not in items]:
        rows = get_collectibles_for_user(by).filter(pk__in=others)
        items |= {item.pk: item for item in rows}
    return items


def _lots(lines: Sequence[Said], by: "User") -> dict[int | None, "StockLot"]:
    ids = {line["lot_id"] for line in lines if line.get("lot_id")}
    return {lot.pk: lot for lot in get_lots_for_user(by).filter(pk__in=ids)} if ids else {}


def _faults(line: Said, items: Any, lots: Any) -> Iterator[tuple[str, str, str]]:
    """Field, code and text of each."""
    item, lot = items.get(_key(line)), line.get("lot_id")
    if item is None:
        name = "item" if "item_id" in line else "sku"
        yield name, "does_not_exist", _("There is no such item.")
    elif line.get("sku", item.sku) != item.sku:
        yield "sku", "mismatch", _("The item has another SKU.")
    if lot and lot not in lots:
        yield "lot", "does_not_exist", _("There is no such lot.")
