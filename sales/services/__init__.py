"""Writing: the verbs of selling, one class per noun."""

from sales.services.drafting import Wanted
from sales.services.journal import Returned
from sales.services.orders import OrderService
from sales.services.sales import SaleService

__all__ = ["OrderService", "Returned", "SaleService", "Wanted"]
