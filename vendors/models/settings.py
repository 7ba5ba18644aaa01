from decimal import Decimal
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from core.fields import CurrencyField
from core.models import AuditedModel
from core.triggers import counts_changes
from vendors.models.shops import Vendor

MAX_THRESHOLD = 1_000_000_000
MAX_EXPIRY_MINUTES = 30 * 24 * 60
# What holds where nobody has settled anything.
BUILT_IN: dict[str, Any] = {
    "currency": "USD",
    "require_if_match": False,
    "low_stock_threshold": 10,
    "order_expiry_minutes": 24 * 60,
    "default_tax_rate": Decimal("0.00"),
    "order_confirmations": True,
}
# A shop has these of its own from the day it opens; the platform's are for that day.
OF_THE_SHOP = ("currency", "require_if_match")
INHERITED = tuple(name for name in BUILT_IN if name not in OF_THE_SHOP)


class SystemSettings(AuditedModel):
    """What a shop has settled, or, without a vendor, the platform for all of them.

    Null is inherited: a shop's from the platform's, the platform's from `BUILT_IN`. Why so:
    docs/decisions/0021-settings.md.
    """

    vendor = models.OneToOneField(
        Vendor,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="own_settings",
        help_text="Empty: the platform, and so all shops that have not settled it themselves.",
    )
    currency = CurrencyField(
        null=True, blank=True, default=None, help_text="Of new shops; a shop has its own."
    )
    require_if_match = models.BooleanField(
        null=True, blank=True, help_text="Of new shops; a shop has its own."
    )
    low_stock_threshold = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MaxValueValidator(MAX_THRESHOLD)],
        help_text="Of new items: at how many units stock is low.",
    )
    order_expiry_minutes = models.PositiveIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_EXPIRY_MINUTES)],
        help_text="How long stock is held for an order that nobody confirms.",
    )
    default_tax_rate = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(100))],
        help_text="Per cent, of lines that name none.",
    )
    order_confirmations = models.BooleanField(
        null=True, blank=True, help_text="Mail customers when their order is placed."
    )

    class Meta:
        verbose_name_plural = "system settings"
        constraints = [
            models.UniqueConstraint(
                fields=["vendor"],
                condition=Q(vendor=None),
                nulls_distinct=False,
                name="settings_one_platform",
            ),
            models.CheckConstraint(
                condition=Q(vendor=None) | Q(currency=None, require_if_match=None),
                name="settings_of_the_shop_live_there",
                violation_error_message="A shop has its currency and If-Match rule of its own.",
            ),
            models.CheckConstraint(
                condition=Q(low_stock_threshold=None) | Q(low_stock_threshold__lte=MAX_THRESHOLD),
                name="settings_threshold_sane",
            ),
            models.CheckConstraint(
                condition=Q(order_expiry_minutes=None)
                | Q(order_expiry_minutes__range=(1, MAX_EXPIRY_MINUTES)),
                name="settings_expiry_sane",
            ),
            models.CheckConstraint(
                condition=Q(default_tax_rate=None) | Q(default_tax_rate__range=(0, 100)),
                name="settings_tax_rate_sane",
            ),
        ]
        triggers = [counts_changes()]

    def __str__(self) -> str:
        return (
            f"settings of shop {self.vendor_id}" if self.vendor_id else "settings of the platform"
        )
