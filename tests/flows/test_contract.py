"""What the server says is what the published documents say it says, and a lie fails its test.

That every other test's answers are looked at is the work of tests/conftest.py.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from tests.contract import BrokenContract, require_promised
from tests.factories import CollectibleFactory
from vendors.models import Vendor

ITEMS = "/api/v1/catalog/items/"
ITEM = f"{ITEMS}1/"
PAGE: dict[str, Any] = {
    "count": 0, "next": None, "previous": None, "page": 1, "page_size": 20, "total_pages": 1,
    "results": [],
}  # fmt: skip
TAG = {"ETag": '"1"'}
HTML = HttpResponse("<p>Sorry</p>", status=404)


def page(**more: Any) -> HttpResponse:
    return JsonResponse({**PAGE, **more}, headers=TAG)


@pytest.mark.parametrize(
    ("method", "path", "answer", "complaint"),
    [
        ("GET", ITEMS, HttpResponse(status=418), "GET /api/v1/catalog/items/ 418: the status"),
        ("GET", ITEM, HTML, r"items/\{id\}/ 404: text/html is not declared: <p>Sorry</p>"),
        ("GET", ITEMS, page(count="many"), r"200: \['count'\]: \"many\""),
        ("GET", ITEMS, page(secret=1), "'secret' was unexpected"),
        ("GET", ITEMS, page(results=[{}]), r"\['results', 0\]: .*required"),
        ("GET", ITEMS, JsonResponse([], safe=False, headers=TAG), "is not of type"),
        ("GET", ITEM, JsonResponse({}), "without the header ETag"),
        ("GET", ITEM, HttpResponse(status=304), "without the header ETag"),
        ("GET", ITEMS, StreamingHttpResponse([b"x"], headers=TAG), "is not declared: a stream"),
        ("DELETE", ITEM, HttpResponse("gone", status=204), "a body where none is declared: gone"),
        ("PUT", ITEMS, JsonResponse({}), "PUT /api/v1/catalog/items/ 200: the status"),
        ("PUT", ITEMS, HttpResponse("No", status=405), "405: text/html is not declared"),
        ("GET", "/api/v2/unheard-of/", JsonResponse({}), "GET /api/v2/unheard-of/ 200"),
        ("GET", ITEMS, HttpResponse("<h1>Server Error</h1>", status=500), "text/html"),
    ],
)  # fmt: skip
def test_answer_nobody_promised_is_told(
    method: str, path: str, answer: HttpResponse, complaint: str
) -> None:
    with pytest.raises(BrokenContract, match=complaint):
        require_promised(method, path, answer)


@pytest.mark.parametrize(
    ("method", "path", "answer"),
    [
        ("GET", ITEMS, page()),
        ("HEAD", ITEMS, HttpResponse(content_type="application/json", headers=TAG)),
        ("OPTIONS", ITEMS, JsonResponse({"name": "Items"})),
        ("DELETE", ITEM, HttpResponse(status=204)),
        ("GET", "/health/", HttpResponse("fine", status=418)),
        ("GET", "/api/docs/", HttpResponse("<p>Read</p>")),
    ],
)  # fmt: skip
def test_what_is_promised_or_no_part_of_the_api_is_left_alone(
    method: str, path: str, answer: HttpResponse
) -> None:
    require_promised(method, path, answer)


class Lie:
    """A middleware that gives every item one key more than the documents know."""

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        answer = self.get_response(request)
        answer.content = json.dumps({**json.loads(answer.content), "cost_price": "9.99"})
        return answer


@pytest.mark.django_db
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_test_that_gets_an_unpromised_answer_fails(
    settings: Settings, owner_client: APIClient, vendor: Vendor, version: str
) -> None:
    item = CollectibleFactory(vendor=vendor)
    path = f"/api/{version}/catalog/items/{item.pk}/"
    known = {"Authorization": f"Bearer {owner_client.tokens['access']}"}
    assert Client(headers=known).get(path).status_code == 200
    settings.MIDDLEWARE = [f"{__name__}.Lie", *settings.MIDDLEWARE]
    for client in (owner_client, Client(headers=known)):
        with pytest.raises(BrokenContract, match="'cost_price' was unexpected"):
            client.get(path)
