"""The sample data: there once however often it is loaded, and enough to look around in."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

from inventory.selectors import find_drift, find_tampering
from sales.management.commands.seed_demo import ADMIN, OWNER, SAMPLES
from users.models import User
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
API = "/api/v1/"


def sign_in(client: APIClient, email: str, password: str) -> None:
    answer = client.post(f"{API}auth/token/", {"username": email, "password": password})
    assert answer.status_code == 200, answer.content
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.json()['access']}")


def test_loading_twice_loads_once(capsys: Any) -> None:
    call_command("seed_demo")
    counts = User.objects.count(), Vendor.objects.count(), Vendor.objects.get().items.count()
    call_command("seed_demo")
    assert counts == (2, 1, len(SAMPLES))
    assert Vendor.objects.get().items.count() == len(SAMPLES)
    assert capsys.readouterr().out.splitlines() == [
        f"Loaded {len(SAMPLES)} items into “Brick & Card”.",
        "The sample data is there already.",
    ]


def test_demo_login_works_and_finds_the_sample(anonymous_client: APIClient) -> None:
    call_command("seed_demo")
    sign_in(anonymous_client, *OWNER)
    me = anonymous_client.get(f"{API}auth/me/").json()
    assert (me["username"], me["full_name"], me["role"]) == ("demo", "Robin Keeper", "user")
    assert me["active_vendor"]["name"] == me["company_name"] == "Brick & Card"
    items = anonymous_client.get(f"{API}catalog/items/", {"page_size": 100}).json()
    assert items["count"] == len(SAMPLES)
    assert {item["sku"] for item in items["results"]} == {sample.sku for sample in SAMPLES}
    summary = anonymous_client.get(f"{API}dashboard/summary/").json()
    assert summary["low_stock"] not in {0, len(SAMPLES)}


def test_categories_have_branches_that_lists_include(anonymous_client: APIClient) -> None:
    call_command("seed_demo")
    sign_in(anonymous_client, *OWNER)
    rows = anonymous_client.get(f"{API}catalog/categories/", {"page_size": 100}).json()["results"]
    named = {row["id"]: row["name"] for row in rows}
    assert {row["name"]: named[row["parent"]] for row in rows if row["parent"]} == {
        "Magic": "Trading cards", "Pokémon": "Trading cards", "Silver coins": "Coins",
    }  # fmt: skip
    found = anonymous_client.get(f"{API}catalog/items/", {"category": "Trading cards"}).json()
    assert {item["category"] for item in found["results"]} == {"Magic", "Pokémon"}


def test_administrator_comes_into_the_admin_and_sees_no_shop(
    anonymous_client: APIClient, client: Any
) -> None:
    call_command("seed_demo")
    email, password = ADMIN
    answer = client.post("/admin/login/", {"username": email, "password": password})
    assert (answer.status_code, client.get("/admin/").status_code) == (302, 200)
    sign_in(anonymous_client, *ADMIN)
    assert anonymous_client.get(f"{API}auth/me/").json()["role"] == "admin"
    assert anonymous_client.get(f"{API}catalog/items/").json()["count"] == 0


def test_sample_has_a_past(anonymous_client: APIClient) -> None:
    """Lots at several costs, a second store, values that moved; and the ledger is whole."""
    call_command("seed_demo")
    assert find_drift() == []
    assert find_tampering() == []
    sign_in(anonymous_client, *OWNER)
    figures = anonymous_client.get(f"{API}dashboard/valuation/", {"months": 24}).json()
    worth = [Decimal(point["market_value"]) for point in figures["history"]]
    assert 0 < worth[2] < worth[12] < worth[-1] == Decimal(figures["market_value"])
    assert [share["name"] for share in figures["by_store"]] == ["Main store", "Market stall"]
    transfers = anonymous_client.get(f"{API}stock/transfers/").json()["results"]
    assert {row["status"] for row in transfers} == {"in_transit", "received"}
    assert Decimal(figures["unrealised_gain"]) > 0


def test_sample_has_sold(anonymous_client: APIClient) -> None:
    """Sales of a year with their profit, customers, and orders that are under way."""
    call_command("seed_demo")
    sign_in(anonymous_client, *OWNER)
    orders = anonymous_client.get(f"{API}orders/", {"page_size": 100}).json()["results"]
    assert {row["status"] for row in orders} == {"pending", "confirmed", "completed"}
    report = anonymous_client.get(f"{API}reports/sales/", {"by": "channel"}).json()
    assert {row["name"] for row in report["results"]} >= {"eBay", "Web shop", "Market stall"}
    assert all(Decimal(row["profit"]) > 0 for row in report["results"] if row["name"])
    customers = anonymous_client.get(f"{API}customers/").json()["results"]
    assert customers
    assert all(row["orders_count"] for row in customers)
