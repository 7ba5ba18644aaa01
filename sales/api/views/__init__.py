from sales.api.views.orders import OrderViewSet
from sales.api.views.sales import ProductSaleViewSet, SaleViewSet

__all__ = ["OrderViewSet", "ProductSaleViewSet", "SaleViewSet"]
