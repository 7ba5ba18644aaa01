"""Two versions of one API: what differs, what each answer says, and what is told ahead."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, path, reverse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import OpenApiParameter, extend_schema
from pytest_django import Settings
from rest_framework.decorators import action, api_view
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient
from rest_framework.viewsets import ViewSet

from core.deprecation import CHANGELOG, Deprecation, deprecated, deprecations_of
from tests.factories import CollectibleFactory
from vendors.models import Vendor

PAGE = Path(project.BASE_DIR) / "docs" / "api" / "changelog.md"
HALF_A_YEAR = timedelta(days=180)
SOON: dict[str, Any] = {
    "since": date(2026, 1, 1),
    "sunset": date(2026, 9, 1),
    "section": "deprecated-now",
}
LATER: dict[str, Any] = {**SOON, "sunset": date(2027, 9, 1), "replacement": "/api/v1/new/"}
TOLD = f'<{CHANGELOG}#deprecated-now>; rel="deprecation"'


class Shelf(ViewSet):
    permission_classes = [AllowAny]

    @extend_schema(
        parameters=[OpenApiParameter("colour"), OpenApiParameter("size")], responses={200: None}
    )
    @deprecated(Deprecation(**SOON, field="colour"))
    def list(self, request: Request) -> Response:
        return Response([])

    @extend_schema(request=None, responses={200: None})
    @deprecated(Deprecation(**SOON, field="colour"))
    def create(self, request: Request) -> Response:
        return Response(request.data, status=400 if "bad" in request.data else 201)

    @extend_schema(request=None, responses={200: None})
    @deprecated(Deprecation(**LATER))
    @action(detail=False, methods=["post"])
    def shake(self, request: Request) -> Response:
        return Response(headers={"Link": '</x>; rel="next"'})


@deprecated(Deprecation(**LATER))
class Attic(Shelf):
    """All of it goes."""


@extend_schema(responses={200: None})
@deprecated(Deprecation(**SOON))
@api_view(["GET"])
def cellar(request: Request) -> Response:
    """Behind a lock, and going."""
    return Response()


methods: dict[str, str] = {"get": "list", "post": "create"}
urlpatterns = [
    path("api/v1/shelf/", Shelf.as_view(methods)),
    path("api/v1/shelf/shake/", Shelf.as_view({"post": "shake"})),
    path("api/v1/attic/", Attic.as_view(methods)),
    path("api/v1/cellar/", cellar),
    path("elsewhere/", Attic.as_view(methods)),
]


class TestTwoVersions:
    @pytest.mark.django_db
    @pytest.mark.parametrize("version", ["1", "2"])
    def test_every_answer_names_its_version(
        self, owner_client: APIClient, client: Client, vendor: Vendor, version: str
    ) -> None:
        base = f"/api/v{version}/"
        for answer in (
            owner_client.get(f"{base}catalog/items/"),
            owner_client.post(f"{base}catalog/items/", {"name": "Falcon"}),
            owner_client.get(f"{base}catalog/items/export/"),
            owner_client.get(f"{base}catalog/items/0/"),
            owner_client.post(f"{base}catalog/items/", {"nonsense": 1}),
            owner_client.delete(f"{base}catalog/items/"),
            client.get(f"{base}auth/me/"),
            client.get(f"{base}nowhere/"),
            client.post(f"{base}auth/token/", "x", "text/plain", CONTENT_LENGTH="1" + "0" * 9),
        ):
            assert answer["X-API-Version"] == version, answer
            assert "Deprecation" not in answer

    @pytest.mark.django_db
    @pytest.mark.parametrize("address", ["/health/", "/api/docs/", "/api/v3/auth/me/", "/api", "/"])
    def test_what_is_of_no_version_names_none(self, client: Client, address: str) -> None:
        assert "X-API-Version" not in client.get(address)

    def test_names_without_a_namespace_are_version_1(self) -> None:
        assert reverse("product-list") == "/api/v1/catalog/items/"
        assert reverse("v2:product-list") == "/api/v2/catalog/items/"

    @pytest.mark.django_db
    def test_item_of_one_is_the_item_of_the_other(self, owner_client: APIClient) -> None:
        made = owner_client.post("/api/v2/catalog/items/", {"name": "Falcon"}).json()
        address = f"/api/{{}}/catalog/items/{made['id']}/"
        assert owner_client.get(address.format("v1")).json() == made
        assert owner_client.patch(address.format("v1"), {"name": "Hawk"}).status_code == 200
        assert owner_client.get(address.format("v2")).json()["name"] == "Hawk"

    @pytest.mark.django_db
    def test_export_is_the_same(self, owner_client: APIClient, vendor: Vendor) -> None:
        CollectibleFactory(vendor=vendor)
        files = [owner_client.get(f"/api/v{n}/catalog/items/export/").getvalue() for n in (1, 2)]
        assert files[0] == files[1]


class TestDeprecation:
    @pytest.fixture(autouse=True)
    def _addresses(self, settings: Settings) -> None:
        settings.ROOT_URLCONF = __name__

    def test_headers_are_those_of_the_rfcs(self, client: Client) -> None:
        answer = client.get("/api/v1/attic/")
        assert answer["Deprecation"] == "@1767225600"
        assert answer["Sunset"] == "Wed, 01 Sep 2027 00:00:00 GMT"
        assert answer["Link"] == f'{TOLD}, </api/v1/new/>; rel="successor-version"'
        assert parsedate_to_datetime(answer["Sunset"]) == datetime(2027, 9, 1, tzinfo=UTC)

    def test_action_alone_can_go_and_other_links_stay(self, client: Client) -> None:
        answer = client.post("/api/v1/shelf/shake/")
        assert answer["Link"].startswith(f'</x>; rel="next", {TOLD}')
        assert "Deprecation" not in client.get("/api/v1/shelf/")

    @pytest.mark.django_db
    def test_refusal_tells_it_too(self, client: Client) -> None:
        answer = client.get("/api/v1/cellar/")
        assert (answer.status_code, answer["Deprecation"]) == (401, "@1767225600")

    def test_parameter_is_told_to_who_uses_it(self, client: Client) -> None:
        assert client.get("/api/v1/shelf/", {"colour": "red"})["Link"] == TOLD
        assert "Link" not in client.get("/api/v1/shelf/", {"size": "red"})

    @pytest.mark.parametrize(
        ("body", "told"),
        [({"colour": "red"}, True), ({"name": "colour"}, False), (["colour"], False),
         ({"colour": 1, "bad": 1}, False)],
    )  # fmt: skip
    def test_key_of_a_body_is_told_to_who_is_heard_with_it(self, body: Any, told: bool) -> None:
        answer = APIClient().post("/api/v1/shelf/", body)
        assert ("Deprecation" in answer) == told

    def test_body_that_cannot_be_read_is_only_refused(self, client: Client) -> None:
        answer = client.post("/api/v1/shelf/", "{", "application/json")
        assert (answer.status_code, "Deprecation" in answer) == (400, False)

    def test_whole_version_can_go(self, settings: Settings, client: Client) -> None:
        settings.API_VERSIONS = {"v1": Deprecation(**SOON), "v2": None}
        for address in ("/api/v1/shelf/", "/api/v1/nowhere/"):
            assert client.get(address)["Sunset"] == "Tue, 01 Sep 2026 00:00:00 GMT"
        both = client.get("/api/v1/attic/")
        assert both["Sunset"] == "Wed, 01 Sep 2027 00:00:00 GMT"
        assert both["Link"].count("deprecation") == 2

    def test_description_marks_what_goes(self, settings: Settings) -> None:
        paths = SchemaGenerator(api_version="v1").get_schema(public=True)["paths"]
        shelf, shake = paths["/api/v1/shelf/"], paths["/api/v1/shelf/shake/"]["post"]
        assert [p.get("deprecated", False) for p in shelf["get"]["parameters"]] == [True, False]
        assert "deprecated" not in shelf["get"]
        assert shake["deprecated"] is paths["/api/v1/attic/"]["get"]["deprecated"] is True
        assert paths["/api/v1/cellar/"]["get"]["deprecated"] is True
        sentence = f"This goes on 2027-09-01: see {CHANGELOG}#deprecated-now."
        assert shake["description"].endswith(sentence)
        settings.API_VERSIONS = {"v1": Deprecation(**SOON), "v2": None}
        whole = SchemaGenerator(api_version="v1").get_schema(public=True)["paths"]
        assert all(o["deprecated"] for methods in whole.values() for o in methods.values())

    def test_nothing_goes_before_it_was_told(self) -> None:
        with pytest.raises(ValueError, match="later"):
            Deprecation(since=date(2026, 1, 1), sunset=date(2026, 1, 1), section="x")


def declared(patterns: Any) -> Iterator[Deprecation]:
    """Whatever any view of the project says of itself."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from declared(pattern.url_patterns)
        elif isinstance(pattern, URLPattern) and (view := getattr(pattern.callback, "cls", None)):
            for name in dir(view):
                yield from deprecations_of(view, name)


def anchors(client: Client) -> set[str]:
    return set(re.findall(r'id="([\w-]+)"', client.get(CHANGELOG).content.decode()))


class TestChangelog:
    def test_page_is_the_document(self, client: Client) -> None:
        answer = client.get(CHANGELOG)
        assert answer["Content-Type"] == "text/html; charset=utf-8"
        assert "<title>Omni-Stock: changelog</title>" in answer.content.decode()
        assert {"deprecated-now", "what-may-change-and-how-you-are-told"} <= anchors(client)
        assert client.post(CHANGELOG).status_code == 405

    def test_whatever_is_declared_has_its_paragraph_and_goes_later(self, client: Client) -> None:
        versions = [notice for notice in project.API_VERSIONS.values() if notice]
        notices = {*versions, *declared(get_resolver().url_patterns)}
        assert {notice.section for notice in notices} <= anchors(client)
        assert all(notice.sunset - notice.since >= HALF_A_YEAR for notice in notices)
        nothing = "## Deprecated now\n\nNothing." in PAGE.read_text(encoding="utf-8")
        assert nothing == (not notices)

    def test_what_the_test_would_find(self) -> None:
        assert {notice.sunset for notice in declared(urlpatterns)} == {
            SOON["sunset"], LATER["sunset"],
        }  # fmt: skip

    def test_example_in_the_page_is_true(self) -> None:
        section = "what-may-change-and-how-you-are-told"
        dates = {"since": date(2025, 12, 1), "sunset": date(2026, 6, 1)}
        for name, text in Deprecation(**dates, section=section).headers().items():
            assert f"{name}: {text}\n" in PAGE.read_text(encoding="utf-8")
