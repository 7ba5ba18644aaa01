"""A shop's stores: one default, always in use."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from core.models import AuditLog
from tests.factories import StoreFactory, VendorFactory
from tests.vendors.people import refusal
from users.models import User
from vendors.models import Vendor, VendorStore

pytestmark = pytest.mark.django_db
STORES = "/api/v1/vendor-stores/"


def url(store: VendorStore) -> str:
    return f"{STORES}{store.pk}/"


@pytest.fixture
def default(vendor: Vendor) -> VendorStore:
    store: VendorStore = vendor.stores.get()
    return store


@pytest.fixture
def annex(vendor: Vendor) -> VendorStore:
    store: VendorStore = StoreFactory(vendor=vendor, is_default=False)
    return store


def test_new_store_needs_only_a_name(owner_client: APIClient, owner: User, vendor: Vendor) -> None:
    Vendor.objects.update(currency="EUR")
    answer = owner_client.post(STORES, {"name": "Flea market", "type": "popup"})
    store = VendorStore.objects.get(name="Flea market")
    assert (answer.status_code, answer.json()) == (
        201,
        {
            "id": store.pk, "vendor_id": vendor.pk, "name": "Flea market", "slug": "flea-market",
            "type": "popup", "address": "", "currency": "EUR", "is_active": True,
            "is_default": False,
        },
    )  # fmt: skip
    assert store.created_by == owner
    again = owner_client.post(STORES, {"name": "Flea market"}).json()
    assert again["slug"] == "flea-market-2"
    assert AuditLog.objects.filter(action="opened store “Flea market”").count() == 2


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"name": ""}, "name", "blank"),
        ({"type": "cave"}, "type", "invalid_choice"),
        ({"currency": "XXX"}, "currency", "currency"),
        ({"vendor_id": 0}, "vendor_id", "does_not_exist"),
        ({"colour": "red"}, "colour", "unknown_field"),
    ],
)
def test_bad_input_is_named(
    owner_client: APIClient, change: dict[str, Any], field: str, code: str
) -> None:
    answer = owner_client.post(STORES, {"name": "Annex", **change})
    assert refusal(answer) == (400, "validation_error")
    assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [(field, code)]
    assert VendorStore.objects.count() == 1


def test_first_store_is_the_default(owner_client: APIClient, owner: User) -> None:
    bare = VendorFactory(owner=owner)
    body = {"name": "Annex", "vendor_id": bare.pk}
    assert owner_client.post(STORES, body).json()["is_default"] is True
    body["name"] = "Second"
    assert owner_client.post(STORES, body).json()["is_default"] is False


def test_default_moves(owner_client: APIClient, default: VendorStore, annex: VendorStore) -> None:
    assert owner_client.patch(url(annex), {"is_default": True}).json()["is_default"] is True
    made = owner_client.post(STORES, {"name": "Third", "is_default": True}).json()
    assert [store.pk for store in VendorStore.objects.filter(is_default=True)] == [made["id"]]
    assert owner_client.delete(url(default)).status_code == 204


def test_default_is_neither_closed_nor_paused_nor_given_up(
    owner_client: APIClient, default: VendorStore, annex: VendorStore
) -> None:
    needed = (409, "default_store_needed")
    assert refusal(owner_client.delete(url(default))) == needed
    for change in ({"is_active": False}, {"is_default": False}):
        assert refusal(owner_client.patch(url(default), change)) == needed
    forged = {"is_active": False, "is_default": True}
    assert refusal(owner_client.patch(url(annex), forged)) == needed
    assert refusal(owner_client.post(STORES, {"name": "New", **forged})) == needed
    assert VendorStore.objects.get(is_default=True) == default
    assert not AuditLog.objects.exists()


def test_change_is_told_once_and_the_slug_stays(
    owner_client: APIClient, owner: User, annex: VendorStore
) -> None:
    before = owner_client.get(url(annex)).json()
    after = owner_client.patch(url(annex), {"name": "Cellar"}).json()
    assert after == {**before, "name": "Cellar"}
    assert owner_client.put(url(annex), after).json() == after
    annex.refresh_from_db()
    assert (annex.version, annex.updated_by) == (2, owner)
    assert [entry.action for entry in AuditLog.objects.all()] == ["changed store “Cellar”"]


def test_store_stays_with_its_shop(
    owner_client: APIClient, owner: User, annex: VendorStore
) -> None:
    other = VendorFactory(owner=owner)
    answer = owner_client.patch(url(annex), {"vendor_id": other.pk})
    assert [error["code"] for error in answer.json()["errors"]] == ["immutable"]


def test_list_is_filtered_and_costs_three_queries(
    owner_client: APIClient, vendor: Vendor, annex: VendorStore, django_assert_num_queries: Any
) -> None:
    StoreFactory(vendor=vendor, name="Web", type="online", is_default=False, is_active=False)
    with django_assert_num_queries(3):  # user, count, page
        assert owner_client.get(STORES).json()["count"] == 3
    for query, count in (
        ({"type": "online"}, 1), ({"is_active": "true"}, 2), ({"search": "we"}, 1),
        ({"vendor": vendor.pk}, 3), ({"vendor": 0}, 0), ({"ordering": "-created_at"}, 3),
    ):  # fmt: skip
        assert owner_client.get(STORES, query).json()["count"] == count, query
    assert owner_client.get(STORES, {"type": "cave"}).status_code == 400


def test_choosing_a_store_chooses_its_shop(
    owner_client: APIClient, owner: User, annex: VendorStore
) -> None:
    other = StoreFactory(vendor__owner=owner)
    for store in (other, annex):
        answer = owner_client.post(f"{STORES}select/", {"store": store.pk}).json()
        assert answer["active_vendor"]["id"] == store.vendor_id
        assert answer["active_store"]["id"] == store.pk
    assert AuditLog.objects.count() == 2


def test_store_that_is_not_in_use_is_not_chosen(
    owner_client: APIClient, vendor: Vendor, annex: VendorStore
) -> None:
    VendorStore.objects.filter(pk=annex.pk).update(is_active=False)
    shop = {"vendor": vendor.pk}
    for place, more in ((STORES, {}), ("/api/v1/vendor-members/", shop)):
        answer = owner_client.post(f"{place}select/", {**more, "store": annex.pk})
        assert refusal(answer) == (400, "validation_error"), answer.content
        assert [error["field"] for error in answer.json()["errors"]] == ["store"]
