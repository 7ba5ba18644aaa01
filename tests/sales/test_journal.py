"""The journal: what happened, to the cent, beside the ledger; and nobody changes it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Model, ProtectedError, Sum
from django.utils import timezone

from inventory.models import StockMovement
from sales.enums import EntryKind
from sales.models import Fulfilment, Order, OrderLine, SalesEntry
from sales.services import OrderService, Returned, Wanted
from tests.sales.till import D, Till, assert_true_to_the_journal, lines_of

pytestmark = pytest.mark.django_db


def entries_of(order: Order, kind: str) -> list[SalesEntry]:
    return list(SalesEntry.objects.filter(order=order, kind=kind).order_by("pk"))


@pytest.fixture
def sale(till: Till) -> Order:
    """Two lines of three lots, with a discount, tax and what selling cost."""
    item = till.item(2, "1.11")
    till.receive(item, 3, "2.22", landed_costs=[{"kind": "postage", "amount": D("0.10")}])
    return till.sold(
        Wanted(item, 3, D("9.99"), D("0.50"), D(19)), Wanted(till.item(5, "0.33"), 5, D(1)),
        discount=D(3), fees=D("2.01"), postage=D("4.99"),
    )  # fmt: skip


def test_each_movement_has_its_entry(sale: Order) -> None:
    entries = entries_of(sale, EntryKind.SALE)
    movements = StockMovement.objects.filter(kind="sale").order_by("pk")
    assert [entry.movement for entry in entries] == list(movements)
    assert [entry.units for entry in entries] == [2, 1, 5]
    assert [entry.cost for entry in entries] == [D("2.22"), D("2.26"), D("1.65")]
    first, second = lines_of(sale)
    assert (first.revenue, second.revenue) == (first.net, second.net)
    assert sum(entry.revenue for entry in entries) == sale.subtotal - sale.discount
    assert sum(entry.tax for entry in entries) == sale.tax
    ledger = movements.aggregate(cost=Sum("cost"))["cost"]
    assert first.cost + second.cost == -ledger
    assert_true_to_the_journal()


def test_profit_is_what_is_left_of_revenue(sale: Order) -> None:
    first, second = lines_of(sale)
    # 29.47 and 5.00 less the discount of 3.00: 26.91 and 4.56.
    assert (first.fees, second.fees) == (D("1.72"), D("0.29"))
    assert (first.postage, second.postage) == (D("4.27"), D("0.72"))
    assert first.profit == D("26.91") - D("4.48") - D("1.72") - D("4.27")
    assert second.profit == D("4.56") - D("1.65") - D("0.29") - D("0.72")


def test_parts_add_up_to_the_line(till: Till) -> None:
    """Seven units for 10.00 and a tax of 1.90, one by one, of lots of two."""
    item = till.item(2, "1.00")
    for _ in range(3):
        till.receive(item, 2, "1.00")
    order = till.confirmed(Wanted(item, 7, D(2), D(4), D(19)))
    [line] = lines_of(order)
    for units in (1, 2, 1, 3):
        OrderService.fulfil(order=order, by=till.user, units={line.pk: units})
    entries = entries_of(order, EntryKind.SALE)
    said = [(entry.units, entry.revenue) for entry in entries]
    assert said == [(1, D("1.43"))] * 4 + [(2, D("2.86")), (1, D("1.42"))]
    assert sum(entry.revenue for entry in entries) == line.net == D(10)
    assert sum(entry.tax for entry in entries) == line.tax == D("1.90")


@pytest.mark.parametrize("sent", [1, 3])
def test_charges_follow_the_order_whenever_they_change(till: Till, sent: int) -> None:
    item = till.item(9)
    order = till.confirmed(Wanted(item, 3, D(3)), Wanted(item, 1, D(1)), Wanted(item, 1, D(0)))
    OrderService.update(order=order, by=till.user, fees=D("1.01"))
    assert entries_of(order, EntryKind.CHARGE) == []
    OrderService.fulfil(order=order, by=till.user, units={lines_of(order)[0].pk: sent})
    told: list[dict[str, Any]] = [
        {"postage": D("4.99")}, {"fees": D("0.03")}, {"fees": D(0), "postage": D("0.01")},
        {"fees": D("10.00")}, {"notes": "x"},
    ]  # fmt: skip
    for change in told:
        OrderService.update(order=order, by=till.user, **change)
        assert_true_to_the_journal()
    OrderService.fulfil(order=order, by=till.user)
    assert [line.fees for line in lines_of(order)] == [D(9), D(1), D(0)]
    assert_true_to_the_journal()


def test_charges_of_free_units_are_divided_alike(till: Till) -> None:
    item = till.item(2)
    order = till.sold(Wanted(item, 1, D(0)), Wanted(item, 1, D(0)), fees=D("0.03"))
    assert [line.fees for line in lines_of(order)] == [D("0.02"), D("0.01")]


def test_charges_are_of_the_day_of_the_sale(till: Till) -> None:
    now = timezone.now()
    then = now - timedelta(days=40)
    item = till.item()
    till.receive(item, 1, occurred_at=then - timedelta(days=1))
    order = till.sold(Wanted(item, 1), sold_at=then, fees=D(1))
    assert set(order.entries.values_list("occurred_at", flat=True)) == {then}
    OrderService.update(order=order, by=till.user, fees=D(2))
    assert order.entries.latest("pk").occurred_at > now


def test_cost_in_another_currency_is_unknown_and_never_added_up(till: Till) -> None:
    item = till.item(1, "1.00")
    till.receive(item, 2, "5.00", currency="EUR")
    order = till.sold(Wanted(item, 2, D(10)), Wanted(till.item(1, "2.00"), 1, D(10)))
    mixed, known = lines_of(order)
    assert [entry.cost for entry in entries_of(order, EntryKind.SALE)] == [D(1), None, D(2)]
    assert (mixed.cost, mixed.profit, known.profit) == (None, None, D(8))
    order = OrderService.take_back(order=order, by=till.user, returns=[Returned(mixed, 2)])
    OrderService.update(order=order, by=till.user, fees=D(1))
    mixed, known = lines_of(order)
    assert (mixed.cost, mixed.revenue, known.cost) == (None, D(0), D(2))
    assert_true_to_the_journal()


def test_order_in_the_lots_currency_knows_its_cost(till: Till) -> None:
    item = till.item()
    till.receive(item, 1, "5.00", currency="EUR")
    order = till.sold(Wanted(item, 1, D(9)), currency="EUR")
    assert lines_of(order)[0].profit == D(4)


CHANGES = [("units", 9), ("revenue", D(9)), ("cost", None), ("fees", D(9)), ("line_id", None)]


@pytest.mark.parametrize(("column", "value"), CHANGES)
def test_journal_is_only_added_to(sale: Order, column: str, value: Any) -> None:
    entry = entries_of(sale, EntryKind.SALE)[0]
    rows = SalesEntry.objects.filter(pk=entry.pk)
    if value is None and column == "line_id":
        value = lines_of(sale)[1].pk
    setattr(entry, column, value)
    before = list(SalesEntry.objects.values())
    deeds: list[Any] = [
        entry.save, lambda: rows.update(**{column: value}), entry.delete, rows.delete,
        lambda: SalesEntry.objects.bulk_update([entry], [column]),
        lambda: connection.cursor().execute("DELETE FROM sales_salesentry"),
    ]  # fmt: skip
    for deed in deeds:
        with pytest.raises(DatabaseError), transaction.atomic():
            deed()
    assert list(SalesEntry.objects.values()) == before


DERIVED = ["fulfilled", "returned", "revenue", "refunded", "cost", "fees", "postage"]


@pytest.mark.parametrize("column", DERIVED)
def test_what_lines_have_sold_is_not_written(till: Till, sale: Order, column: str) -> None:
    line = lines_of(sale)[0]
    before = list(OrderLine.objects.values())
    value = getattr(line, column) - 1
    draft = till.draft(Wanted(till.item(), 1))
    fresh = OrderLine(order=draft, item=line.item, sku="x", name="x", quantity=9, **{column: D(1)})
    setattr(line, column, value)
    rows = OrderLine.objects.filter(pk=line.pk)
    for deed in (line.save, lambda: rows.update(**{column: value}), fresh.save):
        with pytest.raises(IntegrityError), transaction.atomic():
            deed()
    assert list(OrderLine.objects.filter(order=sale).values()) == before


def entry_like(sale: Order, kind: str, **said: Any) -> SalesEntry:
    """One that could stand beside the first sale, but for what is said."""
    first = entries_of(sale, EntryKind.SALE)[0]
    told: dict[str, Any] = {"cost": D(0)}
    if kind == EntryKind.SALE:
        told = {"units": 1, "fulfilment": Fulfilment.objects.get(order=sale)}
    return SalesEntry(**{
        "vendor": sale.vendor, "order": sale, "line": first.line, "kind": kind, **told, **said
    })  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("sale", {"units": -1}), ("sale", {"units": 0}), ("sale", {"revenue": D(-1)}),
        ("sale", {"tax": D(-1)}), ("sale", {"movement": None}), ("sale", {"fulfilment": None}),
        ("return", {"units": -1}), ("return", {"units": 1}),
        ("charge", {"units": 1}), ("charge", {"revenue": D(1)}), ("charge", {"tax": D(1)}),
        ("charge", {"cost": D(1)}), ("gift", {}),
    ],
)  # fmt: skip
def test_entry_that_says_what_cannot_be_is_refused(
    till: Till, sale: Order, kind: str, said: dict[str, Any]
) -> None:
    till.receive(lines_of(sale)[0].item, 1)
    free = StockMovement.objects.filter(kind="receipt").latest("pk")
    entry = entry_like(sale, kind, **{"movement": None if kind == "charge" else free, **said})
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        entry.save()
    assert "sales_entry_of_kind" in str(refused.value)


def test_movement_is_booked_once(sale: Order) -> None:
    movement = entries_of(sale, EntryKind.SALE)[0].movement
    with pytest.raises(IntegrityError), transaction.atomic():
        entry_like(sale, EntryKind.SALE, movement=movement).save()


def test_no_more_is_booked_than_was_ordered(till: Till, sale: Order) -> None:
    till.receive(lines_of(sale)[0].item, 1)
    free = StockMovement.objects.filter(kind="receipt").latest("pk")
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        entry_like(sale, EntryKind.SALE, movement=free).save()
    assert "order_line_units" in str(refused.value)


def test_lines_follow_many_entries_of_one_statement(till: Till) -> None:
    order = till.draft(*[Wanted(till.item(), 1) for _ in range(3)])
    one, other, untouched = lines_of(order)
    booked = [(one, D(1), D(2)), (other, D(3), D(4)), (one, D("0.50"), D("-1")), (one, D(0), D(7))]
    SalesEntry.objects.bulk_create(
        SalesEntry(
            vendor=order.vendor, order=order, line=line, kind=EntryKind.CHARGE, cost=D(0),
            fees=fees, postage=postage,
        )
        for line, fees, postage in booked
    )  # fmt: skip
    sums = [(line.fees, line.postage) for line in lines_of(order)]
    assert sums == [(D("1.50"), D(8)), (D(3), D(4)), (D(0), D(0))]
    assert untouched.postage == 0


BAD: list[tuple[type[Model], dict[str, Any], str]] = [
    (Order, {"total": D(1)}, "order_adds_up"),
    (Order, {"discount": D(99), "total": D(-64)}, "order_adds_up"),
    (Order, {"fees": D(-1)}, "order_sane"),
    (Order, {"postage": D(-1)}, "order_sane"),
    (Order, {"refunded": D(-1)}, "order_sane"),
    (Order, {"refunded": D(10**6)}, "order_sane"),
    (Order, {"placed_at": None}, "order_placed_has_number"),
    (OrderLine, {"quantity": 1}, "order_line_units"),
    (OrderLine, {"cancelled": 1}, "order_line_units"),
    (OrderLine, {"unit_price": D(-1)}, "order_line_sane"),
    (OrderLine, {"discount": D(30)}, "order_line_sane"),
    (OrderLine, {"order_discount": D(-1)}, "order_line_sane"),
    (OrderLine, {"tax": D(-1)}, "order_line_sane"),
    (OrderLine, {"tax_rate": D(-1)}, "order_line_sane"),
]


@pytest.mark.parametrize(("model", "values", "constraint"), BAD)
def test_database_refuses_what_does_not_add_up(
    sale: Order, model: Any, values: dict[str, Decimal], constraint: str
) -> None:
    row = sale if model is Order else lines_of(sale)[0]
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        model.objects.filter(pk=row.pk).update(**values)
    assert constraint in str(refused.value)


def test_two_orders_of_a_shop_never_share_a_number(till: Till, sale: Order) -> None:
    draft = till.draft()
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Order.objects.filter(pk=draft.pk).update(number=sale.number, placed_at=timezone.now())
    assert "order_number_once" in str(refused.value)


def test_what_an_order_did_keeps_it(sale: Order) -> None:
    for row in (lines_of(sale)[0], Fulfilment.objects.get()):
        with pytest.raises(ProtectedError):
            row.delete()
