import json
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.reverse import reverse

from core.json import fault_of
from core.serializers import ScopedRelatedField, StrictSerializer
from inventory.enums import ImportStatus, Repeated, RowOutcome
from inventory.models import ImportJob, ImportRow
from vendors.selectors import get_vendors_for_user

MAPPING = {"number": "sku", "theme": "category", "retailPrice": "value", "year": "attributes.year"}


# A text for Swagger's form, which would fill an object with values that fit no file.
@extend_schema_field(
    {
        "type": "string",
        "description": "JSON: column → field, `attributes.<key>`, or null to leave it out: "
        f"`{json.dumps(MAPPING)}`. Columns that are not named are guessed from their headings.",
        "examples": [""],
    }
)
class MappingField(serializers.JSONField):
    """A JSON object, also as the text that a multipart form can carry."""

    def to_internal_value(self, data: Any) -> dict[str, str | None]:
        if isinstance(data, str):
            try:
                data = json.loads(data or "{}")
            except (ValueError, RecursionError):
                self.fail("invalid")
        if not isinstance(data, dict) or not all(
            isinstance(target, str | None) for target in data.values()
        ):
            self.fail("invalid")
        if fault := fault_of(data):
            raise serializers.ValidationError(fault, "invalid")
        return data


@extend_schema_field(
    {"type": "string", "description": "Id; your active vendor when left out.", "examples": [""]}
)
class VendorInFormField(ScopedRelatedField):
    """Told as a text, empty at first: Swagger's form would send a number it made up."""


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A spreadsheet",
            {"file": "lego_sets.csv", "vendor": "", "mapping": "", "repeated": "fail"},
            request_only=True,
            media_type="multipart/form-data",
        )
    ]
)
class ImportRequestSerializer(StrictSerializer):
    file = serializers.FileField(help_text="CSV or XLSX, up to 10 MB.", max_length=200)
    vendor = VendorInFormField(selector=get_vendors_for_user, required=False, allow_null=True)
    mapping = MappingField(required=False)
    repeated = serializers.ChoiceField(
        choices=Repeated.choices,
        default=Repeated.FAIL,
        help_text="What becomes of a SKU that occurred before in the same file.",
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Half-way",
            {
                "id": 31,
                "vendor": 7,
                "filename": "lego_sets.csv",
                "status": "running",
                "dry_run": False,
                "repeated": "fail",
                "mapping": MAPPING,
                "total": 8102,
                "processed": 4000,
                "progress": 0.494,
                "created": 3741,
                "updated": 0,
                "unchanged": 0,
                "failed": 259,
                "error": "",
                "rows": "/api/v1/catalog/imports/31/rows/",
                "created_at": "2026-11-20T09:30:00Z",
                "started_at": "2026-11-20T09:30:00Z",
                "finished_at": None,
            },
            response_only=True,
            status_codes=["200", "202"],
        )
    ]
)
class ImportJobSerializer(serializers.ModelSerializer):
    status = serializers.ChoiceField(choices=ImportStatus.choices)
    progress = serializers.SerializerMethodField(help_text="From 0 to 1.")
    rows = serializers.SerializerMethodField(help_text="Where the result of every row is.")

    class Meta:
        model = ImportJob
        fields = [
            "id", "vendor", "filename", "status", "dry_run", "repeated", "mapping", "total",
            "processed", "progress", "created", "updated", "unchanged", "failed", "error", "rows",
            "created_at", "started_at", "finished_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_progress(self, job: ImportJob) -> float:
        if job.status == ImportStatus.COMPLETED:
            return 1.0
        return round(job.processed / job.total, 3) if job.total else 0.0

    def get_rows(self, job: ImportJob) -> str:
        return reverse("import-rows", args=[job.pk])


class RowErrorSerializer(serializers.Serializer):
    field = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Done", {"line": 2, "sku": "1271", "outcome": "created", "item": 4711, "errors": []}
        ),
        OpenApiExample(
            "Not done",
            {
                "line": 310,
                "sku": "80035",
                "outcome": "failed",
                "item": None,
                "errors": [
                    {
                        "field": "sku",
                        "code": "repeated_sku",
                        "detail": "SKU 80035 is on line 309 already.",
                    }
                ],
            },
        ),
    ]
)
class ImportRowSerializer(serializers.ModelSerializer):
    outcome = serializers.ChoiceField(choices=RowOutcome.choices)
    item = serializers.IntegerField(source="collectible_id", allow_null=True)
    errors = RowErrorSerializer(many=True)  # type: ignore[assignment]

    class Meta:
        model = ImportRow
        fields = ["line", "sku", "outcome", "item", "errors"]
