import pytest

from tests.stock.shelf import Shelf


@pytest.fixture
def shelf(db: None) -> Shelf:
    return Shelf.filled()
