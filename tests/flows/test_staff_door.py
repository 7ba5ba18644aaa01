"""The staff's door is watched as the API's is, and addresses mean what they say."""

from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from inventory.models import Collectible
from tests.factories import CategoryFactory, CollectibleFactory
from users.models import User
from vendors.models import Vendor

pytestmark = pytest.mark.django_db


def test_sixth_attempt_within_a_minute_is_429(client: Client, settings: Any) -> None:
    settings.RATE_LIMIT_ENABLED = True
    attempt = {"username": "root", "password": "wrong"}
    statuses = [client.post("/admin/login/", attempt).status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]
    assert client.get("/admin/login/").status_code == 200


def test_address_without_its_slash_is_404_and_loses_nothing(owner_client: APIClient) -> None:
    answer = owner_client.post("/api/v1/catalog/items", {"name": "Falcon"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert not Collectible.objects.exists()


@pytest.mark.parametrize(
    "address",
    ["catalog/items/?dry_run=true", "catalog/items/bulk_delete/?dryrun=true", "vendors/?x=1",
     "catalog/categories/?dry_run=true", "catalog/imports/?dryrun=true"],
)  # fmt: skip
def test_write_with_a_parameter_nobody_knows_is_400(
    owner_client: APIClient, owner: User, address: str
) -> None:
    before = owner.vendors.count()
    answer = owner_client.post(f"/api/v1/{address}", {"name": "Falcon", "ids": [1]})
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")
    assert not Collectible.objects.exists()
    assert owner.vendors.count() == before


def test_documentation_is_not_limited(client: Client, settings: Any) -> None:
    settings.RATE_LIMIT_ENABLED = True
    assert {client.get("/api/docs/").status_code for _ in range(70)} == {200}


def test_item_of_a_deleted_shop_is_not_restored_alone(admin_client: Client) -> None:
    item = CollectibleFactory()
    item.vendor.delete()
    chosen = {"action": "restore", "_selected_action": [item.pk]}
    page = admin_client.post("/admin/inventory/collectible/", chosen, follow=True)
    assert "what it belongs to is deleted" in page.content.decode()
    item.refresh_from_db()
    assert item.is_deleted
    chosen["_selected_action"] = [item.vendor_id]
    admin_client.post("/admin/vendors/vendor/", chosen)
    item.refresh_from_db()
    assert not item.is_deleted


def test_branch_grows_where_its_stem_was_not_on_a_deleted_one(
    admin_client: Client, owner_client: APIClient, vendor: Vendor
) -> None:
    stem = CategoryFactory(vendor=vendor)
    fork = CategoryFactory(vendor=vendor, parent=stem)
    leaf = CategoryFactory(vendor=vendor, parent=fork)
    branches = "/api/v1/catalog/categories/"
    for row in (leaf, fork):
        assert owner_client.delete(f"{branches}{row.pk}/").status_code == 204
    chosen = {"action": "restore", "_selected_action": [leaf.pk]}
    admin_client.post("/admin/inventory/category/", chosen)
    assert owner_client.get(f"{branches}{leaf.pk}/").json()["parent"] == stem.pk
