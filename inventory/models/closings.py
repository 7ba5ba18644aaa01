"""What was added up of the ledger, so that no question has to begin with the first movement.

Why it is exact: docs/decisions/0024-maintained-figures.md.
"""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import UniqueConstraint

from inventory.models.catalog import Collectible


class StockClosing(models.Model):
    """A vendor's stock as it was at a moment, by the rows up to the named ones.

    Those rows never change, so what is said of them stays true. Rows that came later, for whatever
    moment, are added by who asks (`selectors.closings`).
    """

    vendor = models.ForeignKey(
        "vendors.Vendor", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    at = models.DateTimeField()
    movement = models.BigIntegerField(help_text="The last that is in it, by id.")
    valuation = models.BigIntegerField()
    sorting = models.BigIntegerField()
    held = models.JSONField(encoder=DjangoJSONEncoder)
    totals = models.JSONField(encoder=DjangoJSONEncoder)
    gone = models.JSONField(encoder=DjangoJSONEncoder)

    class Meta:
        constraints = [UniqueConstraint(fields=["vendor", "at"], name="closing_once")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d}"


class Sorting(models.Model):
    """That an item was put into another category; written by a trigger, with the one before."""

    item = models.ForeignKey(
        Collectible, on_delete=models.CASCADE, db_constraint=False, related_name="+"
    )
    category_id = models.BigIntegerField(null=True)

    def __str__(self) -> str:
        return f"{self.item_id} was in {self.category_id}"
