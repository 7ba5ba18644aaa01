"""What lines come to: shares add up to the cent, and go by what lines are (P13, P15)."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis.strategies import (
    builds,
    composite,
    integers,
    just,
    lists,
    permutations,
    sampled_from,
    tuples,
)

from core.exceptions import InvalidInput
from sales.models import MAX_UNITS, Order
from sales.services import OrderService, Wanted
from sales.services.pricing import Terms, price
from tests.sales.till import D, Till, lines_of

CENT = D("0.01")
RATES = sampled_from([D(0), D(7), D("8.875"), D(19), D(100)])


@composite
def terms(draw: Any) -> Terms:
    quantity, unit_price = draw(integers(1, 50)), D(draw(integers(0, 99_999))) / 100
    off = D(draw(integers(0, int(quantity * unit_price * 100)))) / 100
    return Terms(quantity, unit_price, off, draw(RATES), draw(integers(1, 9)))


@composite
def baskets(draw: Any) -> tuple[list[Terms], Decimal]:
    basket = draw(lists(terms(), min_size=1, max_size=12))
    total = sum(line.amount for line in basket)
    return basket, D(draw(integers(0, int(total * 100)))) / 100


@given(baskets())
def test_shares_of_a_discount_add_up_to_it(basket: tuple[list[Terms], Decimal]) -> None:
    lines, discount = basket
    prices = price(lines, discount)
    assert sum(each.order_discount for each in prices) == discount
    total = sum(line.amount for line in lines)
    for line, its in zip(lines, prices, strict=True):
        assert 0 <= its.order_discount <= line.amount
        fair = Fraction(discount) * Fraction(line.amount) / Fraction(total) if total else 0
        assert abs(Fraction(its.order_discount) - fair) < Fraction(CENT)


@given(baskets())
def test_tax_is_on_what_is_left_half_a_cent_up(basket: tuple[list[Terms], Decimal]) -> None:
    lines, discount = basket
    for line, its in zip(lines, price(lines, discount), strict=True):
        exact = (line.amount - its.order_discount) * line.tax_rate / 100
        assert its.tax == exact.quantize(CENT, ROUND_HALF_UP)


# Of equal amounts one gets the odd cent: which is not for their places to decide.
ALIKE = builds(Terms, integers(1, 2), sampled_from([D(1), D(2)]), just(D(0)), RATES, integers(1, 2))


@given(
    lists(ALIKE, min_size=2, max_size=6).flatmap(
        lambda lines: tuples(just(lines), integers(1, 99).map(CENT.__mul__), permutations(lines))
    )
)
def test_order_of_lines_changes_nobodys_price(case: tuple[Any, Decimal, Any]) -> None:
    """Each line keeps its share; lines that are alike in all may swap theirs."""
    lines, discount, shuffled = case

    def prices(basket: list[Terms]) -> list[Any]:
        pairs = zip(basket, price(basket, discount), strict=True)
        return sorted(((str(t), p.order_discount, p.tax) for t, p in pairs), key=str)

    assert prices(lines) == prices(shuffled)


def test_nothing_is_divided_among_nothing() -> None:
    assert price([], D(0)) == []


@pytest.mark.django_db
def test_order_adds_up_with_its_lines(till: Till) -> None:
    item, other = till.item(), till.item(value=D("3.33"))
    order = till.draft(
        Wanted(item, 3, D("9.99"), D("0.97"), D(19)), Wanted(other, 2, tax_rate=D(7)),
        Wanted(item, 1, D(0)), discount=D("5.01"),
    )  # fmt: skip
    lines = lines_of(order)
    assert [line.order_discount for line in lines] == [D("4.07"), D("0.94"), D(0)]
    assert [line.tax for line in lines] == [D("4.74"), D("0.40"), D(0)]
    assert (order.subtotal, order.tax, order.total) == (D("35.66"), D("5.14"), D("35.79"))
    assert order.total == sum(line.total for line in lines)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("line", "details", "field"),
    [
        ({"quantity": MAX_UNITS, "unit_price": D(10**12) - CENT}, {}, "lines"),
        ({"quantity": MAX_UNITS, "unit_price": D(100_000) + CENT}, {}, "lines"),
        ({"quantity": MAX_UNITS + 1}, {}, "lines.0.quantity"),
        ({"quantity": 0}, {}, "lines.0.quantity"),
        ({"quantity": -1}, {}, "lines.0.quantity"),
        ({"unit_price": D(10**12)}, {}, "lines.0.unit_price"),
        ({"unit_price": D("0.001")}, {}, "lines.0.unit_price"),
        ({"unit_price": D("-0.01")}, {}, "lines.0.unit_price"),
        ({"discount": D("10.01")}, {}, "lines.0.discount"),
        ({"discount": D(-1)}, {}, "lines.0.discount"),
        ({"tax_rate": D("100.01")}, {}, "lines.0.tax_rate"),
        ({"tax_rate": D(-1)}, {}, "lines.0.tax_rate"),
        ({}, {"discount": D("10.01")}, "discount"),
        ({}, {"discount": D(-1)}, "discount"),
        ({}, {"fees": D(10**12)}, "fees"),
        ({}, {"postage": D("-0.01")}, "postage"),
    ],
)
def test_what_no_column_holds_is_refused_by_its_name(
    line: dict[str, Any], details: dict[str, Any], field: str, till: Till
) -> None:
    wanted = Wanted(till.item(), **{"quantity": 1, **line})
    for deed in (till.draft, till.sold):
        with pytest.raises(InvalidInput) as refused:
            deed(wanted, **details)
        assert [error.field for error in refused.value.errors] == [field]
    assert not Order.objects.exists()


@pytest.mark.django_db
def test_largest_order_fits(till: Till) -> None:
    order = till.draft(Wanted(till.item(), MAX_UNITS, D(100_000), tax_rate=D(100)))
    assert order.total == D(2 * 10**14)
    order.refresh_from_db()
    assert order.total == D(2 * 10**14)


@pytest.mark.django_db
def test_price_is_the_items_value_in_the_orders_currency(till: Till) -> None:
    order = till.draft(Wanted(till.item(value=D("4.50")), 2))
    assert order.total == D(9)
    for item in (till.item(value=D(0)), till.item(value=D(5), currency="JPY")):
        with pytest.raises(InvalidInput) as refused:
            till.draft(Wanted(item, 1))
        assert refused.value.errors[0].field == "lines.0.unit_price"
        assert till.draft(Wanted(item, 1, D(0))).total == 0


@pytest.mark.django_db
def test_what_belongs_to_another_shop_is_refused(till: Till) -> None:
    foreign, item = Till.opened(), till.item(2)
    theirs = foreign.item(1)
    lot = foreign.receive(theirs, 1)
    cases = [
        ([Wanted(theirs, 1)], {}, "lines.0.item"),
        ([Wanted(item, 1), Wanted(item, 1, lot=lot)], {}, "lines.1.lot"),
        ([Wanted(item, 1)], {"store": foreign.store}, "store"),
        ([Wanted(item, 1)], {"customer": foreign.customer()}, "customer"),
    ]
    for lines, details, field in cases:
        for deed in (till.draft, till.sold):
            with pytest.raises(InvalidInput) as refused:
                deed(*lines, **details)
            assert refused.value.errors[0].field == field


@pytest.mark.django_db
def test_changed_draft_is_priced_again(till: Till) -> None:
    item = till.item()
    order = till.draft(Wanted(item, 1, D(10), tax_rate=D(19)), Wanted(item, 1, D(20)))
    order = OrderService.update(order=order, by=till.user, discount=D(3))
    assert [line.order_discount for line in lines_of(order)] == [D(1), D(2)]
    assert (order.tax, order.total) == (D("1.71"), D("28.71"))
    order = OrderService.update(order=order, by=till.user, lines=[Wanted(item, 2, D(7))])
    assert (order.subtotal, order.tax, order.total) == (D(14), D(0), D(11))
    with pytest.raises(InvalidInput):
        OrderService.update(order=order, by=till.user, discount=D("14.01"))


@pytest.mark.django_db
def test_prices_are_not_renamed_into_another_currency(till: Till) -> None:
    item = till.item()
    order = till.draft(Wanted(item, 1, D(10)))
    with pytest.raises(InvalidInput) as refused:
        OrderService.update(order=order, by=till.user, currency="JPY")
    assert refused.value.errors[0].field == "currency"
    line = Wanted(item, 1, D(1500))
    order = OrderService.update(order=order, by=till.user, currency="JPY", lines=[line])
    assert (order.currency, order.total) == ("JPY", D(1500))
    empty = till.draft()
    assert OrderService.update(order=empty, by=till.user, currency="JPY").currency == "JPY"


@pytest.mark.django_db
def test_lots_of_lines_stay_in_the_orders_store(till: Till) -> None:
    item = till.item()
    lot = till.receive(item, 1)
    order = till.draft(Wanted(item, 1, lot=lot))
    stall = type(till.store).objects.create(vendor=till.vendor, name="Stall", slug="stall")
    with pytest.raises(InvalidInput) as refused:
        OrderService.update(order=order, by=till.user, store=stall)
    assert refused.value.errors[0].field == "store"
