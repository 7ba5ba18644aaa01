"""What an order's lines are, and what they come to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypedDict

from django.utils.translation import gettext as _

from core.adding import drawn_now
from core.exceptions import InvalidInput
from sales.models import Customer, Order, OrderLine
from sales.services.checking import require_valid
from sales.services.numbering import next_number
from sales.services.pricing import Terms, price
from vendors.selectors import get_settings_of

if TYPE_CHECKING:
    from inventory.models import Collectible, StockLot
    from vendors.models import VendorStore

# What may still be said when the terms are agreed: it changes nobody's price.
ALWAYS = {
    "channel", "fees", "gift_message", "is_gift", "notes", "postage", "preferred_delivery_date",
}  # fmt: skip
AMOUNTS = ("discount", "fees", "postage")
# More than anybody pays, and little enough that sums of it fit their columns.
MAX_AMOUNT = Decimal(10) ** 14


class OrderDetails(TypedDict, total=False):
    customer: Customer | None
    channel: str
    notes: str
    is_gift: bool
    gift_message: str
    preferred_delivery_date: date | None
    discount: Decimal
    fees: Decimal
    postage: Decimal


class OrderChanges(OrderDetails, total=False):
    store: "VendorStore"
    currency: str


@dataclass(frozen=True)
class Wanted:
    """What a line asks for. The price is the item's value unless told, in the same currency."""

    item: "Collectible"
    quantity: int
    unit_price: Decimal | None = None
    discount: Decimal = Decimal(0)
    tax_rate: Decimal | None = None
    lot: "StockLot | None" = None


def new_order(wanted: Sequence[Wanted], **values: Any) -> tuple[Order, list[OrderLine]]:
    """An order and its lines, not saved. Raises what `require_sound` and `priced_lines` raise."""
    order = Order(**values, updated_by=values.get("created_by"))
    require_sound(order)
    return order, priced_lines(order, wanted)


def require_sound(order: Order) -> None:
    """Raises `InvalidInput` for amounts that are none, and a store or customer of another shop."""
    require_valid(Order, {name: getattr(order, name) for name in AMOUNTS})
    if order.store.vendor_id != order.vendor_id:
        raise InvalidInput.of("store", _("The shop has no such store."), "foreign")
    if order.customer and order.customer.vendor_id != order.vendor_id:
        raise InvalidInput.of("customer", _("The shop has no such customer."), "foreign")


def number(order: Order, placed_at: datetime) -> None:
    """Its number, of the year in which it was placed. When: see `next_number`.

    A new order's is drawn by the statement that adds it.
    """
    order.placed_at = placed_at
    following: Any = next_number(order.vendor_id, placed_at.astimezone(UTC).year)
    order.number = following if order.pk is None else drawn_now(following)


def told(order: Order) -> dict[str, Any]:
    """What the audit log keeps of an order's terms."""
    names = ("status", "customer_id", "store_id", "channel", "currency", "discount", "total")
    return {name: getattr(order, name) for name in names}


def priced_lines(order: Order, wanted: Sequence[Wanted]) -> list[OrderLine]:
    """The order's lines, not saved, and the order's sums set by them.

    Raises `InvalidInput` naming the line: an item of another shop, no price, too large a discount.
    """
    tax_rate = get_settings_of(order.vendor).default_tax_rate
    lines = [_line(order, each, place, tax_rate) for place, each in enumerate(wanted)]
    _set_sums(order, lines)
    return lines


def says(order: Order, wanted: Sequence[Wanted]) -> bool:
    """Whether the order's lines are what is asked for already."""
    asked = [
        (each.item.pk, each.quantity, each.unit_price, each.discount, each.tax_rate,
         each.lot and each.lot.pk)
        for each in wanted
    ]  # fmt: skip
    names = ("item_id", "quantity", "unit_price", "discount", "tax_rate", "lot_id")
    return list(order.lines.order_by("pk").values_list(*names)) == asked


def reprice(order: Order) -> None:
    """The lines stay, and something about the order has changed: its discount, or its store."""
    lines = list(order.lines.select_related("lot").order_by("pk"))
    if any(line.lot and line.lot.store_id != order.store_id for line in lines):
        raise InvalidInput.of("store", _("Lots of the lines are in another store."), "foreign")
    _set_sums(order, lines)
    OrderLine.objects.bulk_update(lines, ["order_discount", "tax"])


def _set_sums(order: Order, lines: Sequence[OrderLine]) -> None:
    """Divide the order's discount among the lines and add all up."""
    terms = [
        Terms(line.quantity, line.unit_price, line.discount, line.tax_rate, line.item_id)
        for line in lines
    ]
    order.subtotal = sum((each.amount for each in terms), Decimal(0))
    if order.discount > order.subtotal:
        raise InvalidInput.of("discount", _("This is more than the lines come to."), "max_value")
    if order.subtotal > MAX_AMOUNT:
        raise InvalidInput.of("lines", _("This comes to too much."), "max_value")
    for line, its in zip(lines, price(terms, order.discount), strict=True):
        line.order_discount, line.tax = its.order_discount, its.tax
    order.tax = sum((line.tax for line in lines), Decimal(0))
    order.total = order.subtotal - order.discount + order.tax


def _line(order: Order, wanted: Wanted, place: int, tax_rate: Decimal) -> OrderLine:
    item, lot = wanted.item, wanted.lot
    if item.vendor_id != order.vendor_id:
        raise InvalidInput.of(f"lines.{place}.item", _("The shop has no such item."), "foreign")
    if lot and (lot.item_id != item.pk or lot.store_id != order.store_id):
        text = _("This lot is of another item, or in another store.")
        raise InvalidInput.of(f"lines.{place}.lot", text, "foreign")
    unit_price = _value(item, order.currency) if wanted.unit_price is None else wanted.unit_price
    if unit_price is None:
        text = _("The item has no value in the order's currency: give a price.")
        raise InvalidInput.of(f"lines.{place}.unit_price", text, "required")
    terms: dict[str, Any] = {
        "quantity": wanted.quantity,
        "unit_price": unit_price,
        "discount": wanted.discount,
        "tax_rate": tax_rate if wanted.tax_rate is None else wanted.tax_rate,
    }
    require_valid(OrderLine, terms, f"lines.{place}.{{}}")
    if wanted.discount > wanted.quantity * unit_price:
        text = _("This is more than the line comes to.")
        raise InvalidInput.of(f"lines.{place}.discount", text, "max_value")
    return OrderLine(order=order, item=item, lot=lot, sku=item.sku, name=item.name, **terms)


def _value(item: "Collectible", currency: str) -> Decimal | None:
    """Nothing is given away for want of a price: a value of 0 is none."""
    return (item.value or None) if item.currency == currency else None
