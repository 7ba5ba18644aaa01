from sales.api.views.orders import OrderViewSet
from sales.api.views.sales import SaleViewSet

__all__ = ["OrderViewSet", "SaleViewSet"]
