"""Customers who ask to be forgotten are, for good; what they bought stays."""

from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from rest_framework.test import APIClient

from core.models import AuditLog, IdempotencyKey
from sales.models import Customer
from sales.services import CustomerService
from tests.factories import CustomerFactory, VendorFactory
from tests.factories.orders import sale
from tests.races import at_once
from tests.sales.test_customers_api import ANN, CUSTOMERS, at
from tests.vendors.people import client_of, refusal
from users.models import User
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
NOBODY = {"name": "Erased customer", "email": "", "phone": "", "address": "", "notes": ""}


@pytest.fixture
def ann(vendor: Vendor) -> Customer:
    row: Customer = CustomerFactory(vendor=vendor, **ANN)
    return row


def known(row: Customer) -> dict[str, str]:
    row.refresh_from_db(from_queryset=Customer.all_objects.all())
    return {name: getattr(row, name) for name in ANN}


@pytest.mark.parametrize("deleted", [False, True])
def test_nothing_is_left_but_what_they_bought(
    owner_client: APIClient, owner: User, ann: Customer, deleted: bool
) -> None:
    order = sale(ann.vendor, customer=ann)
    if deleted:
        ann.delete()
    answer = owner_client.post(at(ann, "erase/"))
    assert (answer.status_code, answer.content) == (204, b"")
    assert known(ann) == NOBODY
    assert (ann.is_deleted, ann.deleted_at, ann.updated_by) == (True, ann.erased_at, owner)
    assert owner_client.get(at(ann)).status_code == 404
    [gone] = owner_client.get(CUSTOMERS, {"is_deleted": "true"}).json()["results"]
    assert gone == {**gone, **NOBODY, "orders_count": 1, "total_spent": "10.00"}
    assert owner_client.get(f"/api/v1/orders/{order.pk}/").json()["customer"] == ann.pk
    [row] = owner_client.get("/api/v1/reports/sales/", {"by": "customer"}).json()["results"]
    assert (row["name"], row["revenue"]) == ("Erased customer", "10.00")


def test_no_answer_that_was_kept_tells_of_them(owner_client: APIClient) -> None:
    """Nor is anything done again."""

    def ask(key: str, where: str, body: Any = None) -> Any:
        return owner_client.post(where, body, headers={"Idempotency-Key": key})

    ann = Customer.objects.get(pk=ask("made", CUSTOMERS, ANN).json()["id"])
    ann.delete()
    restored = ask("back", at(ann, "restore/"))
    other = ask("other", CUSTOMERS, {"name": "Bo"})
    assert (restored.status_code, other.status_code) == (200, 201)
    owner_client.post(at(ann, "erase/"))
    for again in (ask("made", CUSTOMERS, ANN), ask("back", at(ann, "restore/"))):
        assert refusal(again) == (409, "answer_not_kept")
    assert ask("other", CUSTOMERS, {"name": "Bo"}).json() == other.json()
    kept = IdempotencyKey.objects.exclude(body=None)
    assert [row.about for row in kept] == [f"customer {other.json()['id']}"]
    assert known(ann) == NOBODY


def test_nobody_brings_them_back(owner_client: APIClient, ann: Customer) -> None:
    owner_client.post(at(ann, "erase/"))
    assert refusal(owner_client.post(at(ann, "restore/"))) == (409, "customer_erased")
    assert owner_client.post(at(ann, "erase/")).status_code == 204
    with pytest.raises(IntegrityError), transaction.atomic():
        ann.restore()
    assert known(ann) == NOBODY
    deeds = AuditLog.objects.filter(object_type="customer")
    assert list(deeds.values_list("type", "action", "vendor_id", "before", "after")) == [
        ("sales", f"erased customer {ann.pk}", ann.vendor_id, None, None)
    ]


def test_shop_that_is_opened_again_does_not_either(
    owner_client: APIClient, vendor: Vendor, ann: Customer
) -> None:
    owner_client.post(at(ann, "erase/"))
    vendor.delete()
    vendor.restore()
    assert known(ann) == NOBODY
    assert ann.is_deleted


def test_staff_neither_bring_them_back_nor_name_them_anew(
    owner_client: APIClient, ann: Customer, client: Client, admin_user: User
) -> None:
    owner_client.post(at(ann, "erase/"))
    client.force_login(admin_user)
    chosen = {"action": "restore", "_selected_action": ann.pk}
    answer = client.post("/admin/sales/customer/", chosen, follow=True)
    assert [str(each) for each in answer.context["messages"]] == ["0 restored."]
    form = {**ANN, "vendor": ann.vendor_id}
    place = f"/admin/sales/customer/{ann.pk}/change/"
    assert client.post(place, form).status_code == 403
    assert known(ann) == NOBODY


@pytest.mark.parametrize(
    ("role", "status"),
    [("viewer", 403), ("sales", 403), ("manager", 403), ("admin", 204), ("stranger", 404)],
)
def test_those_who_lead_the_shop_may(
    sign_in: Any, vendor: Vendor, ann: Customer, role: str, status: int
) -> None:
    client = client_of(sign_in, vendor, role)
    if role == "stranger":
        VendorFactory(owner=client.user)
    assert client.post(at(ann, "erase/")).status_code == status
    assert (known(ann) == NOBODY) == (status == 204)


def test_anonymous_may_not(anonymous_client: APIClient, ann: Customer) -> None:
    assert anonymous_client.post(at(ann, "erase/")).status_code == 401
    assert known(ann) == ANN


@pytest.mark.django_db(transaction=True)
def test_change_at_the_same_moment_leaves_nothing(owner: User, ann: Customer) -> None:
    change = partial(CustomerService.update, customer=ann, by=owner, **ANN | {"phone": "1"})
    at_once([change, partial(CustomerService.erase, customer=ann, by=owner)] * 3)
    assert known(ann) == NOBODY
