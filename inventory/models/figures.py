"""What triggers keep of each vendor's catalog: its version, its figures, and what has changed."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models.functions import Now

from inventory.enums import Facet


def _figure() -> models.BigIntegerField[Any, Any]:
    """Without a check: a figure that is off is mended, not a reason to refuse a sale."""
    return models.BigIntegerField(db_default=0)


class CatalogVersion(models.Model):
    """Counts the changes of a vendor's catalog, and keeps its figures: sums over living items.

    Both by triggers, whoever writes, however. What is cached of a catalog is kept under the
    version, so it is never shown when stale. Money is a plain sum over currencies.
    """

    vendor = models.OneToOneField("vendors.Vendor", on_delete=models.CASCADE, primary_key=True)
    version = models.PositiveBigIntegerField(default=0)
    items = _figure()
    units = _figure()
    value = models.DecimalField(max_digits=38, decimal_places=2, db_default=Decimal(0))
    stock_value = models.DecimalField(max_digits=38, decimal_places=2, db_default=Decimal(0))
    low_stock = _figure()

    def __str__(self) -> str:
        return str(self.version)


class CatalogCount(models.Model):
    """How many living items a vendor has in a category, or added on a day; kept by triggers."""

    # No keys to rows that may go: a count of nothing must not hold a category.
    pk = models.CompositePrimaryKey("vendor_id", "facet", "key")
    vendor = models.ForeignKey(
        "vendors.Vendor", on_delete=models.CASCADE, db_index=False, related_name="+"
    )
    facet = models.CharField(max_length=8, choices=Facet.choices)
    key = models.BigIntegerField(help_text="The category's id or 0; the days since 1970.")
    items = _figure()

    def __str__(self) -> str:
        return f"{self.items} of {self.facet} {self.key}"


class CatalogChange(models.Model):
    """What has come among the living items of a vendor, or gone, with a version of its catalog.

    Written by triggers. Sign 0 stands for more than are worth a row each.
    """

    # As of counts: no key to rows that may go.
    pk = models.CompositePrimaryKey("vendor_id", "version", "number")
    vendor = models.ForeignKey(
        "vendors.Vendor", on_delete=models.DO_NOTHING, db_constraint=False, db_index=False,
        related_name="+",
    )  # fmt: skip
    version = models.PositiveBigIntegerField()
    number = models.PositiveIntegerField()
    sign = models.IntegerField()
    category = models.BigIntegerField(null=True, help_text="Its id, or 0.")
    search_text = models.TextField(null=True)
    made_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.sign:+} with {self.version}"
