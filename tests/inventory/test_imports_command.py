"""Tables into the catalog from the command line, and a real one both ways."""

import csv
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from rest_framework.test import APIClient

from inventory.models import Collectible, ImportJob
from inventory.services import ImportService
from tests.factories import CollectibleFactory
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
LEGO = Path(__file__).parents[3] / "shared" / "data" / "lego_sets.csv"


class TestCommand:
    def test_imports_with_the_same_service(
        self, vendor: Vendor, tmp_path: Path, capsys: Any
    ) -> None:
        file = tmp_path / "t.csv"
        file.write_text("name,sku\nFalcon,A\n,B\n")
        call_command("import_items", str(file), vendor=vendor.slug)
        assert Collectible.objects.get().created_by == vendor.owner
        told = capsys.readouterr().out
        assert "2 rows: 1 created, 0 updated, 0 unchanged, 1 failed" in told
        assert "line 3: A new item needs a name." in told

    def test_dry_run_says_so(self, vendor: Vendor, tmp_path: Path, capsys: Any) -> None:
        file = tmp_path / "t.csv"
        file.write_text("name,sku\nFalcon,A\n")
        call_command("import_items", str(file), vendor=str(vendor.pk), dry_run=True)
        assert "nothing was written" in capsys.readouterr().out
        assert not Collectible.objects.exists()

    @pytest.mark.parametrize(
        ("vendor_name", "file", "mapping", "told"),
        [
            ("nobody", "t.csv", "{}", "no vendor"),
            (None, "missing.csv", "{}", "Cannot read"),
            (None, "t.csv", "{", "not JSON"),
            (None, "t.csv", "[]", "must be a JSON object"),
            (None, "t.csv", '{"x": "name"}', "no column"),
        ],
    )
    def test_says_what_is_wrong(
        self,
        vendor: Vendor,
        tmp_path: Path,
        vendor_name: str | None,
        file: str,
        mapping: str,
        told: str,
    ) -> None:
        (tmp_path / "t.csv").write_text("name,sku\nFalcon,A\n")
        with pytest.raises(CommandError, match=told):
            call_command(
                "import_items",
                str(tmp_path / file),
                vendor=vendor_name or vendor.slug,
                mapping=mapping,
            )

    @pytest.mark.django_db(transaction=True)
    def test_who_holds_the_rows_too_long_is_told_and_no_traceback(
        self, vendor: Vendor, tmp_path: Path
    ) -> None:
        CollectibleFactory(vendor=vendor, sku="A")
        file = tmp_path / "t.csv"
        file.write_text("name,sku\nFalcon,A\n")

        def run() -> None:
            try:
                with connection.cursor() as cursor:
                    cursor.execute("SET lock_timeout = '100ms'")
                call_command("import_items", str(file), vendor=vendor.slug)
            finally:
                connection.close()

        with ThreadPoolExecutor(1) as pool, transaction.atomic():
            Collectible.objects.select_for_update().get()
            with pytest.raises(
                CommandError, match=r"busy or away: import \d+ stopped after 0 rows"
            ):
                pool.submit(run).result(timeout=30)
        job = ImportService.run(job_id=ImportJob.objects.get().pk)
        assert (job.status, job.updated) == ("completed", 1)


@pytest.fixture
def lego_sets(tmp_path: Path) -> Path:
    """The real export where it is at hand; elsewhere a table with the same traits and counts."""
    if LEGO.exists():
        return LEGO
    path = tmp_path / "lego_sets.csv"
    head = ["", "setID", "number", "name", "year", "theme", "pieces", "minifigs", "packagingType",
            "availability", "ageRange", "dimensions", "licensed", "retailPrice"]  # fmt: skip
    size = "{'height': 9.6, 'width': 9.6, 'depth': 3.9}"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        for n in range(8102):
            writer.writerow([n, 220 + n, 1271 + n % 7577, f"Jungle “Café” {n}" if n else
                             "Jungle Surprise", 1999, "Adventurers", "33.0", "1.0", "Box",
                             "Unknown", "{}", size, "False", "2.0"])  # fmt: skip
    return path


class TestRealInput:
    """8,102 LEGO sets as a collector exported them, 525 of them with a repeated number."""

    def test_every_row_of_the_lego_sets_is_accounted_for(
        self, owner_client: APIClient, vendor: Vendor, tmp_path: Path, lego_sets: Path
    ) -> None:
        first, second = (self._take(lego_sets, vendor) for _ in range(2))
        assert (first.created, first.failed, first.processed) == (7577, 525, 8102)
        assert (second.unchanged, second.failed, second.processed) == (7577, 525, 8102)
        exported = tmp_path / "inventory.csv"
        answer = owner_client.get("/api/v1/catalog/items/export/", {"format": "csv"})
        exported.write_bytes(b"".join(answer.streaming_content))
        third = self._take(exported, vendor)
        assert (third.unchanged, third.processed) == (7577, 7577)
        item = Collectible.objects.get(sku="1271")
        assert (item.name, item.category.name, item.value) == (
            "Jungle Surprise", "Adventurers", Decimal(2),
        )  # fmt: skip
        assert item.attributes == {
            "setID": 220, "year": 1999, "pieces": 33, "minifigs": 1, "packagingType": "Box",
            "availability": "Unknown", "licensed": False,
            "dimensions": {"height": 9.6, "width": 9.6, "depth": 3.9},
        }  # fmt: skip

    def _take(self, path: Path, vendor: Vendor) -> ImportJob:
        file = SimpleUploadedFile(path.name, path.read_bytes())
        job = ImportService.request(file=file, vendor=vendor, by=vendor.owner)
        return ImportService.run(job_id=job.pk)
