"""Where an address leads to is looked up once (`omni_stock.urls`)."""

from typing import Any

import pytest
from django.urls import Resolver404, get_resolver, resolve

ADDRESSES = ["/api/v1/sales/", "/api/v2/sales/", "/api/v1/sales/7/", "/api/v2/sales/7/"]


def hits() -> int:
    known: Any = [each.resolve for each in get_resolver().url_patterns]
    return sum(each.cache_info().hits for each in known if hasattr(each, "cache_info"))


@pytest.mark.parametrize("address", ADDRESSES)
def test_address_is_looked_up_once(address: str) -> None:
    first, before = resolve(address), hits()
    first.kwargs["pk"] = "somebody's own"
    again = resolve(address)
    assert hits() == before + 1
    assert again.kwargs == ({"pk": 7} if address.endswith("7/") else {})
    assert (again.func, again.view_name, again.route) == (
        first.func,
        first.view_name,
        first.route,
    )


def test_address_that_leads_nowhere_is_none_the_second_time() -> None:
    for _ in range(2):
        with pytest.raises(Resolver404):
            resolve("/api/v1/nothing/")
