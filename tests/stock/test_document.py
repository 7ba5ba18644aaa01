"""docs/stock.md runs as it stands there."""

from typing import Any

import pytest
from django.conf import settings

from inventory.selectors import find_drift, find_tampering
from tests.flows.documents import Document

pytestmark = pytest.mark.django_db


def test_story_of_one_item(django_capture_on_commit_callbacks: Any) -> None:
    path = settings.BASE_DIR / "docs" / "stock.md"
    document = Document(path, lambda: django_capture_on_commit_callbacks(execute=True))
    document.run()
    assert document.calls > 20
    assert find_drift() == []
    assert find_tampering() == []
