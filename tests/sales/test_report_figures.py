"""What selling brought: figures that are worked out by hand, for every way to look at them."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inventory.models import Collectible
from inventory.selectors import Moment
from inventory.services import Receipt, StockService, store_of
from sales.enums import EntryKind, ReportBy
from sales.models import Order, OrderLine, SalesEntry
from sales.selectors import Period, SalesReport, SalesRow, get_realised_gain
from sales.services import OrderService, Returned, SaleService, Wanted
from tests.factories import CategoryFactory, CollectibleFactory, CustomerFactory
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
D = Decimal
EVER = Period()
JANUARY, MARCH, APRIL, MAY = (datetime(2026, month, 10, 12, tzinfo=UTC) for month in (1, 3, 4, 5))


class Books:
    """Two items of a shop, bought in January: a falcon for 6.00 and a wing for 2.50 each."""

    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor
        self.shelf = CategoryFactory(vendor=vendor, name="Ships")
        self.ann = CustomerFactory(vendor=vendor, name="Ann")
        self.falcon = self.item("Falcon", "6.00", category=self.shelf)
        self.wing = self.item("X-wing", "2.50")

    def item(self, name: str, cost: str, currency: str = "", **details: Any) -> Collectible:
        item: Collectible = CollectibleFactory(
            vendor=self.vendor, name=name, sku=name.upper(), value=10, quantity=0, **details
        )
        self.receive(item, cost, currency)
        return item

    def receive(self, item: Collectible, cost: str, currency: str = "") -> None:
        receipt = Receipt(item, store_of(self.vendor, None), 20, D(cost), currency)
        StockService.receive(receipts=[receipt], by=self.vendor.owner, occurred_at=JANUARY)

    def sell(self, *wanted: tuple[Collectible, int], **details: Any) -> Order:
        return SaleService.record(
            vendor=self.vendor, store=store_of(self.vendor, None), by=self.vendor.owner,
            lines=[Wanted(item, units) for item, units in wanted],
            **{"sold_at": MARCH, **details},
        )  # fmt: skip

    def back(self, order: Order, units: int, **said: Any) -> Order:
        line = order.lines.order_by("pk").first()
        assert line
        return OrderService.take_back(
            order=order, returns=[Returned(line, units)], by=self.vendor.owner, **said
        )

    def confirmed(self, *items: Collectible, units: int = 1, **details: Any) -> Order:
        """Placed in January."""
        store, by = store_of(self.vendor, None), self.vendor.owner
        lines = [Wanted(item, units) for item in items]
        order = OrderService.create(vendor=self.vendor, store=store, by=by, lines=lines, **details)
        OrderService.confirm(order=OrderService.place(order=order, by=by), by=by)
        Order.objects.filter(pk=order.pk).update(placed_at=JANUARY)
        return order

    def send(self, order: Order, line: OrderLine, at: datetime, units: int = 1) -> None:
        OrderService.fulfil(
            order=order, by=self.vendor.owner, units={line.pk: units}, fulfilled_at=at
        )

    def report(self, by: str, period: Period = EVER, currency: str = "USD") -> SalesReport:
        return SalesReport(by, [self.vendor.pk], currency, period)

    def gain(self, **moment: Any) -> Decimal:
        return get_realised_gain([self.vendor.pk], "USD", Moment(**moment))


@pytest.fixture
def books(vendor: Vendor) -> Books:
    return Books(vendor)


@pytest.fixture
def year(books: Books) -> Books:
    """Three falcons and two wings to Ann on eBay; a falcon to nobody; one falcon comes back.

    eBay keeps 5.00 and sending costs 2.50: by what the lines came to, 30.00 and 20.00.
    """
    first = books.sell((books.falcon, 3), (books.wing, 2), customer=books.ann, channel="eBay",
                       fees=D("5.00"), postage=D("2.50"))  # fmt: skip
    books.sell((books.falcon, 1), sold_at=APRIL)
    books.back(first, 1)
    return books


def told(row: SalesRow) -> tuple[Any, ...]:
    figures = (row.revenue, row.cost, row.fees, row.postage, row.profit)
    return (row.name, row.units, row.returned, row.orders, *(str(each) for each in figures))


def rows(report: SalesReport) -> list[tuple[Any, ...]]:
    return [told(row) for row in report.first_rows(100)]


def test_by_item(year: Books) -> None:
    report = year.report(ReportBy.ITEM)
    assert rows(report) == [
        ("Falcon", 3, 1, 2, "30.00", "18.00", "3.00", "1.50", "7.50"),
        ("X-wing", 2, 0, 1, "20.00", "5.00", "2.00", "1.00", "12.00"),
    ]
    [falcon, wing] = report.first_rows(100)
    assert [falcon.id, falcon.sku, falcon.refunds] == [year.falcon.pk, "FALCON", 10]
    assert [str(row.margin) for row in (falcon, wing)] == ["25.00", "60.00"]
    assert told(report.total) == (None, 5, 1, 2, "50.00", "23.00", "5.00", "2.50", "19.50")
    assert (str(report.total.margin), report.others) == ("39.00", [])


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("category", [
            ("Ships", 3, 1, 2, "30.00", "18.00", "3.00", "1.50", "7.50"),
            (None, 2, 0, 1, "20.00", "5.00", "2.00", "1.00", "12.00"),
        ]),
        ("customer", [
            ("Ann", 4, 1, 1, "40.00", "17.00", "5.00", "2.50", "15.50"),
            (None, 1, 0, 1, "10.00", "6.00", "0.00", "0.00", "4.00"),
        ]),
        ("channel", [
            ("eBay", 4, 1, 1, "40.00", "17.00", "5.00", "2.50", "15.50"),
            (None, 1, 0, 1, "10.00", "6.00", "0.00", "0.00", "4.00"),
        ]),
    ],
)  # fmt: skip
def test_by_anything_else(year: Books, by: str, expected: list[Any]) -> None:
    assert rows(year.report(by)) == expected


def test_by_day_in_utc_the_first_one_first(books: Books) -> None:
    late = datetime(2026, 3, 10, 23, 59, 59, tzinfo=UTC)
    for moment in (APRIL, late, MARCH, datetime(2026, 3, 11, tzinfo=UTC)):
        books.sell((books.falcon, 1), sold_at=moment)
    days = [(row.name, row.units) for row in books.report(ReportBy.DAY).first_rows(9)]
    assert days == [("2026-03-10", 2), ("2026-03-11", 1), ("2026-04-10", 1)]


def test_period_begins_with_its_first_moment_and_ends_before_its_last(books: Books) -> None:
    for moment in (MARCH, APRIL, MAY):
        books.sell((books.falcon, 1), sold_at=moment)
    cases = [
        (Period(since=MARCH, until=APRIL), 1), (Period(since=APRIL), 2), (Period(until=MAY), 2),
        (Period(until=MARCH), 0), (Period(moment=Moment(as_of=APRIL)), 2),
        (Period(moment=Moment(known_at=MAY)), 0), (EVER, 3),
    ]  # fmt: skip
    for period, units in cases:
        report = books.report(ReportBy.ITEM, period)
        assert (sum(row.units for row in report), report.total.units) == (units, units), period


@pytest.mark.django_db(transaction=True)
def test_what_was_known_before_a_return_does_not_know_it(books: Books) -> None:
    order = books.sell((books.falcon, 3))
    known = Moment(known_at=timezone.now())
    books.back(order, 1)
    assert [books.gain(), books.gain(known_at=known.known_at)] == [8, 12]
    then = books.report(ReportBy.ITEM, Period(moment=known))
    assert rows(then) == [("Falcon", 3, 0, 1, "30.00", "18.00", "0.00", "0.00", "12.00")]
    assert books.gain(known_at=MAY) == 0


def test_gain_of_then_is_of_what_had_been_sold(books: Books) -> None:
    for moment in (MARCH, APRIL):
        books.sell((books.falcon, 2), sold_at=moment)
    assert [books.gain(as_of=at) for at in (JANUARY, MARCH, APRIL)] == [0, 8, 16]


def test_gain_is_the_profit_of_the_lines(year: Books) -> None:
    lines = [line.profit for order in Order.objects.all() for line in order.lines.all()]
    assert year.gain() == sum(lines) == D("19.50")
    for by in ReportBy:
        report = year.report(by)
        assert (
            sum(row.profit for row in report.first_rows(100)) == report.total.profit == year.gain()
        )


def test_unknown_cost_is_in_no_profit(year: Books) -> None:
    tie = year.item("TIE", "1.00", currency="EUR")
    year.sell((tie, 2), fees=D("3.00"))
    [row] = [row for row in year.report(ReportBy.ITEM) if row.id == tie.pk]
    assert told(row) == ("TIE", 2, 0, 1, "20.00", "0.00", "3.00", "0.00", "0.00")
    assert [row.uncosted_units, row.costed_revenue, row.margin] == [2, 0, None]
    assert year.gain() == D("19.50")
    report = year.report(ReportBy.DAY)
    assert [report.count(), report.total.uncosted_units, report.total.revenue] == [3, 2, 70]
    assert str(report.total.margin) == "39.00"


def test_line_of_known_and_unknown_units_makes_the_known_ones_profit(books: Books) -> None:
    books.receive(books.falcon, "1.00", "EUR")
    books.sell((books.falcon, 21), fees=D("1.00"))
    total = books.report(ReportBy.ITEM)
    assert total.count() == 1
    assert told(total.total)[1:] == (21, 0, 1, "210.00", "120.00", "1.00", "0.00", "79.00")
    assert [total.total.uncosted_units, books.gain()] == [1, 79]


@pytest.mark.parametrize("known", [True, False])
def test_what_is_sent_later_changes_nothing_of_before(books: Books, known: bool) -> None:
    """Of two lines that share 2.00 of fees one goes in March: with a cost that is known, and the
    other's is not, or the other way round."""
    tie = books.item("TIE", "1.00", currency="EUR")
    items = [books.falcon, tie] if known else [tie, books.falcon]
    order = books.confirmed(*items, fees=D(2))
    first, second = order.lines.order_by("pk")

    def before() -> list[SalesRow]:
        days = books.report(ReportBy.DAY, Period(until=APRIL))
        return [*days.first_rows(9), days.total]

    books.send(order, first, MARCH)
    march = before()
    assert march[-1].profit == (2 if known else -1)
    books.send(order, second, APRIL)
    assert before() == march
    ever = books.report(ReportBy.DAY).first_rows(9)
    assert [ever[0], ever[1].profit] == [march[0], 0 if known else 4]
    assert books.gain(as_of=MARCH) == march[-1].profit
    assert books.gain() == sum(row.profit for row in ever)


def test_what_units_of_unknown_cost_took_along_stays_in_no_profit(books: Books) -> None:
    """Also when one of the same line follows whose cost is known."""
    tie = books.item("TIE", "1.00", currency="EUR")
    books.receive(tie, "6.00")
    order = books.confirmed(tie, units=21, fees=D(21))
    [line] = order.lines.all()
    books.send(order, line, MARCH, 20)
    assert books.gain() == 0
    books.send(order, line, APRIL)
    assert [books.gain(as_of=MARCH), books.gain()] == [0, 4]


def test_other_currencies_are_named_and_left_out(year: Books) -> None:
    tie = year.item("TIE", "1.00", "EUR")
    Collectible.objects.filter(pk=tie.pk).update(currency="EUR")
    tie.refresh_from_db()
    year.sell((tie, 1), currency="EUR")
    report = year.report(ReportBy.CHANNEL)
    assert [len(rows(report)), report.total.revenue, report.others] == [2, 50, ["EUR"]]
    euros = year.report(ReportBy.CHANNEL, currency="EUR")
    assert rows(euros) == [(None, 1, 0, 1, "10.00", "1.00", "0.00", "0.00", "9.00")]
    assert euros.others == ["USD"]
    pounds = year.report(ReportBy.CHANNEL, currency="GBP")
    assert (rows(pounds), pounds.count(), pounds.total) == ([], 0, SalesRow())
    assert pounds.others == ["EUR", "USD"]


def test_deleted_things_keep_their_names_of_then(year: Books) -> None:
    expected = {by: rows(year.report(by)) for by in ("item", "customer", "category")}
    Collectible.objects.filter(pk=year.falcon.pk).update(name="Renamed", sku="NEW")
    year.falcon.delete()
    year.ann.delete()
    year.shelf.delete()
    assert {by: rows(year.report(by)) for by in expected} == expected


def test_an_item_is_called_as_when_it_was_last_sold(books: Books) -> None:
    books.sell((books.falcon, 1))
    Collectible.objects.filter(pk=books.falcon.pk).update(name="Millennium Falcon")
    books.falcon.refresh_from_db()
    books.sell((books.falcon, 1), sold_at=MAY)
    assert [row.name for row in books.report(ReportBy.ITEM)] == ["Millennium Falcon"]
    early = books.report(ReportBy.ITEM, Period(until=APRIL))
    assert [row.name for row in early] == ["Falcon"]


def test_pages_and_the_stream_hold_the_same(books: Books) -> None:
    items = [books.item(f"Item {n}", "1.00") for n in range(7)]
    for n, item in enumerate(items):
        books.sell((item, 1 + n // 2))
    report = books.report(ReportBy.ITEM)
    whole = list(report)
    assert [row.units for row in whole] == [4, 3, 3, 2, 2, 1, 1]
    assert report.count() == 7
    assert [*report[0:3], *report[3:6], *report[6:9]] == whole
    assert report.total.units == 16


def test_nobodys_report_is_empty(year: Books) -> None:
    report = SalesReport(ReportBy.DAY, [], "USD")
    assert (list(report), report.count(), report.total, report.others) == ([], 0, SalesRow(), [])


def test_report_of_a_day_reads_its_day_and_what_has_no_cost(year: Books) -> None:
    order = Order.objects.latest("pk")
    charge = {"vendor": year.vendor, "order": order, "line": order.lines.get(), "cost": D(0)}
    SalesEntry.objects.bulk_create(
        SalesEntry(kind=EntryKind.CHARGE, occurred_at=JANUARY, **charge) for _ in range(5000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE sales_salesentry")
        with CaptureQueriesContext(connection) as asked:
            assert year.report(ReportBy.DAY, Period(since=APRIL, until=MAY)).count() == 1
        cursor.execute(f"EXPLAIN {asked.captured_queries[0]['sql']}")
        plan = "\n".join(line for [line] in cursor.fetchall())
    assert "sales_entry_uncosted" in plan
    assert "sales_entry_by_day" in plan
    assert "Seq Scan on sales_salesentry" not in plan
