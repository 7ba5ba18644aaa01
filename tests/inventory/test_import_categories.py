"""Which category a row of a table means: the one that the API would take."""

from itertools import permutations
from typing import Any

import pytest
from rest_framework.test import APIClient

from inventory.models import Category, Collectible
from tests.factories import VendorFactory
from tests.inventory.tables import outcomes, take
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
ITEMS = "/api/v1/catalog/items/"
NAMES = ["Sci Fi", "Sci-Fi", "sci-fi", "sci-fi-2"]


def filed(vendor: Vendor) -> list[tuple[str, str, str]]:
    rows = Collectible.objects.filter(vendor=vendor).order_by("sku")
    return list(rows.values_list("sku", "category__name", "category__slug"))


@pytest.mark.parametrize("names", list(permutations(NAMES)))
def test_rows_are_filed_as_the_api_files_items(
    owner_client: APIClient, vendor: Vendor, names: list[str]
) -> None:
    for sku, name in enumerate(names):
        body = {"name": "Dune", "sku": str(sku), "category": name}
        assert owner_client.post(ITEMS, body).status_code == 201
    other = VendorFactory()
    lines = [f"Dune,{sku},{name},,," for sku, name in enumerate(names)]
    take(other, *lines)
    assert filed(other) == filed(vendor)


@pytest.mark.parametrize("chunk", [1, 1000])
def test_rehearsal_makes_the_same_categories(vendor: Vendor, settings: Any, chunk: int) -> None:
    settings.IMPORT_CHUNK_ROWS = chunk
    lines = [f"Dune,A,{name},,," for name in ("Sci Fi", "Sci-Fi", "sci-fi", "sci-fi-2", "SCI FI")]
    rehearsal = take(vendor, *lines, repeated="update", dry_run=True)
    assert not Category.objects.exists()
    deed = take(vendor, *lines, repeated="update")
    assert outcomes(deed) == outcomes(rehearsal)
    assert [outcome for _line, outcome in outcomes(deed)] == [
        "created", "updated", "unchanged", "unchanged", "updated",
    ]  # fmt: skip
