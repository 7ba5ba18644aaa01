"""Shops of any size: what triggers would have derived is written as they would have written it."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from rest_framework.test import APIClient

from inventory.models import Collectible, StockMovement
from inventory.selectors import find_drift, find_figure_drift, find_tampering
from sales.management.scale import OWNER
from sales.models import Order, OrderLine, SalesEntry
from tests.flows.test_seed import API, sign_in
from vendors.models import Vendor

# VACUUM runs outside of any transaction.
pytestmark = pytest.mark.django_db(transaction=True)
ITEMS = 400


@pytest.fixture(autouse=True)
def _seeded(capsys: Any) -> None:
    call_command("seed_demo", scale=ITEMS)


def test_ledger_is_whole() -> None:
    assert find_drift() == []
    assert find_tampering() == []
    assert find_figure_drift() == []
    kinds = set(StockMovement.objects.values_list("kind", flat=True))
    assert kinds == {"opening", "receipt", "sale"}


def test_owner_sees_the_big_shop_alone(anonymous_client: APIClient) -> None:
    sign_in(anonymous_client, *OWNER)
    own = Collectible.objects.filter(vendor__owner__username="scale")
    assert anonymous_client.get(f"{API}catalog/items/").json()["count"] == own.count()
    assert ITEMS * 0.9 < own.count() < ITEMS
    assert Vendor.objects.count() == 21
    assert Collectible.objects.exclude(vendor__owner__username="scale").count() > ITEMS / 10
    categories = anonymous_client.get(f"{API}catalog/categories/").json()
    assert categories["count"] == 200


def test_lines_are_what_the_journal_says() -> None:
    assert OrderLine.objects.count() == SalesEntry.objects.filter(kind="sale").count() > 5
    assert set(Order.objects.values_list("status", flat=True)) == {"completed"}
    sums = ("fulfilled", "revenue", "cost", "fees", "postage")
    for line in OrderLine.objects.all():
        booked = line.entries.all()
        told = [sum(getattr(entry, name) for entry in booked) for name in ("units", *sums[1:])]
        assert told == [getattr(line, name) for name in sums]


def test_triggers_keys_and_indexes_are_back(anonymous_client: APIClient) -> None:
    """A sale, a new item and a number behave as if nothing had been set aside."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_trigger WHERE tgenabled = 'D'")
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT count(*) FROM pg_constraint WHERE NOT convalidated")
        assert cursor.fetchone() == (0,)
    call_command("migrate", check_unapplied=True)
    call_command("makemigrations", check_changes=True, dry_run=True)
    sign_in(anonymous_client, *OWNER)
    made = anonymous_client.post(f"{API}catalog/items/", {"name": "New", "quantity": 3})
    assert made.status_code == 201, made.content
    sold = {"lines": [{"item": made.json()["id"], "quantity": 2, "unit_price": "5.00"}]}
    assert anonymous_client.post(f"{API}sales/", sold, format="json").status_code == 201
    assert find_drift() == []
    assert find_tampering() == []


def test_it_is_made_once() -> None:
    count = Collectible.objects.count()
    call_command("seed_demo", scale=ITEMS)
    assert Collectible.objects.count() == count


@pytest.mark.parametrize("items", [0, -5])
def test_shop_of_nothing_is_refused(items: int) -> None:
    with pytest.raises(CommandError, match="one item at least"):
        call_command("seed_demo", scale=items)


def test_known_password_is_not_made_in_production(settings: Any) -> None:
    settings.DEMO_ADMINISTRATOR = False
    with pytest.raises(CommandError, match="Not with these settings"):
        call_command("seed_demo", scale=ITEMS)
