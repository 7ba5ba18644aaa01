from django.db import models
from django.utils.translation import gettext_lazy as _


class AuditType(models.TextChoices):
    """What an entry of the audit log is about."""

    ACCOUNT = "account", _("Account")
    ADMIN = "admin", _("Staff")
    CATALOG = "catalog", _("Catalog")
    EXPORT = "export", _("Export")
    IMPORT = "import", _("Import")
    SECURITY = "security", _("Security")
    STOCK = "stock", _("Stock")
    VENDOR = "vendor", _("Shop")
