from sales.api.views.customers import CustomerViewSet
from sales.api.views.orders import OrderViewSet
from sales.api.views.reports import SalesReportViewSet
from sales.api.views.sales import ProductSaleViewSet, SaleViewSet

__all__ = [
    "CustomerViewSet",
    "OrderViewSet",
    "ProductSaleViewSet",
    "SaleViewSet",
    "SalesReportViewSet",
]
