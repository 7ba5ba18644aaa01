"""Document 003 (Stock Buddy) to the letter: its addresses, its words, its tests."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.models import ProtectedError
from django.test import TestCase
from django.urls import get_resolver, reverse
from rest_framework.test import APIClient, APITestCase

from inventory.models import Collectible
from sales.models import Customer, Order
from tests.conftest import pair_for
from tests.factories import (
    PASSWORD,
    CollectibleFactory,
    CustomerFactory,
    StoreFactory,
    UserFactory,
    VendorFactory,
)
from tests.factories.orders import sale, stocked
from tests.flows.doors import Shop
from tests.flows.routes import ROUTES
from tests.flows.test_role_matrix import CODES, TABLE, knock, undone
from tests.flows.world import patterns, served
from tests.sales.test_orders_api import faults
from tests.vendors.people import refusal
from users.models import User
from vendors.models import Vendor

# For the id of an item that is made later.
THE_ONE = "the one"
# Address in the document → the route that it stands for.
ADDRESSES = {
    "admin/register/": "admin-register",
    "admin/login/": "admin-login",
    "salesperson/auth/": "salesperson",
    "products/": "product-list",
    "products/<int:pk>/": "product-detail",
    "customers/": "customer-list",
    "customers/<int:pk>/": "customer-detail",
    "sales/": "sale-list",
    "dashboard-stats/": "dashboard-summary",
    "audit-logs/": "audit-log-list",
    "notifications/": "notification-list",
    "system-settings/": "system-settings",
}
ALIASES = {
    path.removeprefix("api/"): pattern
    for path, pattern in patterns(get_resolver().url_patterns)
    if str(pattern.name).startswith("buddy-")
}


def test_addresses_are_those_of_the_document() -> None:
    assert ALIASES.keys() == ADDRESSES.keys()


class Buddy(Shop):
    """A shop whose doors are looked for at the document's addresses."""

    alias = ""

    def address(self, route: str) -> str:
        named = {name: getattr(self, row).pk for name, row in ROUTES[route].items()}
        return reverse(self.alias, kwargs=named)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ADDRESSES)
def test_everybody_gets_what_the_route_gives_them(path: str, sign_in: Any) -> None:
    shop, route = Buddy(), ADDRESSES[path]
    shop.alias = str(ALIASES[path].name)
    clients = {person: sign_in(user) for person, user in shop.people.items()}
    clients["anonymous"] = APIClient()
    wrong = {}
    for method in served(ALIASES[path]) - {"head", "options"}:
        for person, status in TABLE[route][method].items():
            with undone():
                answer = knock(clients[person], shop.as_seen_by(person), route, method)
            if answer[0] != status or (status in CODES and not answer[1]):
                wrong[method, person] = f"{answer} instead of {status}"
    assert wrong == {}


class ProductModelTests(TestCase):
    """By the names of the document's own tests."""

    def test_product_creation(self) -> None:
        product = CollectibleFactory(name="Millennium Falcon", sku="75192-1", quantity=2)
        product.refresh_from_db()
        assert (product.sku, product.quantity, product.low_stock_threshold) == ("75192-1", 2, 10)
        with pytest.raises(ValidationError):
            Collectible(name="", vendor=product.vendor, sku="S", value=-1).full_clean()

    def test_sku_is_unique(self) -> None:
        product = CollectibleFactory(sku="75192-1")
        with pytest.raises(IntegrityError):
            CollectibleFactory(sku="75192-1", vendor=product.vendor)

    def test_sale_relationships(self) -> None:
        """A sale outlives customer, product and seller."""
        vendor = StoreFactory().vendor
        sold = sale(vendor, customer=CustomerFactory(vendor=vendor))
        [line] = sold.lines.all()
        with pytest.raises(ProtectedError):
            line.item.hard_delete()
        with pytest.raises(ProtectedError):
            vendor.owner.delete()
        line.item.delete()
        Customer.all_objects.get().hard_delete()
        kept = Order.objects.get()
        assert (kept.customer, kept.lines.get().name) == (None, line.name)


class StockBuddyAPITests(APITestCase):
    def setUp(self) -> None:
        """Somebody with a shop, signed in."""
        self.user: User = UserFactory()
        self.vendor: Vendor = VendorFactory(owner=self.user)
        StoreFactory(vendor=self.vendor)
        self.sign_in()

    def sign_in(self) -> None:
        self.client.credentials(HTTP_AUTHORIZATION=f"Bearer {pair_for(self.user)['access']}")

    def test_product_api_crud(self) -> None:
        said = {"name": "Galaxy Explorer", "sku": "10497-1", "price": "110.00", "stock_quantity": 5}
        made = self.client.post("/api/products/", said)
        product = made.json()
        assert made.status_code == 201
        assert {**product, **said} == product
        assert (product["value"], product["quantity"]) == ("110.00", 5)
        one = f"/api/products/{product['id']}/"
        assert self.client.get(one).json() == product
        listed = self.client.get("/api/products/").json()
        assert (listed["count"], listed["results"]) == (1, [product])

        changed = self.client.put(one, {"name": "Galaxy Explorer", "price": "99.00"}).json()
        assert (changed["price"], changed["value"], changed["stock_quantity"]) == (
            "99.00", "99.00", 5,
        )  # fmt: skip
        counted = self.client.patch(one, {"stock_quantity": 4}).json()
        assert counted["stock_quantity"] == 4
        stale = {"If-Match": made.headers["ETag"]}
        assert self.client.put(one, said, headers=stale).status_code == 412
        assert self.client.delete(one).status_code == 204
        assert self.client.get(one).status_code == 404

    def test_product_validation(self) -> None:
        for field, value, text in [
            ("price", "0", "Price must be positive"),
            ("price", "-1", "Price must be positive"),
            ("stock_quantity", -1, "Stock cannot be negative"),
        ]:
            answer = self.client.post("/api/products/", {"name": "Falcon", field: value})
            assert refusal(answer) == (400, "validation_error")
            error = {"field": field, "code": "min_value", "detail": text}
            assert answer.json()["errors"] == [error]
        assert Collectible.objects.count() == 0

    def test_customer_crud(self) -> None:
        made = self.client.post("/api/customers/", {"name": "Nora", "email": "n@example.com"})
        customer = made.json()
        assert made.status_code == 201
        one = f"/api/customers/{customer['id']}/"
        assert self.client.get("/api/customers/").json()["results"] == [customer]
        renamed = self.client.put(one, {"name": "Nora Vale"}).json()
        assert (renamed["name"], renamed["orders_count"]) == ("Nora Vale", 0)
        assert self.client.delete(one).status_code == 204
        assert self.client.get(one).status_code == 404

    def test_sale_is_recorded_and_listed(self) -> None:
        product = stocked(self.vendor, 3)
        customer = CustomerFactory(vendor=self.vendor)
        said = {"product": product.pk, "quantity": 2, "customer": customer.pk, "price": "30.00"}
        made = self.client.post("/api/sales/", said)
        sold = made.json()
        assert made.status_code == 201
        assert (sold["status"], sold["total"], sold["cost"], sold["profit"]) == (
            "completed", "60.00", "12.00", "48.00",
        )  # fmt: skip
        assert self.client.get("/api/sales/").json()["results"] == [sold]
        assert self.client.get(f"/api/products/{product.pk}/").json()["stock_quantity"] == 1
        lack = self.client.post("/api/sales/", said)
        assert refusal(lack) == (409, "insufficient_stock")
        free = self.client.post("/api/sales/", {**said, "quantity": 1, "price": "0"})
        assert free.json()["errors"][0]["detail"] == "Price must be positive"
        del said["price"]
        assert self.client.post("/api/sales/", {**said, "quantity": 1}).json()["total"] == "10.00"

    def test_statistics_logs_and_settings(self) -> None:
        CollectibleFactory(vendor=self.vendor, quantity=2, value=Decimal(10))
        stats = self.client.get("/api/dashboard-stats/").json()
        assert (stats["total_items"], stats["total_stock_value"]) == (1, "20.00")
        settled = self.client.put("/api/system-settings/", {"low_stock_threshold": 3})
        assert settled.status_code == 200
        shown = self.client.get("/api/system-settings/").json()
        assert (shown["vendor"], shown["low_stock_threshold"]) == (self.vendor.pk, 3)
        [entry, *_others] = self.client.get("/api/audit-logs/").json()["results"]
        assert (entry["user"], entry["type"]) == (self.user.username, "vendor")

    def test_notifications_are_made_by_administrators(self) -> None:
        said = {"title": "Stocktaking on Sunday", "vendor": self.vendor.pk}
        assert self.client.post("/api/notifications/", said).status_code == 403
        User.objects.filter(pk=self.user.pk).update(is_admin=True)
        self.sign_in()  # what one may do has changed, so the old token has ended
        assert self.client.post("/api/notifications/", said).status_code == 201
        [told] = self.client.get("/api/notifications/").json()["results"]
        assert (told["title"], told["kind"]) == ("Stocktaking on Sunday", "announcement")

    def test_wrong_token_and_no_token_are_refused(self) -> None:
        for header in ("Bearer nonsense", ""):
            self.client.credentials(HTTP_AUTHORIZATION=header)
            assert self.client.get("/api/products/").status_code == 401

    def test_user_needs_an_address(self) -> None:
        with pytest.raises(ValueError, match="address"):
            User.objects.create_user("ann", "", PASSWORD)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"product": THE_ONE, "item": THE_ONE}, {"product": "both"}),
        ({"product": THE_ONE, "price": "7", "unit_price": "9"}, {"price": "both"}),
        ({"product": 2**40}, {"product": "does_not_exist"}),
        ({"item": 2**40}, {"item": "does_not_exist"}),
        ({"product": THE_ONE, "sku": "no"}, {"sku": "mismatch"}),
        ({"product": THE_ONE, "price": "NaN"}, {"price": "invalid"}),
    ],
)  # fmt: skip
def test_fault_of_a_sale_is_told_in_the_word_that_was_said(
    said: dict[str, Any], expected: dict[str, str], db: None, sign_in: Any
) -> None:
    item = stocked(StoreFactory().vendor)
    said = {key: item.pk if value == THE_ONE else value for key, value in said.items()}
    answer = sign_in(item.vendor.owner).post("/api/sales/", {"quantity": 1, **said})
    assert faults(answer) == expected
    assert not Order.objects.exists()


def test_what_was_read_is_sent_back_with_one_change(db: None, sign_in: Any) -> None:
    """In either word; what nobody changed does not stand against it."""
    vendor = StoreFactory().vendor
    client = sign_in(vendor.owner)
    made = client.post("/api/products/", {"name": "Falcon", "quantity": 3}).json()
    one, read = f"/api/products/{made['id']}/", {k: v for k, v in made.items() if v is not None}
    assert client.put(one, read).json()["version"] == made["version"]
    for name, other, new in [
        ("value", "price", "99.00"), ("price", "value", "7.50"),
        ("quantity", "stock_quantity", 7), ("stock_quantity", "quantity", 2),
    ]:  # fmt: skip
        read = client.put(one, {**read, name: new}).json()
        assert (read[name], read[other]) == (new, new)
        read = {k: v for k, v in read.items() if v is not None}


@pytest.mark.parametrize(("price", "quantity"), [("6.0", 3), (6, 3.0), (6.0, "3"), ("6.00", 3)])
def test_what_was_read_may_be_kept_in_another_form(
    db: None, sign_in: Any, price: Any, quantity: Any
) -> None:
    item = CollectibleFactory(value=Decimal(6), quantity=3, vendor=StoreFactory().vendor)
    read = {"price": price, "stock_quantity": quantity}
    client = sign_in(item.vendor.owner)
    told = client.patch(f"/api/products/{item.pk}/", {**read, "value": "7.00", "quantity": 2})
    assert (told.json()["value"], told.json()["quantity"]) == ("7.00", 2)


def test_stock_is_told_in_both_words(db: None, sign_in: Any) -> None:
    """A quantity that is said twice counts as the document's word."""
    vendor = StoreFactory().vendor
    client = sign_in(vendor.owner)
    said = {"name": "Falcon", "quantity": 1, "stock_quantity": 3, "value": "5", "price": "7"}
    made = client.post("/api/products/", said).json()
    assert (made["quantity"], made["value"]) == (3, "7.00")
    item = Collectible.objects.get()
    assert item.quantity == 3
