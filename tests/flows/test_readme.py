"""What the README shows is what a new user gets."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[2]
API = "/api/v1"


def test_six_calls_give_what_the_readme_says(django_capture_on_commit_callbacks: Any) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    call_command("seed_demo")
    client = APIClient()
    login = {"email": "demo@omni-stock.example", "password": "demo-collector-2026"}
    token = client.post(f"{API}/auth/token/", login).json()["access"]
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    item = {"name": "Hanging Gardens", "category": "LEGO", "value": "129.90", "quantity": 2}
    assert client.post(f"{API}/catalog/items/", item).json()["id"] > 0
    found = client.get(f"{API}/catalog/items/", {"search": "cafe", "ordering": "-value"}).json()
    assert [each["name"] for each in found["results"]] == ["Café Corner"]
    sample = SimpleUploadedFile(
        "collection.csv", (ROOT / "docs/samples/collection.csv").read_bytes()
    )
    with django_capture_on_commit_callbacks(execute=True):
        job = client.post(f"{API}/catalog/imports/", {"file": sample}, format="multipart").json()
    [failed] = client.get(job["rows"], {"outcome": "failed"}).json()["results"]
    assert failed["errors"][0]["detail"] == "SKU 76269-1 is on line 12 already."
    summary = client.get(f"{API}/dashboard/summary/").json()
    for key in ("total_items", "total_units", "low_stock"):
        assert f'"{key}": {summary[key]}' in readme
    assert f'"total_value": "{summary["total_value"]}"' in readme
    assert f'"total_stock_value": "{summary["total_stock_value"]}"' in readme
    sale = {"sku": "10182-1", "quantity": 1, "unit_price": "1300.00", "fees": "39.00",
            "channel": "eBay"}  # fmt: skip
    sold = client.post(f"{API}/sales/", sale).json()
    for key in ("status", "total", "cost", "profit", "margin", "net_proceeds"):
        assert f'"{key}": "{sold[key]}"' in readme
