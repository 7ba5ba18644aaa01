"""Every object of the API has a tag and heeds it: made from the routes, so none is left out."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from rest_framework.test import APIClient

from core.models import VersionedModel
from tests.flows.routes import ROUTES
from tests.flows.world import World, api, rows, served
from tests.vendors.people import refusal

pytestmark = pytest.mark.django_db
STALE = '"0-0"'
WRITES = {"post", "put", "patch", "delete"}


@pytest.fixture
def world(db: None) -> World:
    return World()


@pytest.fixture
def client(world: World, sign_in: Any) -> APIClient:
    signed_in: APIClient = sign_in(world.owner)
    return signed_in


def objects(world: World, client: APIClient) -> Iterator[tuple[str, str, Any]]:
    """Route, address and answer of all that shows one thing, which is what is told with its id."""
    for route, pattern in api().items():
        if "get" in served(pattern) and not route.endswith("export"):
            answer = client.get(world.address(route))
            if isinstance(answer.json(), dict) and "id" in answer.json():
                yield route, world.address(route), answer


def names_a_row(route: str) -> bool:
    """Its address is that of a row, and not of a list below one."""
    callback: Any = api()[route].callback
    detail = getattr(callback, "initkwargs", {}).get("detail")
    return bool(ROUTES[route]) and detail is not False


def test_every_object_has_a_strong_tag(world: World, client: APIClient) -> None:
    found = list(objects(world, client))
    assert {route for route, *_ in found} >= {
        "me", "session", "vendor-me", "vendor-detail", "vendor-member-detail",
        "vendor-store-detail", "product-detail", "item-image-detail", "category-detail",
        "import-detail", "customer-detail",
    }  # fmt: skip
    for route, address, answer in found:
        assert answer["ETag"].startswith(f'"{answer.json()["id"]}-'), route
        assert client.head(address)["ETag"] == answer["ETag"], route
        assert client.get(address)["ETag"] == answer["ETag"], route


def test_every_object_is_304_for_who_has_it(world: World, client: APIClient) -> None:
    for route, address, answer in objects(world, client):
        tag = answer["ETag"]
        for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            for read in (client.get, client.head):
                again = read(address, HTTP_IF_NONE_MATCH=known)
                assert (again.status_code, again.content) == (304, b""), (route, known)
                assert again["ETag"] == tag
                assert "Content-Type" not in again
        for unknown in (STALE, "broken", "", tag.strip('"')):
            assert client.get(address, HTTP_IF_NONE_MATCH=unknown).status_code == 200, route


def test_every_write_of_a_row_is_412_for_who_has_an_older_one(
    world: World, client: APIClient
) -> None:
    before, tried = rows(), set()
    for route, pattern in api().items():
        for method in served(pattern) & WRITES if names_a_row(route) or route == "me" else set():
            address = world.address(route)
            answer = getattr(client, method)(address, {}, HTTP_IF_MATCH=STALE)
            assert refusal(answer) == (412, "precondition_failed"), (route, method)
            current = answer.json()["current"]
            tag = answer["ETag"]
            assert tag.startswith(f'"{current["id"]}-'), (route, method)
            if "get" in served(pattern):
                now = client.get(address)
                assert (now.json(), now["ETag"]) == (current, tag), (route, method)
            broken = getattr(client, method)(address, {}, HTTP_IF_MATCH="4711-3")
            assert refusal(broken) == (400, "validation_error"), (route, method)
            assert broken.json()["errors"][0]["field"] == "If-Match"
            tried.add((route, method))
    assert rows() == before
    assert len(tried) > 20


def test_every_answer_to_a_write_has_the_tag_that_reading_gives(
    world: World, client: APIClient
) -> None:
    bodies: dict[str, dict[str, Any]] = {
        "me": {"first_name": "New"},
        "vendor-detail": {"name": "New"},
        "vendor-member-detail": {"title": "New"},
        "vendor-store-detail": {"name": "New"},
        "product-detail": {"name": "New", "category": "Another"},
        "item-image-detail": {"alt_text": "New"},
        "category-detail": {"name": "New"},
        "customer-detail": {"name": "New"},
    }
    for route, body in bodies.items():
        address = world.address(route)
        tag = client.get(address)["ETag"]
        for form in ("{}", "W/{}", f"{STALE}, {{}}", "*"):
            changed = client.patch(address, body, HTTP_IF_MATCH=form.format(tag))
            assert changed.status_code == 200, (route, form)
            assert tag != changed["ETag"] == client.get(address)["ETag"], (route, form)
            same = client.patch(address, body)
            assert changed["ETag"] == same["ETag"] == client.get(address)["ETag"], (route, form)
            tag = same["ETag"]
            body = {key: f"{value}!" for key, value in body.items()}  # noqa: PLW2901
    made = {
        "vendor-list": {"name": "Shop"},
        "vendor-store-list": {"name": "Annex"},
        "vendor-member-list": {"email": "new@example.com", "role": "sales"},
        "product-list": {"name": "Falcon", "category": "Yet another"},
        "category-list": {"name": "Shelf"},
        "customer-list": {"name": "Ann"},
    }
    for route, body in made.items():
        answer = client.post(world.address(route), body)
        address = f"{world.address(route)}{answer.json()['id']}/"
        assert (answer.status_code, answer["ETag"]) == (201, client.get(address)["ETag"]), route


def test_a_list_takes_no_tag_for_a_write(world: World, client: APIClient) -> None:
    assert "ETag" in client.get(world.address("product-list"))  # for who reads it again
    for route in ("import-rows", "item-image-list", "dashboard-summary"):
        assert "ETag" not in client.get(world.address(route)), route
    before = rows()
    bulk = {"ids": [world.item.pk], "updates": {"name": "Blind"}}
    for route, body in {"product-list": {"name": "Blind"}, "product-bulk-update": bulk}.items():
        answer = client.post(world.address(route), body, HTTP_IF_MATCH="*")
        assert refusal(answer) == (400, "validation_error"), route
        assert answer.json()["errors"][0]["field"] == "If-Match"
    assert rows() == before


def test_a_browser_may_send_and_read_tags(world: World, client: APIClient) -> None:
    origin = {"HTTP_ORIGIN": settings.CORS_ALLOWED_ORIGINS[0]}
    asked = client.options(
        world.address("product-detail"), HTTP_ACCESS_CONTROL_REQUEST_METHOD="PATCH",
        HTTP_ACCESS_CONTROL_REQUEST_HEADERS="if-match", **origin,
    )  # fmt: skip
    assert {"if-match", "if-none-match"} <= {*asked["Access-Control-Allow-Headers"].split(", ")}
    answer = client.get(world.address("product-detail"), **origin)
    assert "ETag" in answer["Access-Control-Expose-Headers"].split(", ")


def test_every_versioned_table_counts_in_the_database() -> None:
    models = [model for model in apps.get_models() if issubclass(model, VersionedModel)]
    assert len(models) >= 8
    for model in models:
        assert "counts_changes" in {trigger.name for trigger in model._meta.triggers}, model
