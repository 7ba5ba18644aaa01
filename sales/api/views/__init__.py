"""The doors of selling."""

from sales.api.views.customers import CustomerViewSet
from sales.api.views.reports import SalesReportViewSet

__all__ = ["CustomerViewSet", "SalesReportViewSet"]
