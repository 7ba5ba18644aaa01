import pytest

from tests.users.door import issue
from vendors.models import Vendor


@pytest.fixture
def code(vendor: Vendor) -> str:
    """A sign-up token of the shop, as its salesperson gets it."""
    return issue(vendor)
