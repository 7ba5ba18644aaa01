from django_filters import rest_framework as filters

from core.filters import FilterSet, FlagFilter, IntegerFilter
from vendors.enums import InviteStatus, StoreType
from vendors.models import Vendor
from vendors.roles import MEMBER_ROLES


class VendorFilter(FilterSet):
    is_active = FlagFilter()

    class Meta:
        model = Vendor
        fields: list[str] = []


class MemberFilter(FilterSet):
    vendor = IntegerFilter(field_name="vendor_id")
    role = filters.ChoiceFilter(choices=MEMBER_ROLES)
    invite_status = filters.ChoiceFilter(choices=InviteStatus.choices)
    is_active = FlagFilter()


class AccessTokenFilter(FilterSet):
    vendor = IntegerFilter(field_name="vendor_id")
    is_used = FlagFilter()


class StoreFilter(FilterSet):
    vendor = IntegerFilter(field_name="vendor_id")
    type = filters.ChoiceFilter(choices=StoreType.choices)
    is_active = FlagFilter()
