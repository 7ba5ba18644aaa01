"""From what lines say to what is wanted: items by id or SKU and lots, in a query for each kind."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from core.exceptions import FieldError, InvalidInput
from inventory.selectors import find_items, get_collectibles_for_user, get_lots_for_user
from inventory.services import StockService
from sales.services.drafting import Wanted

if TYPE_CHECKING:
    from inventory.models import Collectible, StockLot
    from sales.models import Order
    from users.models import User

Said = dict[str, Any]
# From the shop and from ids and SKUs to those of its items that are called so.
_Find = Callable[..., "list[Collectible]"]
_TERMS = ("unit_price", "discount", "tax_rate")


def wanted_of(
    lines: Sequence[Said], *, vendor_id: int, by: "User", order: "Order | None" = None
) -> list[Wanted]:
    """What the lines ask for; a SKU is one of the shop's, and with an item also the one that the
    order knows it by: what was read can be sent back.

    Raises `InvalidInput` naming each line whose item or lot is not there, or not the caller's:
    the two are not told apart.
    """
    known = {(line.item_id, line.sku) for line in order.lines.all()} if order else set()
    return _wanted_of(lines, vendor_id, by, find_items, known)


def locked_wanted(
    lines: Sequence[Said] | Sequence[Wanted], *, vendor_id: int, by: "User"
) -> list[Wanted]:
    """The same with items as they are now, locked in key order until the transaction ends.

    Of lines whose items are known already, raises `NotFoundError` for one that is gone.
    """
    if said := [line for line in lines if not isinstance(line, Wanted)]:
        return _wanted_of(said, vendor_id, by, StockService.lock_named)
    wanted = [line for line in lines if isinstance(line, Wanted)]
    items = StockService.lock(items=[line.item for line in wanted])
    return [replace(line, item=items[line.item.pk]) for line in wanted]


def _wanted_of(
    lines: Sequence[Said], vendor_id: int, by: "User", find: _Find,
    known: Collection[tuple[int, str]] = (),
) -> list[Wanted]:  # fmt: skip
    items, lots = _items(lines, vendor_id, by, find), _lots(lines, by)
    faults = [
        FieldError(f"lines.{place}.{name}", code, text)
        for place, line in enumerate(lines)
        for name, code, text in _faults(line, items, lots, known)
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


def _key(line: Said) -> int | str:
    """The id, where both are said: what was read can be sent back."""
    key: int | str = line["item_id"] if "item_id" in line else line["sku"]
    return key


def _items(
    lines: Sequence[Said], vendor_id: int, by: "User", find: _Find
) -> dict[int | str, "Collectible"]:
    """By id and, those of the shop, by SKU. Another shop's are known, to be refused by name."""
    keys = {_key(line) for line in lines}
    ids = sorted(key for key in keys if isinstance(key, int))
    skus = sorted(key for key in keys if isinstance(key, str))
    own = find(vendor_id=vendor_id, ids=ids, skus=skus)
    items: dict[int | str, Collectible] = {item.pk: item for item in own}
    items |= {item.sku: item for item in own}
    if others := [key for key in ids if key not in items]:
        rows = get_collectibles_for_user(by).filter(pk__in=others)
        items |= {item.pk: item for item in rows}
    return items


def _lots(lines: Sequence[Said], by: "User") -> dict[int | None, "StockLot"]:
    ids = {line["lot_id"] for line in lines if line.get("lot_id")}
    return {lot.pk: lot for lot in get_lots_for_user(by).filter(pk__in=ids)} if ids else {}


def _faults(line: Said, items: Any, lots: Any, known: Any) -> Iterator[tuple[str, str, str]]:
    """Field, code and text of each."""
    item, lot = items.get(_key(line)), line.get("lot_id")
    if item is None:
        name = "item" if "item_id" in line else "sku"
        yield name, "does_not_exist", _("There is no such item.")
    elif (sku := line.get("sku", item.sku)) != item.sku and (item.pk, sku) not in known:
        yield "sku", "mismatch", _("The item has another SKU.")
    if lot and lot not in lots:
        yield "lot", "does_not_exist", _("There is no such lot.")
