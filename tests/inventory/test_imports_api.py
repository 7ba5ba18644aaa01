"""Tables into the catalog over HTTP."""

import io
import json
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook
from rest_framework.test import APIClient

from inventory.models import Collectible, ImportJob
from inventory.services import ImportService
from tests.factories import VendorFactory
from tests.inventory.tables import table
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
IMPORTS = "/api/v1/catalog/imports/"


class TestApi:
    def test_upload_is_taken_by_the_worker_and_followed(
        self,
        owner_client: APIClient,
        vendor: Vendor,
        django_capture_on_commit_callbacks: Any,
    ) -> None:
        with django_capture_on_commit_callbacks(execute=True):
            answer = owner_client.post(
                IMPORTS, {"file": table("Falcon,75192,,1,1,", ",X,,,,")}, format="multipart"
            )
        assert answer.status_code == 202
        job = ImportJob.objects.get()
        body = answer.json()
        assert (body["status"], body["processed"], body["progress"]) == ("pending", 0, 0.0)
        body = owner_client.get(f"{IMPORTS}{job.pk}/").json()
        for stamp in ("created_at", "started_at", "finished_at"):
            assert body.pop(stamp).endswith("Z")
        assert body == {
            "id": job.pk,
            "vendor": vendor.pk,
            "filename": "table.csv",
            "status": "completed",
            "dry_run": False,
            "repeated": "fail",
            "mapping": {
                "name": "name", "sku": "sku", "category": "category", "value": "value",
                "quantity": "quantity", "year": "attributes.year",
            },
            "total": 2,
            "processed": 2,
            "progress": 1.0,
            "created": 1,
            "updated": 0,
            "unchanged": 0,
            "failed": 1,
            "error": "",
            "rows": f"{IMPORTS}{job.pk}/rows/",
            "plan": None,
        }  # fmt: skip
        rows = owner_client.get(body["rows"]).json()["results"]
        assert rows == [
            {"line": 2, "sku": "75192", "outcome": "created",
             "item": Collectible.objects.get().pk, "errors": []},
            {"line": 3, "sku": "X", "outcome": "failed", "item": None,
             "errors": [
                 {"field": "name", "code": "required", "detail": "A new item needs a name."}
             ]},
        ]  # fmt: skip
        failed = owner_client.get(body["rows"], {"outcome": "failed"}).json()
        assert [row["line"] for row in failed["results"]] == [3]

    def test_mapping_and_dry_run_are_heeded(
        self, owner_client: APIClient, vendor: Vendor, django_capture_on_commit_callbacks: Any
    ) -> None:
        mapping = json.dumps({"colour": None, "label": "name", "no": "sku"})
        file = table("Falcon,1,red", heading="label,no,colour")
        with django_capture_on_commit_callbacks(execute=True):
            answer = owner_client.post(
                f"{IMPORTS}?dry_run=true",
                {"file": file, "mapping": mapping, "vendor": vendor.pk},
                format="multipart",
            )
        body = owner_client.get(f"{IMPORTS}{answer.json()['id']}/").json()
        assert (body["dry_run"], body["created"]) == (True, 1)
        assert not Collectible.objects.exists()

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"file": None}, "file"),
            ({"file": SimpleUploadedFile("t.csv", b"")}, "file"),
            ({"file": SimpleUploadedFile("t.xlsx", b"PK\x03\x04garbage")}, "file"),
            ({"file": SimpleUploadedFile("t.pdf", b"%PDF-1.7 \x00\x01")}, "file"),
            ({"file": table("1", heading="weight")}, "mapping"),
            ({"mapping": "{broken"}, "mapping"),
            ({"mapping": "[1]"}, "mapping"),
            ({"mapping": '{"name": 5}'}, "mapping"),
            ({"mapping": '{"nowhere": "name"}'}, "mapping"),
            ({"mapping": '{"name": "owner"}'}, "mapping"),
            ({"mapping": '{"name": "sku", "year": "sku"}'}, "mapping"),
            ({"repeated": "merge"}, "repeated"),
            ({"vendor": 10**9}, "vendor"),
            ({"colour": "red"}, "colour"),
        ],
    )
    def test_misfit_is_refused_at_once_and_leaves_nothing(
        self, owner_client: APIClient, vendor: Vendor, change: dict[str, Any], field: str
    ) -> None:
        body = {"file": table("F,A,,,,"), **change}
        given = {name: value for name, value in body.items() if value is not None}
        answer = owner_client.post(IMPORTS, given, format="multipart")
        assert answer.status_code == 400, answer.content
        assert answer.json()["errors"][0]["field"] == field
        assert not ImportJob.objects.exists()

    def test_foreign_vendor_answers_as_a_missing_one(self, owner_client: APIClient) -> None:
        answers = [
            owner_client.post(
                IMPORTS, {"file": table("F,A,,,,"), "vendor": key}, format="multipart"
            ).json()["errors"][0]["code"]
            for key in (VendorFactory().pk, 10**9)
        ]
        assert answers == ["does_not_exist"] * 2

    def test_dry_run_that_is_not_understood_is_not_the_deed(self, owner_client: APIClient) -> None:
        answer = owner_client.post(
            f"{IMPORTS}?dry_run=yes", {"file": table("F,A,,,,")}, format="multipart"
        )
        assert answer.status_code == 400
        assert not ImportJob.objects.exists()

    def test_json_is_415(self, owner_client: APIClient) -> None:
        assert owner_client.post(IMPORTS, {"file": "x"}).status_code == 415

    def test_xlsx_with_formulas_keeps_them_as_text(self, vendor: Vendor) -> None:
        book = Workbook()
        book.active.append(["Name", "SKU", "Value", "Quantity"])
        book.active.append(["=SUM(A1:A9)", "75192-1", 849.99, 2])
        stream = io.BytesIO()
        book.save(stream)
        file = SimpleUploadedFile("lego.xlsx", stream.getvalue())
        job = ImportService.request(file=file, vendor=vendor, by=vendor.owner)
        ImportService.run(job_id=job.pk)
        item = Collectible.objects.get()
        assert (item.name, item.value, item.quantity) == ("=SUM(A1:A9)", Decimal("849.99"), 2)
