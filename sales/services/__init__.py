"""Writing: the verbs of selling, one class per noun."""

from sales.services.customers import CustomerService
from sales.services.drafting import Wanted
from sales.services.exports import ReportService
from sales.services.journal import Returned
from sales.services.orders import OrderService
from sales.services.sales import SaleService
from sales.services.wanting import wanted_of

__all__ = [
    "CustomerService",
    "OrderService",
    "ReportService",
    "Returned",
    "SaleService",
    "Wanted",
    "wanted_of",
]
