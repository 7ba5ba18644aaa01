"""Customers at the door: added, read, changed, deleted and brought back; whole bodies."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from core.audit import HIDDEN
from core.models import AuditLog
from sales.models import Customer
from tests.factories import CustomerFactory, MemberFactory, StoreFactory, VendorFactory
from tests.factories.orders import order, sale
from tests.flows.desk import save
from tests.vendors.people import client_of, refusal
from users.models import User
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
CUSTOMERS = "/api/v1/customers/"
ANN = {
    "name": "Ann Lee", "email": "ann@example.com", "phone": "+1 555 0100",
    "address": "1 Harbour Street", "notes": "Collects Star Wars",
}  # fmt: skip


def at(customer: Customer, verb: str = "") -> str:
    return f"{CUSTOMERS}{customer.pk}/{verb}"


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["name"] for row in answer.json()["results"]]


def test_customer_is_told_in_full(vendor: Vendor, owner_client: APIClient, owner: User) -> None:
    answer = owner_client.post(CUSTOMERS, ANN)
    assert answer.status_code == 201, answer.content
    body, row = answer.json(), Customer.objects.get()
    assert body == {
        "id": row.pk, "vendor": vendor.pk, **ANN, "orders_count": 0, "total_spent": "0.00",
        "last_order_at": None, "created_at": body["created_at"], "updated_at": body["updated_at"],
    }  # fmt: skip
    assert (row.created_by, row.updated_by) == (owner, owner)
    read = owner_client.get(at(row))
    assert (read.json(), read["ETag"]) == (body, answer["ETag"])
    assert owner_client.get(CUSTOMERS).json()["results"] == [body]


def test_a_name_is_enough_and_needed(owner_client: APIClient, vendor: Vendor) -> None:
    body = owner_client.post(CUSTOMERS, {"name": "Bo"}).json()
    assert [body[name] for name in ("email", "phone", "address", "notes")] == [""] * 4
    for wrong in ({}, {"name": ""}, {"name": "x" * 121}, {"name": "Bo", "email": "at home"},
                  {"name": "Bo", "orders_count": 3, "age": 7}):  # fmt: skip
        assert refusal(owner_client.post(CUSTOMERS, wrong)) == (400, "validation_error"), wrong
    assert Customer.objects.count() == 1


def test_customer_is_of_the_named_shop_and_stays_there(
    owner_client: APIClient, owner: User, vendor: Vendor
) -> None:
    other = VendorFactory(owner=owner)
    made = owner_client.post(CUSTOMERS, {"name": "Bo", "vendor": other.pk}).json()
    assert made["vendor"] == other.pk
    place = f"{CUSTOMERS}{made['id']}/"
    moved = owner_client.patch(place, {"vendor": vendor.pk})
    assert moved.json()["errors"] == [
        {"field": "vendor", "code": "immutable", "detail": "A customer stays with their vendor."}
    ]
    assert owner_client.patch(place, {"vendor": other.pk}).status_code == 200
    assert owner_client.get(CUSTOMERS, {"vendor": vendor.pk}).json()["count"] == 0


def test_customer_is_changed(owner_client: APIClient, vendor: Vendor, owner: User) -> None:
    row = CustomerFactory(vendor=vendor, **ANN)
    body = owner_client.patch(at(row), {"phone": "+1 555 0199"}).json()
    assert {name: body[name] for name in ANN} == {**ANN, "phone": "+1 555 0199"}
    assert owner_client.put(at(row), {"name": "Ann Poe"}).json()["name"] == "Ann Poe"
    row.refresh_from_db()
    assert (row.name, row.updated_by) == ("Ann Poe", owner)


def test_deleted_customer_comes_back_with_what_they_bought(
    owner_client: APIClient, vendor: Vendor, owner: User
) -> None:
    row = CustomerFactory(vendor=vendor)
    sale(vendor, customer=row)
    whole = owner_client.get(at(row)).json()
    assert owner_client.delete(at(row)).status_code == 204
    assert owner_client.get(at(row)).status_code == 404
    assert owner_client.get(at(row, "orders/")).status_code == 404
    assert names(owner_client.get(CUSTOMERS)) == []
    gone = owner_client.get(CUSTOMERS, {"is_deleted": "true"}).json()["results"]
    assert [each["total_spent"] for each in gone] == ["10.00"]
    back = owner_client.post(at(row, "restore/"))
    assert back.status_code == 200
    assert back.json() == {**whole, "updated_at": back.json()["updated_at"]}
    assert owner_client.get(at(row))["ETag"] == back["ETag"]
    assert owner_client.post(at(row, "restore/")).status_code == 404


@pytest.mark.parametrize(
    ("role", "read", "write", "gone"),
    [("viewer", 200, 403, 403), ("sales", 200, 204, 200), ("stranger", 404, 404, 200)],
)
def test_each_role_may_what_the_matrix_says(
    sign_in: Any, vendor: Vendor, role: str, read: int, write: int, gone: int
) -> None:
    row, client = CustomerFactory(vendor=vendor), client_of(sign_in, vendor, role)
    if role == "stranger":
        VendorFactory(owner=client.user)
    assert client.get(at(row)).status_code == read
    assert client.get(CUSTOMERS).json()["count"] == (0 if role == "stranger" else 1)
    assert client.delete(at(row)).status_code == write
    deleted = client.get(CUSTOMERS, {"is_deleted": "true"})
    assert deleted.status_code == gone
    assert deleted.json().get("count", 0) == (1 if write == 204 else 0)


def test_deleted_ones_are_shown_only_where_they_can_be_brought_back(
    sign_in: Any, vendor: Vendor, owner: User
) -> None:
    theirs = VendorFactory()
    for shop in (vendor, theirs):
        CustomerFactory(vendor=shop, name=shop.name).delete()
    MemberFactory(vendor=theirs, user=owner, role="viewer")
    assert names(sign_in(owner).get(CUSTOMERS, {"is_deleted": "true"})) == [vendor.name]


def test_log_tells_of_deeds_and_of_nobody(owner_client: APIClient, vendor: Vendor) -> None:
    made = owner_client.post(CUSTOMERS, ANN).json()
    place = f"{CUSTOMERS}{made['id']}/"
    owner_client.patch(place, {"name": "Ann Poe", "address": "2 Harbour Street"})
    owner_client.patch(place, {"name": "Ann Poe"})
    owner_client.delete(place)
    owner_client.post(f"{place}restore/")
    fields = ["type", "action", "vendor_id", "object_type", "before", "after"]
    told = AuditLog.objects.order_by("pk").values_list(*fields)
    hidden = dict.fromkeys(ANN, HIDDEN) | {"vendor_id": vendor.pk}
    change = {"name": HIDDEN, "address": HIDDEN}
    who = (vendor.pk, "customer")
    assert list(told) == [
        ("sales", f"created customer {made['id']}", *who, None, hidden),
        ("sales", f"changed customer {made['id']}", *who, change, change),
        ("sales", f"deleted customer {made['id']}", *who, None, None),
        ("sales", f"restored customer {made['id']}", *who, None, None),
    ]
    assert not [word for word in ("Ann", "Harbour", "+1 555") if word in str(list(told))]


def test_staff_leave_no_name_in_the_log_either(client: Any, admin_user: User) -> None:
    vendor = StoreFactory().vendor
    client.force_login(admin_user)
    form = {**ANN, "vendor": vendor.pk}
    assert client.post("/admin/sales/customer/add/", form).status_code == 302
    row = Customer.objects.get()
    place = f"/admin/sales/customer/{row.pk}/change/"
    assert save(client, place, name="Ann Poe").status_code == 302
    action = {"action": "restore", "_selected_action": row.pk}
    assert (
        client.post(f"/admin/sales/customer/{row.pk}/delete/", {"post": "yes"}).status_code == 302
    )
    assert client.post("/admin/sales/customer/", action).status_code == 302
    verbs = ["added", "changed", "deleted", "restored"]
    told = AuditLog.objects.order_by("pk").values_list("action", "before", "after")
    assert [action for action, *_ in told] == [f"{verb} customer {row.pk}" for verb in verbs]
    assert told[1][1:] == ({"name": HIDDEN}, {"name": HIDDEN})
    assert "Ann" not in str(list(told))


def test_customers_are_searched(owner_client: APIClient, vendor: Vendor) -> None:
    CustomerFactory(vendor=vendor, **ANN)
    CustomerFactory(vendor=vendor, name="Bo", email="bo@example.com", notes="Ann's brother")
    for text in ("ANN", "lee", "ann@EXAMPLE", "555 01"):
        assert names(owner_client.get(CUSTOMERS, {"search": text})) == ["Ann Lee"], text
    assert names(owner_client.get(CUSTOMERS, {"search": "example.com"})) == ["Ann Lee", "Bo"]
    assert names(owner_client.get(CUSTOMERS, {"search": "harbour"})) == []


def test_orders_of_a_customer_are_searched_by_number_alone(
    owner_client: APIClient, vendor: Vendor
) -> None:
    row = CustomerFactory(vendor=vendor, **ANN)
    first, second = [order(vendor, "pending", customer=row) for _ in range(2)]
    for text, found in [("-000001", [first]), ("ord-", [second, first]), ("ann", [])]:
        page = owner_client.get(at(row, "orders/"), {"search": text}).json()
        assert [each["id"] for each in page["results"]] == [each.pk for each in found], text


def test_orders_of_a_customer_are_told_in_full_newest_first(
    owner_client: APIClient, vendor: Vendor
) -> None:
    row = CustomerFactory(vendor=vendor)
    states = ["draft", "pending", "cancelled", "completed", "returned"]
    made = [order(vendor, status, customer=row) for status in states]
    order(vendor, "draft")
    order(vendor, "draft", customer=CustomerFactory(vendor=vendor))
    page = owner_client.get(at(row, "orders/")).json()
    assert [each["status"] for each in page["results"]] == states[::-1]
    assert page["results"] == [
        owner_client.get(f"/api/v1/orders/{each.pk}/").json() for each in made[::-1]
    ]
    draft = owner_client.get(at(row, "orders/"), {"status": "draft"}).json()["results"]
    assert [each["id"] for each in draft] == [made[0].pk]
    for query in ({"status": "lost"}, {"customer": 1}, {"ordering": "name"}):
        assert refusal(owner_client.get(at(row, "orders/"), query)) == (400, "validation_error")
