"""Django's admin app with our site. Apart from the site, which needs the models to be loaded."""

from django.contrib.admin.apps import AdminConfig


class StaffAdminConfig(AdminConfig):
    default_site = "omni_stock.admin.StaffSite"
