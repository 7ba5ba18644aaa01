"""The shop that a row is of, as every resource of a shop takes it."""

from typing import Any

from core.serializers import ScopedRelatedField
from vendors.selectors import get_vendors_for_user


class VendorField(ScopedRelatedField):
    """Given when the row is made, if at all, and the same for good: `stays` says so to who tries
    to change it."""

    parent: Any

    def __init__(self, *, stays: Any, **kwargs: Any) -> None:
        messages = {"immutable": stays}
        super().__init__(
            selector=get_vendors_for_user, required=False, error_messages=messages, **kwargs
        )

    def to_internal_value(self, data: Any) -> Any:
        vendor = super().to_internal_value(data)
        row = self.parent.instance
        if row is not None and vendor.pk != row.vendor_id:
            self.fail("immutable")
        return vendor
