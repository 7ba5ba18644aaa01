"""What is told and taken of selling."""

from sales.api.serializers.customers import CustomerSerializer
from sales.api.serializers.reports import SalesReportQuerySerializer, SalesRowSerializer

__all__ = ["CustomerSerializer", "SalesReportQuerySerializer", "SalesRowSerializer"]
