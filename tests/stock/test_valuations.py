"""What items are worth: an append-only history, whose newest entry is the item's value."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from core.models import AuditLog
from inventory.models import Collectible, Valuation
from inventory.services import CollectibleService, ImportService
from tests.factories import CategoryFactory, CollectibleFactory
from tests.vendors.people import PEOPLE, client_of, refusal
from users.models import User
from vendors.models import Vendor, VendorStore

pytestmark = pytest.mark.django_db
BULK = "/api/v1/catalog/valuations/bulk/"
FIGURES = "/api/v1/dashboard/valuation/"


def of(item: Collectible) -> str:
    return f"/api/v1/catalog/items/{item.pk}/valuations/"


@pytest.fixture
def valued(owner_client: APIClient, item: Collectible) -> Any:
    def valued(amount: str, moment: str = "", **more: Any) -> dict[str, Any]:
        said = {"valued_at": f"{moment}T00:00:00Z"} if moment else {}
        answer = owner_client.post(of(item), {"amount": amount, "source": "x", **said, **more})
        assert answer.status_code == 201, answer.content
        body: dict[str, Any] = answer.json()
        return body

    return valued


def value(item: Collectible) -> Decimal:
    item.refresh_from_db()
    return item.value


def test_valuation_is_told_in_full_and_becomes_the_value(
    valued: Any, item: Collectible, owner_client: APIClient, owner: User
) -> None:
    before = item.version
    told = valued("99.50", "2026-03-01")
    assert told == {
        "id": told["id"], "item": item.pk, "amount": "99.50", "currency": "USD", "source": "x",
        "valued_at": "2026-03-01T00:00:00Z", "recorded_at": told["recorded_at"],
    }  # fmt: skip
    assert told["recorded_at"]
    assert owner_client.get(of(item)).json()["results"] == [told]
    assert (value(item), item.version) == (Decimal("99.50"), before + 1)
    entry = AuditLog.objects.get(type="stock")
    assert (entry.action, entry.actor_id) == (f"valued item “{item.name}”", owner.pk)
    assert entry.after == {"value": "99.50", "currency": "USD", "source": "x"}


def test_older_valuation_does_not_replace_a_newer_one(valued: Any, item: Collectible) -> None:
    valued("50.00", "2026-05-01")
    valued("20.00", "2026-02-01")
    assert value(item) == Decimal("50.00")
    valued("60.00", currency="EUR")
    assert (value(item), item.currency) == (Decimal("60.00"), "EUR")


def test_value_given_otherwise_is_in_the_history(
    owner: User, vendor: Vendor, item: Collectible, owner_client: APIClient
) -> None:
    CollectibleService.update(collectible=item, by=owner, value=Decimal(5))
    table = SimpleUploadedFile("t.csv", f"sku,value\n{item.sku},7\n".encode())
    ImportService.run(job_id=ImportService.request(file=table, vendor=vendor, by=owner).pk)
    owner_client.post(
        "/api/v1/catalog/items/bulk_update/", {"ids": [item.pk], "updates": {"value": "8"}}
    )
    rows = owner_client.get(of(item)).json()["results"]
    assert [(row["amount"], row["source"]) for row in rows] == [
        ("8.00", "catalog"), ("7.00", "catalog"), ("5.00", "catalog"),
    ]  # fmt: skip
    assert set(Valuation.objects.values_list("actor_id", flat=True)) == {owner.pk}


def test_many_are_valued_at_once_or_none(
    owner_client: APIClient, item: Collectible, vendor: Vendor
) -> None:
    other = CollectibleFactory(vendor=vendor)
    rows = [{"item": each.pk, "amount": "5.00", "source": "eBay"} for each in (item, other)]
    answer = owner_client.post(BULK, {"valuations": rows})
    assert answer.status_code == 201
    assert [(v["item"], v["amount"]) for v in answer.json()["valuations"]] == [
        (item.pk, "5.00"), (other.pk, "5.00"),
    ]  # fmt: skip
    foreign = CollectibleFactory()
    wrong = [*rows, {"item": foreign.pk, "amount": "1", "source": "x"}]
    answer = owner_client.post(BULK, {"valuations": wrong})
    assert answer.json()["errors"][0]["field"] == "valuations.2.item"
    assert Valuation.objects.count() == 2


@pytest.mark.parametrize("role", PEOPLE)
def test_history_is_for_everybody_who_works_there(
    role: str, valued: Any, item: Collectible, vendor: Vendor, sign_in: Any
) -> None:
    valued("5")
    answer = client_of(sign_in, vendor, role).get(of(item))
    assert answer.status_code == (404 if role == "stranger" else 200)
    assert APIClient().get(of(item)).status_code == 401


def test_history_is_only_added_to(owner_client: APIClient, item: Collectible, valued: Any) -> None:
    key = valued("5")["id"]
    for method in ("put", "patch", "delete"):
        assert getattr(owner_client, method)(of(item)).status_code == 405
        assert getattr(owner_client, method)(f"{of(item)}{key}/").status_code == 404
    assert owner_client.get(BULK).status_code == 405


@pytest.mark.parametrize(
    ("said", "field", "code"),
    [
        ({"amount": "-1"}, "amount", "min_value"),
        ({"amount": "1" * 20}, "amount", "max_digits"),
        ({"amount": "Infinity"}, "amount", "invalid"),
        ({"amount": None}, "amount", "null"),
        ({"source": ""}, "source", "blank"),
        ({"source": "x" * 61}, "source", "max_length"),
        ({"currency": "ZZZ"}, "currency", "currency"),
        ({"valued_at": "2100-01-01T00:00:00Z"}, "valued_at", "in_future"),
        ({"valued_at": "0001-01-01T00:00:00+14:00"}, "valued_at", "overflow"),
        ({"vendor": 1}, "vendor", "unknown_field"),
    ],
)
def test_fault_is_told_by_its_field(
    said: dict[str, Any], field: str, code: str, owner_client: APIClient, item: Collectible
) -> None:
    body = {"amount": "1.00", "source": "x", **said}
    answer = owner_client.post(of(item), body)
    assert refusal(answer)[0] == 400
    assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [(field, code)]
    answer = owner_client.post(BULK, {"valuations": [{"item": item.pk, **body}]})
    assert answer.json()["errors"][0]["field"] == f"valuations.0.{field}"


def test_bulk_has_its_bounds(owner_client: APIClient, item: Collectible) -> None:
    row = {"item": item.pk, "amount": "1", "source": "x"}
    wrong: list[Any] = [[], [row] * 1001, {}, None, [1]]
    for rows in wrong:
        assert refusal(owner_client.post(BULK, {"valuations": rows}))[0] == 400


def test_bulk_asks_once_for_all_its_items(
    owner_client: APIClient, vendor: Vendor, django_assert_max_num_queries: Any
) -> None:
    items = CollectibleFactory.create_batch(30, vendor=vendor)
    foreign = CollectibleFactory.create_batch(30)
    rows = [{"item": item.pk, "amount": "1", "source": "x"} for item in [*items, *items]]
    with django_assert_max_num_queries(20):
        assert owner_client.post(BULK, {"valuations": rows}).status_code == 201
    strange = [*({**rows[0], "item": each.pk} for each in foreign), {**rows[0], "item": 2**70}]
    with django_assert_max_num_queries(20):
        answer = owner_client.post(BULK, {"valuations": [rows[0], *strange]})
    told = [(error["field"], error["code"]) for error in answer.json()["errors"]]
    assert told == [(f"valuations.{at}.item", "does_not_exist") for at in range(1, 32)]


def test_figures_are_told_in_full(
    owner_client: APIClient, vendor: Vendor, store: VendorStore, owner: User, item: Collectible,
    receipts: Any, valued: Any,
) -> None:  # fmt: skip
    category = CategoryFactory(vendor=vendor, name="LEGO")
    CollectibleService.update(collectible=item, by=owner, category=category.pk)
    CollectibleFactory(vendor=vendor, quantity=2)  # cost nothing, never valued
    valued("100.00", "2026-02-20")
    query = {"as_of": "2026-03-20T12:00:00Z", "months": 3}
    told = owner_client.get(FIGURES, query).json()
    # 3 lots of 69, 38 and 10 days: (3 × 69 + 5 × 38 + 2 × 10) / 10.
    whole = {
        "units": 10, "cost_on_hand": "810.00", "market_value": "1000.00",
        "unrealised_gain": "190.00", "return_on_investment": "0.2346", "unvalued_units": 0,
        "holding_days": "41.7",
    }  # fmt: skip
    assert told == {
        **whole, "currency": "USD", "as_of": "2026-03-20T12:00:00Z", "known_at": None,
        "units_in_transit": 0, "cost_in_transit": "0.00",
        "cost_of_goods_sold": "0.00", "realised_gain": "0.00", "written_off": "0.00",
        "by_category": [{**whole, "id": category.pk, "name": "LEGO"}],
        "by_store": [{**whole, "id": store.pk, "name": store.name}],
        "history": [
            {"at": "2026-02-01T00:00:00Z", "units": 3, "cost_on_hand": "220.00",
             "market_value": "0.00"},
            {"at": "2026-03-01T00:00:00Z", "units": 8, "cost_on_hand": "620.00",
             "market_value": "800.00"},
            {"at": "2026-03-20T12:00:00Z", "units": 10, "cost_on_hand": "810.00",
             "market_value": "1000.00"},
        ],
        "others": [],
    }  # fmt: skip
    now = owner_client.get(FIGURES).json()
    assert (now["units"], now["unvalued_units"], now["unrealised_gain"]) == (12, 2, "190.00")


@pytest.mark.parametrize("role", [*PEOPLE, "anonymous"])
def test_figures_are_of_ones_own_shops(
    role: str, vendor: Vendor, receipts: Any, sign_in: Any, django_assert_max_num_queries: Any
) -> None:
    client = APIClient() if role == "anonymous" else client_of(sign_in, vendor, role)
    with django_assert_max_num_queries(10):
        answer = client.get(FIGURES, {"vendor": vendor.pk})
    if role == "anonymous":
        assert answer.status_code == 401
    else:
        assert answer.json()["units"] == (0 if role == "stranger" else 10)


@pytest.mark.parametrize(
    "query",
    [{"months": "0"}, {"months": "121"}, {"currency": "ZZZ"}, {"vendor": "x"}, {"vendor": "0"},
     {"as_of": "x"}, {"as_of": ""}, {"foo": "1"}, {"foo": ""}],
)  # fmt: skip
def test_figures_refuse_what_is_not_understood(
    query: dict[str, str], owner_client: APIClient
) -> None:
    assert refusal(owner_client.get(FIGURES, query)) == (400, "validation_error")


def test_figures_take_empty_values_for_none(owner_client: APIClient, vendor: Vendor) -> None:
    query = {"vendor": "", "currency": "", "months": ""}
    told = owner_client.get(FIGURES, query).json()
    assert (told["currency"], len(told["history"])) == (vendor.currency, 12)


def test_gain_on_what_cost_a_cent_is_told(owner_client: APIClient, vendor: Vendor) -> None:
    item = CollectibleFactory(vendor=vendor, quantity=0, value=Decimal("999999999999.99"))
    freight = {"kind": "postage", "amount": "0.01"}
    receipt = {"item": item.pk, "quantity": 10**9, "unit_cost": "0", "landed_costs": [freight]}
    assert owner_client.post("/api/v1/stock/receive/", receipt).status_code == 201
    told = owner_client.get(FIGURES).json()
    assert told["market_value"] == "999999999999990000000.00"
    assert told["return_on_investment"] == "99999999999998999999999.0000"
