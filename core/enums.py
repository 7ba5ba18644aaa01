from django.db import models


class AuditType(models.TextChoices):
    """What an entry of the audit log is about."""

    ACCOUNT = "account", "Account"
    ADMIN = "admin", "Staff"
    CATALOG = "catalog", "Catalog"
    EXPORT = "export", "Export"
    IMPORT = "import", "Import"
    SECURITY = "security", "Security"
    SALES = "sales", "Sales"
    STOCK = "stock", "Stock"
    VENDOR = "vendor", "Shop"
