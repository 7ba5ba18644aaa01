"""A day of a shop, from its first administrator to the books in the evening, over HTTP only."""

import csv
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from rest_framework.test import APIClient

from inventory.selectors import find_drift, find_tampering
from tests.factories import PASSWORD
from tests.flows.test_collector import Collector
from tests.inventory.test_imports_command import lego_sets  # noqa: F401

pytestmark = pytest.mark.django_db(transaction=True)
SETS = 200
SECRET = "a-secret-of-the-server"


def signed_in(pair: dict[str, str]) -> Collector:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {pair['access']}")
    return Collector(client)


def buddy(person: Collector, path: str, body: Any, status: int = 201) -> Any:
    """A call at one of document 003's addresses."""
    answer = person.client.post(f"/api/{path}", body)
    assert answer.status_code == status, answer.content
    return answer.json()


@pytest.fixture
def root(settings: Any) -> Collector:
    """The first administrator, whose address is verified, and who opens a shop."""
    settings.SETUP_SECRET = SECRET
    account = {"email": "root@example.com", "password": PASSWORD}
    nobody = Collector(APIClient())
    buddy(nobody, "admin/register/", {**account, "setup_secret": SECRET})
    nobody.post("auth/email/resend/", {"email": account["email"]}, 204)
    link = mail.outbox[0].body.split("?token=")[1].split()[0]
    nobody.post("auth/email/verify/", {"token": link}, 204)
    root = signed_in(buddy(nobody, "admin/login/", account, 200))
    root.post("vendors/", {"name": "Brick & Card"})
    return root


@pytest.fixture
def bob(root: Collector) -> Collector:
    """A salesperson, who comes in by a token of the shop."""
    token = root.post("access-tokens/", {"notes": "Bob"})["token"]
    said = {"access_token": token, "email": "bob@example.com", "password": PASSWORD}
    nobody = Collector(APIClient())
    bob = signed_in(buddy(nobody, "salesperson/auth/", said, 200))
    assert buddy(nobody, "salesperson/auth/", said, 400)["code"] == "access_token_not_valid"
    return bob


@pytest.fixture
def shelf(root: Collector, lego_sets: Path) -> list[Any]:  # noqa: F811
    """The first two of 200 LEGO sets, imported as they were exported."""
    with lego_sets.open(newline="") as source:
        rows = [row for _n, row in zip(range(SETS + 1), csv.reader(source), strict=False)]
    table = "\r\n".join(",".join(f'"{cell}"' for cell in row) for row in rows)
    job = root.upload("catalog/imports/", "sets.csv", table.encode(), 202)
    counts = root.get(f"catalog/imports/{job['id']}/")
    assert (counts["status"], counts["total"]) == ("completed", SETS)
    assert counts["created"] + counts["failed"] == SETS
    assert root.get("dashboard/summary/")["total_items"] == counts["created"]
    found = root.get("catalog/items/", ordering="created_at", page_size=2)["results"]
    assert [item["quantity"] for item in found] == [1, 1]
    return list(found)


def test_day_of_a_shop(root: Collector, bob: Collector, shelf: list[Any]) -> None:
    item, other = shelf
    deliver(root, bob, item)
    nora = bob.post("customers/", {"name": "Nora Vale", "email": "nora@example.com"})
    sold = sell(bob, item, nora)
    number = change_their_mind(bob, item, nora)
    give_back(bob, sold)
    sell_low(bob, item, other)

    hear(root, bob, item, number)
    books(root, nora)
    deeds(root)
    assert find_drift() == []
    assert find_tampering() == []


def deliver(root: Collector, bob: Collector, item: Any) -> None:
    """The one that was imported cost nothing; eight more come, for 10.00 and for 12.00 each."""
    for cost in ("10.00", "12.00"):
        root.post("stock/receive/", {"item": item["id"], "quantity": 4, "unit_cost": cost})
    root.ask("patch", f"catalog/items/{item['id']}/", {"low_stock_threshold": 4})
    more = {"item": item["id"], "quantity": 1, "unit_cost": "1"}
    assert bob.post("stock/receive/", more, 403)["code"] == "permission_denied"


def sell(bob: Collector, item: Any, nora: Any) -> Any:
    """3 x 30.00 for units of 0.00 + 10.00 + 10.00: 90 - 20 - 5 of fees."""
    sold = buddy(bob, "sales/", {
        "product": item["id"], "quantity": 3, "price": "30.00", "customer": nora["id"],
        "fees": "5.00", "channel": "eBay",
    })  # fmt: skip
    assert (sold["cost"], sold["profit"], sold["net_proceeds"]) == ("20.00", "65.00", "85.00")
    return sold


def change_their_mind(bob: Collector, item: Any, nora: Any) -> str:
    """An order that does not come to be holds its units, and gives them back."""
    wish = [{"item": item["id"], "quantity": 2, "unit_price": "28.00"}]
    order = bob.post("orders/", {"customer": nora["id"], "lines": wish})
    placed = bob.post(f"orders/{order['id']}/place/", None, 200)
    assert available(bob, item) == (6, 4)
    bob.post(f"orders/{order['id']}/cancel/", {"reason": "payment_failed"}, 200)
    assert available(bob, item) == (6, 6)
    return str(placed["number"])


def give_back(bob: Collector, sold: Any) -> None:
    """One comes back: the imported one, which had cost nothing. 60 - 20 - 5."""
    back = {"lines": [{"line": sold["lines"][0]["id"], "quantity": 1}]}
    order = bob.post(f"orders/{sold['id']}/return/", back, 200)
    assert (order["refunded"], order["cost"], order["profit"]) == ("30.00", "20.00", "35.00")


def sell_low(bob: Collector, item: Any, other: Any) -> None:
    """Of seven three go, for 0.00 + 10.00 + 10.00, and with them the warning's four is met."""
    basket = [{"item": item["id"], "quantity": 3, "unit_price": "31.50"},
              {"sku": other["sku"], "quantity": 1, "unit_price": "9.99"}]  # fmt: skip
    sold = bob.post("sales/", {"lines": basket, "discount": "1.00"})
    assert [line["order_discount"] for line in sold["lines"]] == ["0.90", "0.10"]
    assert (sold["total"], sold["cost"], sold["profit"]) == ("103.49", "20.00", "83.49")


def hear(root: Collector, bob: Collector, item: Any, number: str) -> None:
    """Who manages stock is warned, who sells hears of orders, and the customer is thanked."""
    letters = [(*letter.to, letter.subject) for letter in mail.outbox]
    assert ("nora@example.com", f"Your order {number} at Brick & Card") in letters
    warned = [to for to, subject in letters if subject == f"{item['name']} runs low"]
    assert warned == ["root@example.com"]
    orders = {"order_placed", "order_cancelled", "order_returned"}
    assert {row["kind"] for row in bob.get("notifications/")["results"]} == orders
    assert {row["kind"] for row in root.get("notifications/")["results"]} >= {"low_stock", *orders}


def available(person: Collector, item: Any) -> tuple[int, int]:
    """On hand, and free to be sold."""
    there = person.get(f"catalog/items/{item['id']}/availability/")
    return there["on_hand"], there["available"]


def books(root: Collector, nora: Any) -> None:
    """35.00 + 83.49 by hand."""
    report = root.get("reports/sales/", by="customer")
    told = report["total"]
    figures = [told[name] for name in ("units", "revenue", "cost", "fees", "profit")]
    assert figures == [6, "163.49", "40.00", "5.00", "118.49"]
    assert root.get("dashboard/valuation/")["realised_gain"] == "118.49"
    customer = root.get(f"customers/{nora['id']}/")
    assert (customer["orders_count"], customer["total_spent"]) == (1, "60.00")


def deeds(root: Collector) -> None:
    """The log tells of everything, in the order in which it was done."""
    rows = root.get("audit-logs/", page_size=100)["results"]
    told = [row["action"] for row in reversed(rows)]
    expected = [
        "opened shop", "came in", "requested import", "received 4", "received 4", "changed item",
        "created customer", "sold order", "drafted order", "placed order", "cancelled order",
        "took back", "sold order",
    ]  # fmt: skip
    places = iter(told)
    missing = [deed for deed in expected if not any(deed in action for action in places)]
    assert missing == [], told
