"""The report of sales at its door: bodies, pages, files, and what is refused."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from core.models import AuditLog
from sales.selectors.reports import FIRST
from tests.core.test_cursors import walk
from tests.factories import (
    CategoryFactory,
    CustomerFactory,
    MemberFactory,
    StoreFactory,
    VendorFactory,
)
from tests.factories.orders import sale, stocked
from tests.vendors.people import refusal
from users.models import User
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
REPORT = "/api/v1/reports/sales/"
JANUARY, MARCH, APRIL = (datetime(2026, month, 10, 12, tzinfo=UTC) for month in (1, 3, 4))
NOTHING = {
    "id": None, "sku": None, "name": None, "units": 0, "returned": 0, "orders": 0,
    "revenue": "0.00", "refunds": "0.00", "cost": "0.00", "fees": "0.00", "postage": "0.00",
    "profit": "0.00", "margin": None, "uncosted_units": 0,
}  # fmt: skip


@pytest.fixture
def item(vendor: Vendor) -> Any:
    return stocked(vendor, since=JANUARY, name="Falcon", sku="75192-1", quantity=50)


def content(answer: Any) -> str:
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content).decode()


def units(answer: Any) -> dict[str, int]:
    assert answer.status_code == 200, answer.content
    return {row["name"]: row["units"] for row in answer.json()["results"]}


def test_report_is_told_in_full(owner_client: APIClient, vendor: Vendor, item: Any) -> None:
    sale(vendor, item, fees=Decimal(1), postage=Decimal("0.50"), sold_at=MARCH)
    sale(vendor, stocked(vendor, currency="EUR", since=JANUARY), currency="EUR", sold_at=APRIL)
    figures = {
        **NOTHING, "units": 1, "orders": 1, "revenue": "10.00", "cost": "6.00", "fees": "1.00",
        "postage": "0.50", "profit": "2.50", "margin": "25.00",
    }  # fmt: skip
    row = {**figures, "id": item.pk, "sku": "75192-1", "name": "Falcon"}
    assert owner_client.get(REPORT, {"by": "item"}).json() == {
        "count": 1, "next": None, "previous": None, "page": 1, "page_size": 20, "total_pages": 1,
        "results": [row], "by": "item", "currency": "USD", "total": figures, "others": ["EUR"],
    }  # fmt: skip
    v2 = owner_client.get(REPORT.replace("v1", "v2"), {"by": "item"}).json()
    assert v2 == {
        "next": None, "previous": None, "results": [row], "by": "item", "currency": "USD",
        "total": figures, "others": ["EUR"],
    }  # fmt: skip


def test_margin_of_a_fortune_sold_for_nothing_is_told(
    owner_client: APIClient, vendor: Vendor, item: Any
) -> None:
    receipt = {"item": item.pk, "quantity": 10**6, "unit_cost": "999999999999.99"}
    assert owner_client.post("/api/v1/stock/receive/", receipt).status_code == 201
    line = {"item": item.pk, "quantity": 10**6, "unit_price": "0.01", "discount": "9999.99"}
    assert owner_client.post("/api/v1/sales/", {"lines": [line]}).status_code == 201
    body = owner_client.get(REPORT, {"by": "item"}).json()
    cost = 50 * Decimal("6.00") + 999_950 * Decimal("999999999999.99")
    margin = f"{(Decimal('0.01') - cost) * 100 * 100:.2f}"
    assert body["total"]["revenue"] == "0.01"
    assert body["results"][0]["margin"] == body["total"]["margin"] == margin


def test_shop_that_sold_nothing_has_an_empty_report(owner_client: APIClient) -> None:
    body = owner_client.get(REPORT).json()
    assert (body["by"], body["results"], body["total"], body["others"]) == ("day", [], NOTHING, [])


def test_days_are_half_open_and_utc(owner_client: APIClient, vendor: Vendor, item: Any) -> None:
    for moment in (MARCH, APRIL):
        sale(vendor, item, sold_at=moment)
    march, april = {"2026-03-10": 1}, {"2026-04-10": 1}
    cases: list[tuple[dict[str, str], dict[str, int]]] = [
        ({"from": "2026-03-10", "until": "2026-04-10"}, march),
        ({"until": "2026-03-10"}, {}),
        ({"from": "2026-03-11"}, april),
        ({"from": "2026-03-10T12:00:00Z", "until": "2026-04-10T12:00:00Z"}, march),
        ({"from": "2026-03-10T13:00:00+02:00"}, march | april),
        ({"as_of": "2026-03-31T00:00:00Z"}, march),
        ({"known_at": "2026-03-31T00:00:00Z"}, {}),
    ]
    for query, expected in cases:
        assert units(owner_client.get(REPORT, query)) == expected, query


@pytest.mark.parametrize(
    "query",
    [{"by": "month"}, {"from": "yesterday"}, {"until": "2026-13-01"}, {"currency": "usd"},
     {"as_of": ""}, {"known_at": ""}, {"since": ""},
     {"vendor": "mine"}, {"format": "pdf"}, {"page_size": "0"}, {"colour": "red"},
     {"as_of": "never"}, {"by": "item", "format": "csv", "page": "2"}, {"cursor": "x"},
     {"ordering": "units"}],
)  # fmt: skip
def test_what_is_not_understood_is_refused(owner_client: APIClient, query: Any) -> None:
    assert refusal(owner_client.get(REPORT, query)) == (400, "validation_error")


def test_empty_value_is_no_filter(owner_client: APIClient, vendor: Vendor, item: Any) -> None:
    """A form sends what nobody filled in."""
    sale(vendor, item)
    for query in ("vendor=&currency=", "from=&until=", "by=", "vendor=&from=2026-01-01&until="):
        answer = owner_client.get(f"{REPORT}?{query}")
        assert answer.status_code == 200, answer.content
        assert (answer.json()["by"], answer.json()["total"]["units"]) == ("day", 1), query


def test_each_sees_their_own_shops_together_or_one(
    owner_client: APIClient, owner: User, vendor: Vendor, item: Any, sign_in: Any
) -> None:
    second = StoreFactory(vendor=VendorFactory(owner=owner, currency="EUR")).vendor
    foreign = StoreFactory().vendor
    sale(vendor, item)
    sale(second, stocked(second), currency="USD")
    sale(foreign)
    assert owner_client.get(REPORT).json()["total"]["units"] == 2
    of_one = owner_client.get(REPORT, {"vendor": second.pk}).json()
    assert (of_one["currency"], of_one["total"]["units"], of_one["others"]) == ("EUR", 0, ["USD"])
    told = owner_client.get(REPORT, {"vendor": second.pk, "currency": "USD"}).json()
    assert told["total"]["units"] == 1
    for form in ("json", "csv"):
        theirs = owner_client.get(REPORT, {"vendor": foreign.pk, "by": "item", "format": form})
        text = content(theirs) if form == "csv" else theirs.content.decode()
        assert foreign.name not in text
        assert ",1," not in text
    viewer = sign_in(MemberFactory(vendor=foreign, role="viewer").user)
    assert viewer.get(REPORT).json()["total"]["units"] == 1


def test_pages_by_number_and_by_cursor_hold_the_same(
    owner_client: APIClient, vendor: Vendor
) -> None:
    for n in range(7):
        sale(vendor, stocked(vendor, name=f"Item {n}", value=5 + n // 2))
    whole = owner_client.get(REPORT, {"by": "item"}).json()
    names = [row["name"] for row in whole["results"]]
    assert [row["revenue"] for row in whole["results"]][:3] == ["8.00", "7.00", "7.00"]
    for address, way in ((REPORT, "v1"), (REPORT.replace("v1", "v2"), "v2")):
        pages = list(walk(owner_client, f"{address}?by=item&page_size=3"))
        assert [row["name"] for page in pages for row in page["results"]] == names, way
        assert [page["total"] for page in pages] == [whole["total"]] * 3, way
        back = list(walk(owner_client, pages[-1]["previous"], "previous"))
        assert [page["results"] for page in back] == [pages[1]["results"], pages[0]["results"]]
    first = owner_client.get(f"{REPORT.replace('v1', 'v2')}?by=item&page_size=3").json()
    for other in ("by=customer", "by=item&until=2026-01-01"):
        cursor = first["next"].partition("cursor=")[2].partition("&")[0]
        answer = owner_client.get(f"{REPORT.replace('v1', 'v2')}?{other}&cursor={cursor}")
        assert refusal(answer) == (400, "invalid_cursor"), other
    assert refusal(owner_client.get(REPORT, {"by": "item", "page": 2})) == (404, "not_found")


def test_pages_go_on_where_those_end_that_are_read_with_the_count(
    owner_client: APIClient, vendor: Vendor
) -> None:
    item = stocked(vendor, quantity=FIRST + 5)
    for n in range(FIRST + 5):
        sale(vendor, item, channel=f"Stall {n:03}")
    for size in (25, 60):
        pages = list(walk(owner_client, f"{REPORT}?by=channel&page_size={size}"))
        names = [row["name"] for page in pages for row in page["results"]]
        assert names == [f"Stall {n:03}" for n in range(FIRST + 5)], size


@pytest.mark.parametrize("by", ["day", "item", "category", "customer", "channel"])
def test_a_page_costs_the_same_queries_however_long_it_is(
    owner_client: APIClient, vendor: Vendor, by: str, django_assert_num_queries: Any
) -> None:
    # The user, the shops, the active one, the page with all that is told of the whole; and for some
    # what rows are called.
    named = by in {"item", "category", "customer"}
    for rows in (1, 6):
        for row in range(rows):
            item = stocked(vendor, category=CategoryFactory(vendor=vendor))
            sale(vendor, item, customer=CustomerFactory(vendor=vendor), channel=f"{row}")
        with django_assert_num_queries(4 + named):
            owner_client.get(REPORT, {"by": by})


class TestFile:
    def test_holds_all_rows(self, owner_client: APIClient, vendor: Vendor, item: Any) -> None:
        for n in range(30):
            sale(vendor, item, channel=f"Stall {n:02}", fees=Decimal(1))
        answer = owner_client.get(REPORT, {"by": "channel", "format": "csv"})
        assert answer["Content-Type"] == "text/csv"
        assert answer["Content-Disposition"] == 'attachment; filename="sales-by-channel.csv"'
        assert answer["Cache-Control"] == "private, no-store"
        header, first, *more = content(answer).split("\r\n")
        assert header == (
            "Channel,Units,Returned,Orders,Revenue,Refunds,Cost,Fees,Postage,Profit,Margin,"
            "Uncosted units,Currency"
        )
        assert first == "Stall 00,1,0,1,10.00,0.00,6.00,1.00,0.00,3.00,30.00,0,USD"
        assert len(more) == 30

    def test_has_sku_and_name_of_items(
        self, owner_client: APIClient, vendor: Vendor, item: Any
    ) -> None:
        sale(vendor, item)
        header, row, _end = content(
            owner_client.get(REPORT, {"by": "item", "format": "csv"})
        ).split("\r\n")
        assert (header[:9], row[:15]) == ("SKU,Name,", "75192-1,Falcon,")

    def test_cells_are_no_formulas(self, owner_client: APIClient, vendor: Vendor) -> None:
        sale(vendor, customer=CustomerFactory(vendor=vendor, name='=HYPERLINK("http://x")'))
        text = content(owner_client.get(REPORT, {"by": "customer", "format": "csv"}))
        assert "\r\n\"'=HYPERLINK" in text

    def test_is_noted_without_what_is_in_it(
        self, owner_client: APIClient, owner: User, vendor: Vendor
    ) -> None:
        sale(vendor, customer=CustomerFactory(vendor=vendor, name="Ann"))
        before = AuditLog.objects.count()
        owner_client.head(REPORT, {"by": "customer", "format": "csv"})
        assert AuditLog.objects.count() == before
        content(owner_client.get(REPORT, {"by": "customer", "format": "csv"}))
        entry = AuditLog.objects.latest("pk")
        assert AuditLog.objects.count() == before + 1
        assert (entry.type, entry.action) == ("export", "exported sales by customer as csv")
        assert (entry.vendor_id, entry.actor_id) == (vendor.pk, owner.pk)

    def test_accept_is_enough_to_ask_for_it(self, owner_client: APIClient) -> None:
        answer = owner_client.get(REPORT, HTTP_ACCEPT="text/csv")
        assert content(answer).startswith("Day,Units,")


def test_valuation_tells_the_gain_of_what_was_sold(
    owner_client: APIClient, vendor: Vendor, item: Any
) -> None:
    for moment in (MARCH, APRIL):
        sale(vendor, item, sold_at=moment)
    valuation = "/api/v1/dashboard/valuation/"
    told = {
        moment: owner_client.get(valuation, {"as_of": moment} if moment else {}).json()
        for moment in ("", "2026-03-31T00:00:00Z", "2026-01-31T00:00:00Z")
    }
    assert [each["realised_gain"] for each in told.values()] == ["8.00", "4.00", "0.00"]
    assert [each["cost_of_goods_sold"] for each in told.values()] == ["12.00", "6.00", "0.00"]
    euros = owner_client.get(valuation, {"currency": "EUR"}).json()
    assert euros["realised_gain"] == "0.00"
    theirs = owner_client.get(valuation, {"vendor": StoreFactory().vendor.pk}).json()
    assert theirs["realised_gain"] == "0.00"
