"""Nothing of one account reaches another: every route of the API, by every method.

The routes come from the URL resolver. A new one fails `test_every_route_is_known` until it says
here which of the owner's rows its address names (tests/flows/routes.py).
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from rest_framework.test import APIClient

from inventory.models import Collectible
from inventory.services import (
    ImportService,
)
from tests.core.test_pictures import picture
from tests.factories import (
    CollectibleFactory,
)
from tests.flows.routes import IMPERSONAL, OPEN, ROUTES, SILENT
from tests.flows.world import MARKER, METHODS, World, api, rows, served
from users.models import User

pytestmark = pytest.mark.django_db
ALL_COLUMNS = "Currency,Condition,Description,Attributes,Created at,Updated at"


@pytest.fixture(params=["", "v2:"], ids=["v1", "v2"])
def world(db: None, request: pytest.FixtureRequest) -> Iterator[World]:
    """Checks when the test is over that the account is as it was and its texts were not told."""
    world = World(request.param)
    before = rows()
    yield world
    after = rows()
    assert {key: after.get(key) for key in before} == before
    added = [row for key, row in after.items() if key not in before]
    assert not [row for row in added if row.get("vendor_id") == world.vendor.pk]
    assert not [row for row in added if row.get("owner_id") == world.owner.pk]
    assert world.told == []


def test_every_route_is_known() -> None:
    assert {name: set(p.pattern.converters) for name, p in api().items()} == {
        name: set(named) for name, named in ROUTES.items()
    }


def test_owner_sees_every_marker(world: World, sign_in: Any) -> None:
    """Else the other tests would look for what is nowhere."""
    client, seen = sign_in(world.owner), ""
    for route, pattern in api().items():
        if "get" in served(pattern) and route not in IMPERSONAL:
            status, text = world.call(client, "get", route)
            assert (status, MARKER in text) == (200, route not in SILENT), route
            seen += text
    for query in ({"is_deleted": "true"}, {"search": MARKER}):
        for route in ("product-list", "customer-list"):
            seen += world.call(client, "get", route, query)[1]
    for form in ("csv", "xlsx", "jsonl"):
        query = {"format": form, "columns": ALL_COLUMNS}
        status, text = world.call(client, "get", "product-export", query)
        assert "item-attribute" in text
    for word in [
        "user", "first", "last", "company", "phone", "vendor", "vendor-text", "contact", "store",
        "member", "title", "inviter", "notes",
        "category", "item-name", "item-sku", "item-description", "item-key", "item-attribute",
        "item-card", "reference", "note", "source", "gone-name",
        "gone-attribute", "customer-name", "customer-address", "former-name", "alt", "file.csv",
        "column", "row", "agent", "order", "channel",
    ]:  # fmt: skip
        assert f"{MARKER}-{word}" in seen, word
    world.told.clear()


def test_nobody_gets_401_everywhere(world: World, anonymous_client: APIClient) -> None:
    wrong = {}
    for route, pattern in api().items():
        for method in METHODS:
            status, _text = world.call(anonymous_client, method, route)
            expected = {401}
            if route in OPEN:
                expected = {400, 401} if method in served(pattern) else {405}
                harmless = method == "options" or (route in IMPERSONAL and expected != {405})
                expected = {200} if harmless else expected
            if status not in expected:
                wrong[method, route] = status
    assert wrong == {}


def test_nobody_learns_of_an_account_by_its_names(
    world: World, anonymous_client: APIClient
) -> None:
    for name in (world.owner.username, world.owner.email):
        for known in (name, f"not-{name}"):
            body = {"username": known, "password": "wrong"}
            status, text = world.call(anonymous_client, "post", "token", body)
            assert (status, "Invalid credentials" in text) == (401, True)
    body = {"email": world.owner.email.upper(), "password": "shelf-of-blue-bricks"}
    assert world.call(anonymous_client, "post", "register", body)[0] == 400


def test_stranger_gets_404_for_every_row_of_the_owner(
    world: World, stranger_client: APIClient
) -> None:
    bodies: dict[tuple[str, str], dict[str, Any]] = {
        ("item-image-list", "post"): {"file": SimpleUploadedFile("a.png", picture("PNG"))},
        ("item-image-reorder", "post"): {"ids": [world.image.pk]},
        ("item-image-detail", "patch"): {"alt_text": "Stolen", "is_primary": True},
        ("product-restore", "post"): {},
    }
    wrong = {}
    for route, pattern in api().items():
        for method in METHODS if ROUTES[route] else []:
            writes = {"name": "Stolen"} if method in {"post", "put", "patch"} else None
            data = bodies.get((route, method), writes)
            status, _text = world.call(stranger_client, method, route, data)
            expected = 404 if method in served(pattern) else 405
            if status != (200 if method == "options" else expected):
                wrong[method, route] = status
    assert wrong == {}


def test_own_item_does_not_open_pictures_of_the_owners(
    world: World, stranger_client: APIClient, stranger: User
) -> None:
    mine = CollectibleFactory(vendor=stranger.vendors.get())
    address = reverse("item-image-detail", kwargs={"item_id": mine.pk, "pk": world.image.pk})
    for method in ("get", "patch", "delete"):
        data = {"alt_text": "Stolen"} if method == "patch" else None
        assert world.call(stranger_client, method, address, data)[0] == 404
    reorder = reverse("item-image-reorder", kwargs={"item_id": mine.pk})
    assert world.call(stranger_client, "post", reorder, {"ids": [world.image.pk]})[0] == 400


def test_stranger_finds_nothing_of_the_owner_in_any_list(
    world: World, stranger_client: APIClient
) -> None:
    item_queries: list[dict[str, Any]] = [
        {}, {"search": MARKER}, {"vendor": world.vendor.pk}, {"category": world.category.pk},
        {"category": world.category.slug}, {"category": world.category.name},
        {"is_deleted": "true"}, {"min_value": "77"},
    ]  # fmt: skip
    queries: dict[str, list[dict[str, Any]]] = {
        "product-list": item_queries,
        "product-export": [
            {**query, "format": form, "columns": ALL_COLUMNS}
            for query in item_queries
            for form in ("csv", "xlsx", "jsonl")
        ],
        "category-list": [{"vendor": world.vendor.pk}, {"search": MARKER}, {"is_root": "true"}],
        "import-list": [{"vendor": world.vendor.pk}, {"status": "completed"}],
        "vendor-member-list": [{"vendor": world.vendor.pk}, {"search": MARKER}],
        "vendor-store-list": [{"vendor": world.vendor.pk}, {"search": MARKER}],
        "access-token-list": [{"vendor": world.vendor.pk}, {"search": MARKER}],
        "vendor-list": [{"search": MARKER}, {"is_active": "true"}],
        "dashboard-summary": [{"vendor": world.vendor.pk}],
        "dashboard-valuation": [{"vendor": world.vendor.pk}],
        "customer-list": [
            {"vendor": world.vendor.pk},
            {"search": MARKER},
            {"is_deleted": "true"},
        ],
        "sales-report-list": [
            {"vendor": world.vendor.pk, "by": by, "format": form}
            for by in ("day", "item", "category", "customer", "channel")
            for form in ("json", "csv")
        ],
    }
    for name in ("level", "movement", "lot", "transfer"):
        queries[f"stock-{name}-list"] = [{"vendor": world.vendor.pk}, {"item": world.item.pk}]
    for name in ("order", "sale"):
        queries[f"{name}-list"] = [
            {"vendor": world.vendor.pk}, {"store": world.store.pk}, {"search": MARKER},
            {"channel": f"{MARKER}-channel"},
        ]  # fmt: skip
    for route, pattern in api().items():
        if "get" in served(pattern) and not ROUTES[route]:
            for query in [{}, *queries.get(route, [])]:
                status, text = world.call(stranger_client, "get", route, query)
                assert status == 200, (route, query)
                assert "77.7" not in text, (route, query)


def test_stranger_writes_nothing_into_the_owners(
    world: World, stranger_client: APIClient, stranger: User
) -> None:
    mine = CollectibleFactory(vendor=stranger.vendors.get())
    there: dict[str, Any] = {"name": "Stolen", "vendor": world.vendor.pk}
    inside: dict[str, Any] = {"name": "Stolen", "category": world.category.pk}
    ids = [world.item.pk, world.gone.pk]
    table = SimpleUploadedFile("t.csv", f"sku,name\n{world.item.sku},Stolen".encode())
    person = {"email": stranger.email, "role": "admin"}
    picked = {"ids": [mine.pk], "updates": {"category": world.category.pk}}
    theirs, units = {"item": world.item.pk}, {"item": mine.pk, "quantity": 1}
    lot = {"lot": world.lot.pk, "reason": "lost"}
    sold, selling = {"lines": [units]}, ("order", "sale")
    lines = [{**theirs, "quantity": 1}, {"sku": world.item.sku, "quantity": 1},
             {**units, "lot": world.lot.pk}]  # fmt: skip
    worth = {"item": world.item.pk, "amount": "1.00", "source": "Stolen"}
    calls: list[tuple[str, str, dict[str, Any], int]] = [
        ("post", "stock-receive", {**theirs, "quantity": 1, "unit_cost": "1"}, 400),
        ("post", "stock-receive", {**units, "unit_cost": "1", "store": world.store.pk}, 400),
        ("post", "stock-adjust", {**theirs, "delta": -1, "reason": "lost"}, 400),
        ("post", "stock-adjust", {"item": mine.pk, "delta": -1, **lot}, 400),
        ("post", "stock-set", {**theirs, "quantity": 0, "expected": 4}, 400),
        ("post", "stock-write-off", {**theirs, "quantity": 1, "reason": "lost"}, 400),
        ("post", "stock-write-off", {**units, **lot}, 400),
        ("post", "stock-transfer", {**units, "from_store": world.store.pk, "to_store": 0}, 400),
        ("post", "stock-correct", {"movement": world.movement.pk}, 400),
        ("post", "valuation-bulk-list", {"valuations": [worth]}, 400),
        *(("post", f"{name}-list", {**sold, "vendor": world.vendor.pk}, 400) for name in selling),
        *(("post", f"{name}-list", {**sold, "store": world.store.pk}, 400) for name in selling),
        *(("post", f"{name}-list", {"lines": [line]}, 400) for name in selling for line in lines),
        ("post", "product-list", there, 400),
        ("post", "product-list", inside, 400),
        ("patch", f"/api/v1/catalog/items/{mine.pk}/", inside, 400),
        ("patch", f"/api/v1/catalog/items/{mine.pk}/", there, 400),
        ("post", "product-bulk-update", {"ids": ids, "updates": {"name": "Stolen"}}, 200),
        ("post", "product-bulk-update", picked, 200),
        ("post", "product-bulk-delete", {"ids": ids}, 200),
        ("post", "product-bulk-restore", {"ids": ids}, 200),
        ("post", "category-list", there, 400),
        ("post", "customer-list", there, 400),
        ("post", "category-list", {"name": "Stolen", "parent": world.category.pk}, 400),
        ("post", "import-list", {"file": table, "vendor": world.vendor.pk}, 400),
        ("post", "vendor-member-list", {**person, "vendor": world.vendor.pk}, 400),
        ("post", "vendor-member-select", {"vendor": world.vendor.pk}, 400),
        ("post", "vendor-store-list", {"name": "Stolen", "vendor_id": world.vendor.pk}, 400),
        ("post", "vendor-store-select", {"store": world.store.pk}, 400),
        ("post", "access-token-list", {"notes": "Stolen", "vendor": world.vendor.pk}, 400),
        ("post", "vendor-list", {"name": "Stolen", "owner": world.owner.pk}, 201),
        *[
            (method, f"{world.address('system-settings')}?vendor={world.vendor.pk}", {}, 404)
            for method in ("put", "patch")
        ],
        ("put", "system-settings", {"low_stock_threshold": 1}, 200),
        ("patch", "system-settings", {"currency": "EUR"}, 200),
        ("patch", "me", {"active_vendor": world.vendor.pk, "id": world.owner.pk}, 200),
        ("post", "profile-complete", {"first_name": "Stolen", "id": world.owner.pk}, 400),
        ("post", "password-change", {"current_password": "x", "new_password": "y" * 20}, 400),
        ("put", "me-avatar", {"image": SimpleUploadedFile("a.png", picture("PNG"))}, 200),
        ("delete", "me-avatar", {}, 204),
        ("delete", "me", {"password": "not-the-strangers"}, 400),
        ("post", "notification-list", {"title": "Stolen", "users": [world.owner.pk]}, 403),
        ("post", "notification-read-all", {}, 200),
        ("put", "notification-preferences", {"preferences": [], "user": world.owner.pk}, 400),
        ("patch", "notification-preferences", {"preferences": []}, 200),
        ("post", "logout-all", {}, 204),  # last: it ends the stranger's own access
    ]
    for method, route, data, expected in calls:
        status, text = world.call(stranger_client, method, route, data)
        assert status == expected, (method, route, text)
    collections = {r: p for r, p in api().items() if not ROUTES[r] and r not in OPEN}
    writing = {(m, r) for r, p in collections.items() for m in served(p)}
    untried = writing - {(method, route) for method, route, _data, _status in calls}
    assert {method for method, _route in untried} <= {"get", "head", "options"}


def test_import_of_the_owners_skus_makes_items_of_the_stranger(
    world: World, stranger_client: APIClient, stranger: User
) -> None:
    table = SimpleUploadedFile("t.csv", f"sku,name\n{world.item.sku},Mine".encode())
    vendor = stranger.vendors.get()
    job = ImportService.request(file=table, vendor=vendor, by=stranger)
    assert ImportService.run(job_id=job.pk).created == 1
    assert Collectible.objects.get(vendor=vendor).name == "Mine"
