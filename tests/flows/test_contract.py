"""What the server says is what the published schema says it says."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from rest_framework.test import APIClient

from tests.factories import PASSWORD, CategoryFactory, CollectibleFactory, UserFactory
from vendors.models import Vendor

pytestmark = pytest.mark.django_db
SCHEMA = Path(__file__).parents[2] / "docs" / "api" / "schema.yml"


@cache
def published() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    return document


def require_published(answer: Any, method: str, path: str) -> None:
    """The answer's body fits the schema of its operation, status and media type."""
    operation = published()["paths"][path][method]
    content = operation["responses"][str(answer.status_code)]["content"]
    schema = content[answer["Content-Type"].partition(";")[0]]["schema"]
    validator = Draft202012Validator({**schema, "components": published()["components"]})
    assert [error.message for error in validator.iter_errors(answer.json())] == []


def test_login_and_its_refusal(anonymous_client: APIClient) -> None:
    UserFactory(username="ann")
    path = "/api/v1/auth/token/"
    for password in (PASSWORD, "wrong"):
        answer = anonymous_client.post(path, {"username": "ann", "password": password})
        require_published(answer, "post", path)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/audit-logs/", "/api/v1/auth/me/", "/api/v1/catalog/items/",
        "/api/v1/catalog/categories/", "/api/v1/catalog/imports/",
        "/api/v1/dashboard/summary/", "/api/v1/vendors/", "/api/v1/vendors/me/",
    ],
)  # fmt: skip
def test_what_is_read(
    owner_client: APIClient, anonymous_client: APIClient, vendor: Vendor, path: str
) -> None:
    CollectibleFactory(vendor=vendor, category=CategoryFactory(vendor=vendor))
    CollectibleFactory(vendor=vendor, attributes={"card": {"rarity": "holo"}})
    require_published(owner_client.get(path), "get", path)
    require_published(anonymous_client.get(path), "get", path)


@pytest.mark.parametrize("body", [{"name": "Falcon", "value": "1.5"}, {"colour": "red"}])
def test_what_is_written(owner_client: APIClient, body: dict[str, Any]) -> None:
    path = "/api/v1/catalog/items/"
    require_published(owner_client.post(path, body), "post", path)
