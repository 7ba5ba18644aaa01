from typing import Any

from inventory.exceptions import NoVendor
from vendors.selectors import get_active_vendor


def vendor_for(user: Any, named: Any) -> Any:
    """The vendor the body names, else the one the user works in; raises `NoVendor`."""
    vendor = named or get_active_vendor(user)
    if vendor is None:
        raise NoVendor
    return vendor
