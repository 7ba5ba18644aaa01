"""The OpenAPI document: complete, valid, as it is in the repository, and true."""

import json
import re
from collections.abc import Iterator
from functools import reduce
from html.parser import HTMLParser
from operator import getitem
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer
from jsonschema_rs import Draft202012Validator
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate
from rest_framework.test import APIClient

from omni_stock import stock_buddy
from tests.factories import CategoryFactory, CollectibleFactory
from vendors.models import Vendor

Document = dict[str, Any]
METHODS = {"get", "post", "put", "patch", "delete"}
PROBLEM = "application/problem+json"
WRITTEN = {"v1": "schema.yml", "v2": "schema-v2.yml"}
SERVED = {"v1": "/api/schema/", "v2": "/api/schema/v2/"}
WRITES = "CollectibleRequest"


@pytest.fixture(scope="module", params=["v1", "v2"])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def document(version: str) -> Document:
    made = SchemaGenerator(api_version=version).get_schema(request=None, public=True)
    # As a reader has it: plain values.
    parsed: Document = yaml.safe_load(OpenApiYamlRenderer().render(made, renderer_context={}))
    return parsed


def operations(document: Document) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for address, methods in document["paths"].items():
        for method, operation in methods.items():
            yield address, method, operation


def paging(operation: dict[str, Any]) -> list[str]:
    names = [parameter.get("name") for parameter in operation.get("parameters", [])]
    return [name for name in names if name in {"page", "cursor", "page_size"}]


def contents(part: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return list(part.get("content", {}).items())


def examples(media: dict[str, Any]) -> list[Any]:
    return [example["value"] for example in media.get("examples", {}).values()]


def addresses(patterns: Any, base: str, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every method and address below the base that is answered, parameters as `{}`."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, base, route)
        elif isinstance(pattern, URLPattern) and route.startswith(base):
            view: Any = pattern.callback
            known = getattr(view, "actions", None) or {
                name for name in METHODS if hasattr(view.cls, name)
            }
            for method in METHODS & set(known):
                yield method, "/" + re.sub(r"<[^>]+>", "{}", route)


class TestWhatItSays:
    def test_presents_itself_as_in_document_000(self, document: Document, version: str) -> None:
        assert document["openapi"] == "3.1.0"
        assert document["info"] == {
            "title": "Omni-Stock API",
            "description": "Inventory management API for collectors and resellers",
            "version": f"{version[1]}.0.0",
        }

    def test_is_valid(self, document: Document) -> None:
        validate(document)

    def test_has_every_address_and_no_other(self, document: Document, version: str) -> None:
        told = {
            (method, re.sub(r"{[^}]+}", "{}", address))
            for address, method, _operation in operations(document)
        }
        aliases = set(addresses(stock_buddy.urlpatterns, "", "api/")) if version == "v1" else set()
        assert told == set(addresses(get_resolver().url_patterns, f"api/{version}/")) | aliases
        assert len(told) > 30

    def test_is_the_one_in_the_repository(self, document: Document, version: str) -> None:
        """Written by `make schema`."""
        written = settings.BASE_DIR / "docs" / "api" / WRITTEN[version]
        assert yaml.safe_load(written.read_text(encoding="utf-8")) == document

    def test_names_no_address_of_another_version(self, document: Document, version: str) -> None:
        assert set(re.findall(r"/api/v\d+/", str(document))) == {f"/api/{version}/"}

    def test_every_list_is_paged_as_its_version_does(
        self, document: Document, version: str
    ) -> None:
        told = {"v1": ("page", 7), "v2": ("cursor", 3)}[version]
        lists = [o for _a, m, o in operations(document) if m == "get" and paging(o)]
        assert len(lists) > 10
        for operation in lists:
            media = operation["responses"]["200"]["content"]["application/json"]
            name = media["schema"]["$ref"].rpartition("/")[2]
            envelope = document["components"]["schemas"][name]["properties"]
            keys = told[1] + (4 if "total" in envelope else 0)  # a report has more beside its rows
            assert (paging(operation), len(envelope)) == ([told[0], "page_size"], keys)

    def test_names_every_operation_once(self, document: Document) -> None:
        names = [operation["operationId"] for *_, operation in operations(document)]
        assert len(names) == len(set(names))

    def test_groups_are_described(self, document: Document) -> None:
        described = {tag["name"] for tag in document["tags"] if tag["description"]}
        used = {tag for *_, operation in operations(document) for tag in operation["tags"]}
        assert described == used


class TestEveryOperation:
    def test_has_a_summary_of_one_line(self, document: Document) -> None:
        for address, method, operation in operations(document):
            summary = operation.get("summary", "")
            assert 3 < len(summary) < 80, (method, address)
            assert "\n" not in summary, (method, address)

    def test_shows_what_it_answers(self, document: Document) -> None:
        for address, method, operation in operations(document):
            good = {s: part for s, part in operation["responses"].items() if s.startswith("2")}
            assert good, (method, address)
            for status, part in good.items():
                shown = [example for _kind, media in contents(part) for example in examples(media)]
                assert bool(shown) == (status != "204"), (method, address, status)

    def test_shows_what_to_send(self, document: Document) -> None:
        for address, method, operation in operations(document):
            for kind, media in contents(operation.get("requestBody", {})):
                assert examples(media), (method, address, kind)

    def test_shows_how_it_refuses(self, document: Document) -> None:
        for address, method, operation in operations(document):
            bad = {s: part for s, part in operation["responses"].items() if s[0] in "45"}
            assert {"429", "401"} - {"401"} <= set(bad), (method, address)
            for status, part in bad.items():
                [(kind, media)] = contents(part)
                assert kind == PROBLEM, (method, address, status)
                shown = examples(media)
                assert len({example["code"] for example in shown}) == len(shown) > 0
                for example in shown:
                    assert example["status"] == int(status)
                    assert example["type"] == f"/api/docs/errors/#{example['code']}"

    def test_names_the_refusals_it_can_give(self, document: Document, version: str) -> None:
        public = {
            f"/api/{version}/auth/{call}/"
            for call in (
                "register", "register/check-email", "email/verify", "email/resend", "logout",
                "password/reset", "password/reset/confirm",
            )
        }  # fmt: skip
        for address, method, operation in operations(document):
            expected = {"429"}
            if address not in public:
                expected.add("401")
            if "requestBody" in operation:
                expected |= {"400", "413", "415"}
            if "{" in address:
                expected.add("404")
            assert expected <= set(operation["responses"]), (method, address)

    def test_tells_of_the_limits(self, document: Document) -> None:
        described = {"RateLimit", "RateLimit-Policy", "Retry-After"}
        assert described <= set(document["components"]["headers"])
        for address, method, operation in operations(document):
            for status, part in operation["responses"].items():
                told = {"RateLimit", "RateLimit-Policy"} if status[0] == "2" else set()
                told = described if status == "429" else told
                assert told <= set(part.get("headers", {})), (method, address, status)

    def test_tells_conditions_where_an_address_names_one_thing(self, document: Document) -> None:
        single = {"/api/v1/auth/me/", "/api/v1/vendors/me/"}
        for address, method, operation in operations(document):
            parts = [followed(document, p) for p in operation.get("parameters", [])]
            headers = {part["name"] for part in parts if part["in"] == "header"}
            answers = operation["responses"]
            if address.endswith("{id}/") or address in single:
                expected = "If-None-Match" if method == "get" else "If-Match"
                assert expected in headers, (method, address)
                assert {"get": "304"}.get(method, "412") in answers, (method, address)
                assert method == "delete" or "ETag" in answers["200"]["headers"], address
            if method in {"get", "post"} and address.endswith("items/"):
                assert headers == {"get": {"If-None-Match"}, "post": {"Idempotency-Key"}}[method]

    def test_every_example_fits_its_schema(self, document: Document) -> None:
        faults = []
        for address, method, operation in operations(document):
            for part in [operation.get("requestBody", {}), *operation["responses"].values()]:
                for kind, media in contents(part):
                    for example in examples(media) if kind.endswith("json") else []:
                        faults += complaints(document, media["schema"], example, method, address)
        assert faults == []


def followed(document: Document, part: Any) -> Any:
    """What a reference stands for."""
    if "$ref" not in part:
        return part
    _root, *steps = part["$ref"].split("/")
    return reduce(getitem, steps, document)


def complaints(document: Document, schema: Any, value: Any, *where: str) -> list[str]:
    whole = {**schema, "components": document["components"]}
    found = OAS31Validator(whole, format_checker=OAS31Validator.FORMAT_CHECKER).iter_errors(value)
    return [f"{' '.join(where)}: {error.json_path}: {error.message}" for error in found]


@pytest.mark.django_db
class TestTruth:
    @pytest.mark.parametrize(
        "address",
        ["catalog/items/", "catalog/items/{id}/", "catalog/categories/", "catalog/imports/",
         "vendors/", "vendors/me/", "vendor-members/", "vendor-stores/", "vendor-invites/",
         "auth/me/", "auth/sessions/", "audit-logs/", "dashboard/summary/"],
    )  # fmt: skip
    def test_answer_is_as_promised(
        self, document: Document, owner_client: APIClient, vendor: Vendor, version: str,
        address: str,
    ) -> None:  # fmt: skip
        address = f"/api/{version}/{address}"
        category = CategoryFactory(vendor=vendor)
        item = CollectibleFactory(vendor=vendor, category=category)
        CollectibleFactory(vendor=vendor, low_stock_threshold=None, attributes={"card": {"a": 1}})
        answer = owner_client.get(address.format(id=item.pk))
        promised = document["paths"][address]["get"]["responses"]["200"]["content"]
        schema = promised["application/json"]["schema"]
        assert answer.status_code == 200
        assert complaints(document, schema, answer.json(), address) == []

    def test_refusal_is_as_promised(self, document: Document, owner_client: APIClient) -> None:
        answer = owner_client.post("/api/v1/catalog/items/", {"nonsense": 1}).json()
        assert complaints(document, document["components"]["schemas"]["Problem"], answer) == []
        assert set(answer) == set(document["components"]["schemas"]["Problem"]["properties"])


class Links(HTMLParser):
    """What a page makes a browser load."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        wanted = {"script": "src", "link": "href", "img": "src", "redoc": "spec-url"}.get(tag)
        self.loaded += [value for name, value in attrs if name == wanted and value]


@pytest.mark.django_db
class TestPages:
    def test_document_is_served_to_anybody(
        self, client: Client, document: Document, version: str
    ) -> None:
        answer = client.get(SERVED[version])
        assert answer.status_code == 200
        assert answer["Content-Type"].startswith("application/vnd.oai.openapi")
        assert yaml.safe_load(answer.content) == document

    def test_document_is_served_as_json_too(
        self, client: Client, document: Document, version: str
    ) -> None:
        answer = client.get(SERVED[version], {"format": "json"})
        assert json.loads(answer.content) == document

    def test_swagger_lets_one_choose_the_version(self, client: Client) -> None:
        page = client.get("/api/docs/").content.decode()
        assert re.findall(r'"url": "(/api[^"]+)"', page) == list(SERVED.values())
        assert "SwaggerUIStandalonePreset]" in page

    @pytest.mark.parametrize(("address", "name"), [("docs", "swagger"), ("redoc", "redoc")])
    def test_page_loads_everything_from_us(self, client: Client, address: str, name: str) -> None:
        answer = client.get(f"/api/{address}/")
        page = Links()
        page.feed(answer.content.decode())
        assert answer.status_code == 200
        assert any(name in link for link in page.loaded)
        for link in page.loaded:
            assert link.startswith(("/static/", "/api/schema/", "data:")), link
            if link.startswith("/static/"):
                assert finders.find(link.removeprefix("/static/")), link
        assert "://cdn" not in answer.content.decode()

    def test_front_door_leads_to_the_documentation(self, client: Client) -> None:
        answer = client.get("/")
        assert (answer.status_code, answer["Location"]) == (302, "/api/docs/")

    def test_crawlers_are_sent_away(self, client: Client) -> None:
        answer = client.get("/robots.txt")
        assert answer.content == b"User-agent: *\nDisallow: /\n"
        assert answer["Content-Type"].startswith("text/plain")


@pytest.mark.django_db
def test_field_that_a_form_leaves_empty_is_no_filter(
    document: Document, version: str, owner_client: APIClient, vendor: Vendor
) -> None:
    CollectibleFactory(vendor=vendor)
    for address, method, operation in operations(document):
        if method == "get" and paging(operation) and "{" not in address:
            parts = [followed(document, part) for part in operation["parameters"]]
            empty = {part["name"]: "" for part in parts if part.get("allowEmptyValue")}
            whole = owner_client.get(address).json()
            assert owner_client.get(address, empty).json()["results"] == whole["results"], address


@pytest.mark.django_db
def test_amount_is_sent_as_text_or_number_and_shown_as_text(
    document: Document, version: str, owner_client: APIClient, vendor: Vendor
) -> None:
    parts = document["components"]["schemas"]
    told = [parts[name]["properties"]["value"]["type"] for name in ("Collectible", WRITES)]
    assert told == ["string", ["string", "number"]]
    path = f"/api/{version}/catalog/items/"
    for value in ("12.5", 12.5):
        assert (
            owner_client.post(path, {"name": "Falcon", "value": value}).json()["value"] == "12.50"
        )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"currency": "EUR", "card_metadata": [], "attributes": {"year": 2017}}, 201),
        ({"colour": "red"}, 400),
        ({"currency": "AAA"}, 400),
        ({"card_metadata": None}, 400),
        ({"attributes": []}, 400),
        ({"vendor": 0}, 400),
        ({"category": 0.5}, 400),
    ],
)
def test_bodies_that_are_refused_are_not_promised(
    document: Document, version: str, owner_client: APIClient, more: dict[str, Any], status: int
) -> None:
    whole = {"$ref": f"#/components/schemas/{WRITES}", "components": document["components"]}
    body = {"name": "Falcon", **more}
    assert Draft202012Validator(whole).is_valid(body) is (status == 201)
    assert owner_client.post(f"/api/{version}/catalog/items/", body).status_code == status


@pytest.mark.django_db
def test_page_that_is_refused_is_not_promised(
    document: Document, version: str, owner_client: APIClient
) -> None:
    path = f"/api/{version}/catalog/items/"
    for parameter in document["paths"][path]["get"]["parameters"]:
        if parameter.get("name") in {"page", "page_size"}:
            kind = parameter["schema"]
            for number in (kind["minimum"] - 1, kind["maximum"] + 1):
                assert owner_client.get(path, {parameter["name"]: number}).status_code == 400
            assert owner_client.get(path, {"page_size": kind["maximum"]}).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("order", ["", "name", "-name,created_at", " -value , name,", ",,", "\t"])
def test_orders_that_are_understood_are_those_of_the_document(
    document: Document, version: str, owner_client: APIClient, order: str
) -> None:
    path = f"/api/{version}/catalog/items/"
    parameters = document["paths"][path]["get"]["parameters"]
    [pattern] = [p["schema"]["pattern"] for p in parameters if p.get("name") == "ordering"]
    for text, status in ((order, 200), (f"{order}x", 400), (f"{order},+name", 400), ("\x1d", 400)):
        assert bool(re.search(pattern, text)) is (status == 200)
        assert owner_client.get(path, {"ordering": text}).status_code == status
