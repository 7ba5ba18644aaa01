"""How cells of a table are read as amounts and quantities: as they are meant, or not at all."""

from decimal import Decimal

import pytest

from core.fields import CURRENCIES
from inventory.models import Collectible
from tests.inventory.tables import faults, take
from vendors.models import Vendor

pytestmark = pytest.mark.django_db


def valued(vendor: Vendor, *texts: str) -> list[Decimal]:
    take(vendor, *(f'F,{n:03},,"{text}",1,' for n, text in enumerate(texts)))
    return [*Collectible.objects.order_by("sku").values_list("value", flat=True)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 234,50 €", "1234.50"), ("1\u202f234,50\xa0€", "1234.50"), ("CHF 1'234.50", "1234.50"),
        ("1.234.567", "1234567"), ("1,234,567.8", "1234567.80"), ("0,125", "0.13"), (".5", "0.50"),
        ("5.", "5.00"), ("1234,567", "1234.57"), ("$5 USD", "5.00"), ("usd 5", "5.00"),
        ("US$ 5", "5.00"), ("5,- €", "5.00"), ("CHF 5.-", "5.00"), ("kr 5", "5.00"),
        ("5 Euro", "5.00"), ("5zł", "5.00"), ("£5", "5.00"), ("5¥", "5.00"), ("+5", "5.00"),
        ("US $19.99", "19.99"), ("C $5", "5.00"), ("Rs. 5", "5.00"), ("5 kr.", "5.00"),
    ],
)  # fmt: skip
def test_amount_has_its_currency_around_it(vendor: Vendor, text: str, value: str) -> None:
    assert valued(vendor, text) == [Decimal(value)]


def test_every_code_that_an_item_may_have_is_one(vendor: Vendor) -> None:
    texts = [f"{code}5" for code in CURRENCIES] + [f"5 {code}" for code in CURRENCIES]
    assert valued(vendor, *texts) == [Decimal(5)] * len(texts)


@pytest.mark.parametrize(
    "text",
    [
        "2k", "2 K", "1.5M", "10 mio", "10 Mrd", "5 k€", "$5k", "M$5", "(12.50)", "($12.50)",
        "12.50-", "12.50 -", "−12.50", "5%", "~5", "5?", "5 x", "12 50", "1 2", "1.2,3", "1,23.50",
        "1,234,50", "1.234.56", "$", "€ ,", "-", ".", "5/2", "5 6 €", "1e3", "abc5", "XYZ 5",
    ],
)  # fmt: skip
def test_amount_that_may_mean_another_is_refused(vendor: Vendor, text: str) -> None:
    job = take(vendor, f'F,A,,"{text}",1,')
    assert faults(job) == [(2, "value", "invalid")]


@pytest.mark.parametrize("column", ["quantity", "low stock threshold"])
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("1.000", "ambiguous"), ("12.000", "ambiguous"), ("999.999", "ambiguous"),
        ("1.5", "invalid"), ("2k", "invalid"), ("(5)", "invalid"), ("5-", "invalid"),
        ("0,125", "invalid"),
    ],
)  # fmt: skip
def test_quantity_that_may_be_thousands_is_refused(
    vendor: Vendor, column: str, text: str, code: str
) -> None:
    job = take(vendor, f'F,A,"{text}"', heading=f"name,sku,{column}")
    assert faults(job) == [(2, column.replace(" ", "_"), code)]


@pytest.mark.parametrize(
    ("text", "quantity"), [("33.0", 33), ("33.00", 33), ("1,000", 1000), ("0.000", 0), ("7", 7)]
)
def test_quantity_that_can_only_mean_one_is_read(vendor: Vendor, text: str, quantity: int) -> None:
    take(vendor, f'F,A,"{text}"', heading="name,sku,quantity")
    assert Collectible.objects.get().quantity == quantity
