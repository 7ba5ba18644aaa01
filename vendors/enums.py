from django.db import models
from django.utils.translation import gettext_lazy as _


class StoreType(models.TextChoices):
    RETAIL = "retail", _("Retail")
    ONLINE = "online", _("Online")
    POPUP = "popup", _("Pop-up")
    WAREHOUSE = "warehouse", _("Warehouse")


class InviteStatus(models.TextChoices):
    PENDING = "pending", _("Pending")
    ACCEPTED = "accepted", _("Accepted")
    DECLINED = "declined", _("Declined")
    REVOKED = "revoked", _("Revoked")
