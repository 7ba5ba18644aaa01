import csv
import io
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, F, QuerySet, Sum
from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.functional import cached_property
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ModelViewSet

from benchmarks.plain.serializers import ItemSerializer
from core.models import AuditLog
from inventory.models import Category, Collectible, ImportRow, StockLevel, StockMovement
from vendors.models import Vendor, VendorStore


def items_of(user: Any) -> QuerySet[Collectible]:
    found: QuerySet[Collectible] = Collectible.objects.filter(vendor__owner=user)
    return found


def sent(request: Request) -> Any:
    return request.data


class ItemViewSet(ModelViewSet):
    serializer_class = ItemSerializer
    filterset_fields = ["category", "condition", "is_active"]
    search_fields = ["name", "sku", "description"]

    def get_queryset(self) -> QuerySet[Collectible]:
        detailed = items_of(self.request.user).select_related("vendor", "category")
        return detailed.prefetch_related("images").order_by("-created_at", "-id")

    def perform_create(self, serializer: Any) -> None:
        vendor = self.request.user.active_vendor  # type: ignore[union-attr]
        category = sent(self.request).get("category")
        by = self.request.user
        serializer.save(vendor=vendor, category_id=category, created_by=by, updated_by=by)

    @action(detail=False, methods=["post"])
    def bulk_update(self, request: Request) -> Response:
        done = 0
        for item in self.get_queryset().filter(pk__in=sent(request)["ids"]):
            for name, value in sent(request)["updates"].items():
                setattr(item, name, value)
            item.save()
            done += 1
        return Response({"updated": done, "missing": [], "errors": []})

    @action(detail=False, methods=["post"])
    def bulk_delete(self, request: Request) -> Response:
        done = 0
        for item in self.get_queryset().filter(pk__in=sent(request)["ids"]):
            item.is_deleted, item.deleted_at = True, timezone.now()
            item.save()
            done += 1
        return Response({"deleted": done, "missing": [], "errors": []})

    @action(detail=False)
    def export(self, request: Request) -> StreamingHttpResponse:
        rows = self.filter_queryset(self.get_queryset()).prefetch_related(None)
        return StreamingHttpResponse(csv_lines(rows), content_type="text/csv")


class Echo:
    def write(self, text: str) -> str:
        return text


def csv_lines(rows: QuerySet[Collectible]) -> Iterator[str]:
    """As Django's documentation streams a large CSV file."""
    writer = csv.writer(Echo())
    yield writer.writerow(["Name", "SKU", "Category", "Value", "Quantity"])
    for item in rows.iterator():
        category = item.category.name if item.category else ""
        yield writer.writerow([item.name, item.sku, category, item.value, item.quantity])


class SummaryView(APIView):
    def get(self, request: Request) -> Response:
        items = items_of(request.user)
        sums = items.aggregate(
            total_items=Count("pk"),
            total_value=Sum("value"),
            total_stock_value=Sum(F("value") * F("quantity")),
            total_units=Sum("quantity"),
        )
        month = timezone.now() - timedelta(days=30)
        categories = items.values("category__name").annotate(count=Count("pk"))
        recent = items.select_related("vendor", "category").prefetch_related("images")
        return Response(
            {
                **sums,
                "total_vendors": Vendor.objects.filter(owner_id=request.user.pk).count(),
                "low_stock": items.filter(quantity__lte=F("low_stock_threshold")).count(),
                "items_this_month": items.filter(created_at__gte=month).count(),
                "items_by_category": [
                    {"category": row["category__name"], "count": row["count"]}
                    for row in categories.order_by("-count")
                ],
                "recent_items": ItemSerializer(
                    recent.order_by("-created_at", "-id")[:5], many=True
                ).data,
            }
        )


class TextParser(BaseParser):
    media_type = "text/csv"

    def parse(self, stream: Any, *args: Any, **kwargs: Any) -> Any:
        return stream.read().decode()


class ImportView(APIView):
    """The items alone."""

    parser_classes = [TextParser]

    def post(self, request: Request) -> Response:
        vendor: Any = request.user.active_vendor  # type: ignore[union-attr]
        categories = dict(Category.objects.filter(vendor=vendor).values_list("name", "pk"))
        created, errors = 0, []
        for line, row in enumerate(csv.DictReader(io.StringIO(sent(request))), 2):
            values = {name.lower(): text for name, text in row.items() if name != "Category"}
            serializer = ItemSerializer(data=values)
            if serializer.is_valid():
                category = categories.get(row["Category"])
                by = request.user
                owned = {"vendor": vendor, "created_by": by, "updated_by": by}
                self.add(line, serializer, category_id=category, **owned)
                created += 1
            else:
                errors.append({"line": line, "errors": serializer.errors})
        return Response({"created": created, "failed": len(errors)}, status=status.HTTP_201_CREATED)

    def add(self, line: int, serializer: Any, **values: Any) -> None:
        serializer.save(**values)


class LedgerImportView(ImportView):
    """And what ours keeps besides, as far as such an application has it."""

    @cached_property
    def store(self) -> VendorStore:
        vendor = self.request.user.active_vendor  # type: ignore[union-attr]
        return VendorStore.objects.get(vendor=vendor, is_default=True)

    @cached_property
    def job(self) -> int:
        return time.time_ns()

    @transaction.atomic
    def add(self, line: int, serializer: Any, **values: Any) -> None:
        item, by = serializer.save(**values), values["created_by"]
        if item.quantity:
            StockMovement.objects.create(
                item=item, store=self.store, vendor=item.vendor, actor=by, kind="opening",
                quantity=item.quantity, sequence=1,
            )  # fmt: skip
            StockLevel.objects.create(item=item, store=self.store, on_hand=item.quantity)
        AuditLog.objects.create(
            type="IMPORT", user=by.username, actor=by, vendor=item.vendor,
            action=f"imported item “{item.name}”", object_type="collectible", object_id=item.pk,
        )  # fmt: skip
        ImportRow.objects.create(
            job_id=self.job, line=line, sku=item.sku, outcome="created", collectible=item
        )
