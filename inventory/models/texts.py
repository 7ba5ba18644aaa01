"""What words are looked for in."""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models


class CatalogText(models.Model):
    """A living item's columns that a search asks of it, under the names they have there.

    Kept by triggers. An item's row changes with each sale; its text hardly ever, and the index of
    words is dearer to write than all others together (docs/decisions/0026-rows-by-the-thousand.md).
    """

    # As of counts: no keys to rows that may go.
    id = models.BigIntegerField(primary_key=True, help_text="The item's.")
    vendor = models.ForeignKey(
        "vendors.Vendor", on_delete=models.DO_NOTHING, db_constraint=False, db_index=False,
        related_name="+",
    )  # fmt: skip
    category = models.ForeignKey(
        "inventory.Category", on_delete=models.DO_NOTHING, db_constraint=False, db_index=False,
        null=True, related_name="+",
    )  # fmt: skip
    created_at = models.DateTimeField()
    search_text = models.TextField()

    class Meta:
        indexes = [
            models.Index(fields=["vendor", "category"], name="text_of_category"),
            # What waits to be merged into it is read through by every search, so that is not to be
            # four megabytes.
            GinIndex(
                OpClass("search_text", name="gin_trgm_ops"), gin_pending_list_limit=1024,
                name="text_search",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.search_text
