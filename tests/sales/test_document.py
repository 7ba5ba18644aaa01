"""docs/selling.md runs as it stands there."""

from typing import Any

import pytest
from django.conf import settings

from inventory.selectors import find_drift
from tests.flows.documents import Document

pytestmark = pytest.mark.django_db


def test_story_of_an_order(django_capture_on_commit_callbacks: Any) -> None:
    path = settings.BASE_DIR / "docs" / "selling.md"
    document = Document(path, lambda: django_capture_on_commit_callbacks(execute=True))
    document.run()
    assert document.calls > 18
    assert find_drift() == []
