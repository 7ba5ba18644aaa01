from django.db import models


class StoreType(models.TextChoices):
    RETAIL = "retail", "Retail"
    ONLINE = "online", "Online"
    POPUP = "popup", "Pop-up"
    WAREHOUSE = "warehouse", "Warehouse"


class SettingsScope(models.TextChoices):
    VENDOR = "vendor", "Shop"
    PLATFORM = "platform", "Platform"


class InviteStatus(models.TextChoices):
    PENDING = "pending", "Pending"
    ACCEPTED = "accepted", "Accepted"
    DECLINED = "declined", "Declined"
    REVOKED = "revoked", "Revoked"
