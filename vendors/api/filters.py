from django_filters import rest_framework as filters

from core.filters import FlagFilter
from vendors.models import Vendor


class VendorFilter(filters.FilterSet):
    is_active = FlagFilter()

    class Meta:
        model = Vendor
        fields: list[str] = []
