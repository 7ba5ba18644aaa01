from django.db import models


class OrderStatus(models.TextChoices):
    """Where an order is in its life; `sales.lifecycle` says what leads from one to the next."""

    DRAFT = "draft", "Draft"
    PENDING = "pending", "Pending"
    CONFIRMED = "confirmed", "Confirmed"
    FULFILLED = "fulfilled", "Fulfilled"
    COMPLETED = "completed", "Completed"
    CANCELLED = "cancelled", "Cancelled"
    RETURNED = "returned", "Returned"


# What was sold, whatever came back of it.
SOLD = (OrderStatus.FULFILLED, OrderStatus.COMPLETED, OrderStatus.RETURNED)


class CancelReason(models.TextChoices):
    CUSTOMER = "customer", "The customer changed their mind"
    PAYMENT_FAILED = "payment_failed", "The payment failed"
    EXPIRED = "expired", "Nobody confirmed it in time"
    OUT_OF_STOCK = "out_of_stock", "It is out of stock"
    OTHER = "other", "Other"


class EntryKind(models.TextChoices):
    """What an entry of the sales journal records."""

    SALE = "sale", "Sale"
    RETURN = "return", "Return"
    CHARGE = "charge", "Charge"


class ReportBy(models.TextChoices):
    """What the rows of a sales report are about."""

    DAY = "day", "Day"
    ITEM = "item", "Item"
    CATEGORY = "category", "Category"
    CUSTOMER = "customer", "Customer"
    CHANNEL = "channel", "Channel"
